"""Clicks: which documents people chose for a query.

JSONL or TSV lines of `query, docid[, clicks[, rank]]` (the text comes from a collection), or of
`query, title, summary[, clicks[, rank]]`. `clicks` is how often it was clicked, 1 by default; `rank`, from 1, where the
document stood among those shown. A TSV file names its columns in a header, `query<TAB>docid<TAB>clicks<TAB>rank` in any
order after `query`; without one they are query, docid[, clicks].
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rerankkit.errors import InputError
from rerankkit.files import whole_file
from rerankkit.io.foreign import parse_json
from rerankkit.io.lines import read_lines
from rerankkit.types import Document

CLICK_LINE = (
    '{"query": "text", "docid": "1", "clicks": 3, "rank": 2} or {"query": "text", "title": "text", "summary": "text"}'
)


class Click(NamedTuple):
    """A query, the clicked document, how often, and at which rank it was shown where that is known.

    `document` is there when the line held title and summary.
    """

    query: str
    docid: str
    clicks: int = 1
    document: Document | None = None
    rank: int | None = None


def read_clicks(path: str | Path) -> Iterator[Click]:
    """The clicks of a .jsonl or .tsv file (with a header of their columns), `.gz` too.

    Raises InputError for a malformed line.
    """
    name = Path(path).name.removesuffix(".gz")
    records = _tsv_records(path) if name.endswith((".tsv", ".txt")) else _jsonl_records(path)
    for number, record in records:
        try:
            query = " ".join(_text(record["query"]).split())
            clicks = _whole(record.get("clicks", 1))
            rank = _whole(record["rank"]) if record.get("rank") not in (None, "") else None
            if not query or clicks < 1 or (rank is not None and rank < 1):
                raise ValueError
            if "docid" in record:
                docid = record["docid"]
                if not isinstance(docid, str | int) or not str(docid).strip():
                    raise ValueError
                yield Click(query, str(docid).strip(), clicks, None, rank)
            else:
                title, summary = (_text(record.get(name) or "") for name in ("title", "summary"))
                if not title and not summary:
                    raise ValueError
                yield Click(query, "", clicks, Document("", title.strip(), summary.strip()), rank)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            raise InputError(f"not a click: {str(record)[:80]}", f"Expected: {CLICK_LINE}", path, number) from None


def _text(value: Any) -> str:
    """A text, or a number written as one; ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(value)
    return str(value)


def _whole(value: Any) -> int:
    """A whole number, or a text of its digits; ValueError for anything else."""
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    return int(value)


def write_clicks(clicks: Mapping[str, Mapping[str, int]], path: str | Path) -> None:
    """Writes query -> docid -> clicks as JSONL."""
    with whole_file(path) as file:
        for query, chosen in clicks.items():
            for docid, count in chosen.items():
                file.write(json.dumps({"query": query, "docid": docid, "clicks": count}, ensure_ascii=False) + "\n")


def _jsonl_records(path: str | Path) -> Iterator[tuple[int, dict]]:
    for number, line in read_lines(path):
        try:
            yield number, parse_json(line)
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
