"""Clicks: which documents people chose for a query.

JSONL or TSV lines of `query, docid[, clicks]` (the text comes from a collection), or of `query, title, summary`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rerankkit.errors import InputError
from rerankkit.files import read_lines, whole_file
from rerankkit.types import Document

CLICK_LINE = '{"query": "text", "docid": "1", "clicks": 3} or {"query": "text", "title": "text", "summary": "text"}'


class Click(NamedTuple):
    """A query, the clicked document, how often; `document` is there when the line held title and summary."""

    query: str
    docid: str
    clicks: int = 1
    document: Document | None = None


def read_clicks(path: str | Path) -> Iterator[Click]:
    """The clicks of a .jsonl or .tsv file (with a header `query docid clicks` or `query title summary`), `.gz` too.

    Raises InputError for a malformed line.
    """
    name = Path(path).name.removesuffix(".gz")
    records = _tsv_records(path) if name.endswith((".tsv", ".txt")) else _jsonl_records(path)
    for number, record in records:
        try:
            query = " ".join(str(record["query"]).split())
            clicks = int(record.get("clicks", 1))
            if not query or clicks < 1:
                raise ValueError
            if "docid" in record:
                docid = record["docid"]
                if not isinstance(docid, str | int) or not str(docid).strip():
                    raise ValueError
                yield Click(query, str(docid).strip(), clicks)
            else:
                title, summary = str(record.get("title") or ""), str(record.get("summary") or "")
                if not title and not summary:
                    raise ValueError
                yield Click(query, "", clicks, Document("", title.strip(), summary.strip()))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InputError(f"not a click: {str(record)[:80]}", f"Expected: {CLICK_LINE}", path, number) from None


def write_clicks(clicks: Mapping[str, Mapping[str, int]], path: str | Path) -> None:
    """Writes query -> docid -> clicks as JSONL."""
    with whole_file(path) as file:
        for query, chosen in clicks.items():
            for docid, count in chosen.items():
                file.write(json.dumps({"query": query, "docid": docid, "clicks": count}, ensure_ascii=False) + "\n")


def _jsonl_records(path: str | Path) -> Iterator[tuple[int, dict]]:
    for number, line in read_lines(path):
        try:
            yield number, json.loads(line)
        except ValueError:
            raise InputError(f"not a click: {line[:80]!r}", f"Expected: {CLICK_LINE}", path, number) from None


def _tsv_records(path: str | Path) -> Iterator[tuple[int, dict]]:
    names = ["query", "docid", "clicks"]
    first = True
    for number, line in read_lines(path):
        columns = line.split("\t")
        head, first = first and columns[0] == "query", False
        if head:
            names = columns
            continue
        if not 2 <= len(columns) <= len(names):
            raise InputError(f"{len(columns)} columns", f"Expected: {', '.join(names)} by tabs", path, number)
        yield number, dict(zip(names, columns, strict=False))


def clicks_by_query(path: str | Path) -> dict[str, dict[str, int]]:
    """Query text -> docid -> clicks, of a file whose lines name docids.

    Raises InputError for a line without a docid.
    """
    chosen: dict[str, dict[str, int]] = {}
    for click in read_clicks(path):
        if click.document is not None:
            raise InputError(f"the click for {click.query!r} names no docid", f"Expected: {CLICK_LINE}", path)
        counts = chosen.setdefault(click.query, {})
        counts[click.docid] = counts.get(click.docid, 0) + click.clicks
    return chosen
