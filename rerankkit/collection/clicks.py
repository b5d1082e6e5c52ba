"""Clicks: which documents people chose for a query.

JSONL or TSV lines of `query, docid[, clicks[, rank]]` (the text comes from a collection), or of
`query, title, summary[, clicks[, rank]]`. `clicks` is how often it was clicked, 1 by default; `rank`, from 1, where the
document stood among those shown. A TSV file names its columns in a header, `query<TAB>docid<TAB>clicks<TAB>rank` in any
order after `query`; without one they are query, docid[, clicks], and clicks are below 1,000.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from rerankkit.errors import InputError
from rerankkit.files import whole_file
from rerankkit.io.foreign import parse_json, reason_of
from rerankkit.io.headers import DOCIDS, TOPICS, names
from rerankkit.io.lines import bare_name, read_lines
from rerankkit.io.numbers import whole_number
from rerankkit.types import Document

CLICK_LINE = (
    '{"query": "text", "docid": "1", "clicks": 3, "rank": 2} or {"query": "text", "title": "text", "summary": "text"}'
)

FORMATS = {".jsonl": True, ".json": True, ".tsv": False, ".txt": False}
"""The ending of a file's name -> whether it holds JSON lines."""
COLUMNS = ("query", "docid", "clicks", "rank", "title", "summary")
MOST_CLICKS, LAST_RANK = 10**9, 10**6
"""The most clicks and the last rank that are no mistake."""
UNNAMED_DIGITS = 3
"""Digits of a third column that is a count of clicks where no header says so."""


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
    """The clicks of a file of JSON lines or of columns by tabs, told by its name, else by its content.

    Raises InputError for a malformed line, a header of other columns, and for what looks like MS MARCO's id triples.
    """
    suffix = Path(bare_name(path)).suffix.lower()
    lines = read_lines(path)
    first = next(lines)
    in_json = first[1].lstrip().startswith("{") if suffix not in FORMATS else FORMATS[suffix]
    lines = chain([first], lines)
    for number, record in _jsonl_records(lines, path) if in_json else _tsv_records(lines, path):
        try:
            click = _click(record)
        except ValueError as error:
            problem = f"not a click ({error}): {str(record)[:80]}"
            raise InputError(problem, f"Expected: {CLICK_LINE}", path, number) from None
        yield click


def _click(record: dict[str, Any]) -> Click:
    """The click of a record; ValueError with the reason where it is none."""
    query = " ".join(_text(record, "query").split())
    clicks = _whole(record, "clicks", MOST_CLICKS) if "clicks" in record else 1
    rank = _whole(record, "rank", LAST_RANK) if record.get("rank") not in (None, "") else None
    if not query:
        raise ValueError("the query is empty")
    if "docid" in record:
        docid = record["docid"]
        if isinstance(docid, bool) or not isinstance(docid, str | int) or len(str(docid).split()) != 1:
            raise ValueError(f"the docid is {_shown(docid)}, not one word")
        return Click(query, str(docid).strip(), clicks, None, rank)
    title, summary = (_text(record, name) if record.get(name) else "" for name in ("title", "summary"))
    if not title and not summary:
        raise ValueError("neither docid nor title nor summary")
    return Click(query, "", clicks, Document("", title.strip(), summary.strip()), rank)


def _text(record: dict[str, Any], name: str) -> str:
    """A text, or a number written as one."""
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{name} is {_shown(value)}" if name in record else f"no {name}")
    return str(value)


def _whole(record: dict[str, Any], name: str, most: int) -> int:
    """A whole number from 1 to `most`, or a text of its digits."""
    value = record[name]
    if isinstance(value, str):
        try:
            value = whole_number(value.strip())
        except ValueError:
            raise ValueError(f"{name} is {_shown(value)}, not a whole number") from None
    if isinstance(value, bool) or (
        not isinstance(value, int) and not (isinstance(value, float) and value.is_integer())
    ):
        raise ValueError(f"{name} is {_shown(value)}, not a whole number")
    if not 1 <= value <= most:
        raise ValueError(f"{name} is {_shown(value)}, not from 1 to {most:,}")
    return int(value)


def _shown(value: Any) -> str:
    return f"{value!r:.40}"


def write_clicks(clicks: Mapping[str, Mapping[str, int]], path: str | Path) -> None:
    """Writes query -> docid -> clicks as JSONL."""
    with whole_file(path) as file:
        for query, chosen in clicks.items():
            for docid, count in chosen.items():
                file.write(json.dumps({"query": query, "docid": docid, "clicks": count}, ensure_ascii=False) + "\n")


def _jsonl_records(lines: Iterable[tuple[int, str]], path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in lines:
        try:
            record = parse_json(line)
            if not isinstance(record, dict):
                raise ValueError("not an object")
        except ValueError as error:
            problem = f"not a click ({reason_of(error, in_line=True)}): {line[:80]!r}"
            raise InputError(problem, f"Expected: {CLICK_LINE}", path, number) from None
        yield number, record


def _tsv_records(lines: Iterable[tuple[int, str]], path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    columns: list[str] = []
    for number, line in lines:
        cells = line.split("\t", len(COLUMNS))
        if not columns:
            headed = _is_header(cells, path, number)
            columns = names(cells) if headed else ["query", "docid", "clicks"]
            if headed:
                continue
        if not 2 <= len(cells) <= len(columns):
            raise InputError(f"{len(cells)} columns", f"Expected: {', '.join(columns)} by tabs", path, number)
        if len(cells) == 3 and not headed and cells[2].strip().isdigit() and len(cells[2].strip()) > UNNAMED_DIGITS:
            problem = (
                f"{cells[2].strip()[:40]} clicks, without a header that says so: this looks like MS MARCO id triples"
            )
            remedy = "Expected: query, docid, clicks by tabs; if these they are, write that header"
            raise InputError(problem, remedy, path, number)
        yield number, dict(zip(columns, cells, strict=False))


def _is_header(cells: list[str], path: str | Path, number: int) -> bool:
    """Whether the first line names the columns; InputError where it names others."""
    named = names(cells)
    if named[0] == "query" and any(name in COLUMNS for name in named[1:]):
        unknown = [name for name in named if name not in COLUMNS] + [name for name in named if named.count(name) > 1]
        if not unknown:
            return True
    elif named[0] not in TOPICS or len(named) < 2 or named[1] not in DOCIDS:
        return False
    problem = f"a header of other columns: {', '.join(cells)[:80]}"
    raise InputError(problem, f"Known: {', '.join(COLUMNS)}, the query first", path, number)
