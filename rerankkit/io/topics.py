"""Topics in every format that is known: lines of `qid<TAB>text`, JSON, JSON lines, TREC's markup."""

import json
import logging
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.io.foreign import parse_json, reason_of
from rerankkit.io.headers import QIDS, TEXTS, names
from rerankkit.io.lines import bare_name, read_lines, read_text
from rerankkit.io.streams import replayed
from rerankkit.io.trec_topics import read_trec_topics

log = logging.getLogger(__name__)

Topic = tuple[int | None, str, str]
"""A topic's line, where it is known, its qid and its text."""
QID_KEYS, TEXT_KEYS = ("qid", "id", "_id", "query_id"), ("title", "text", "query")
TSV_LINE, JSONL_LINE, JSON_FILE = "qid<TAB>text", '{"qid": "1", "title": "text"}', '{"1": {"title": "text"}}'
LOOK = 5
"""Lines, none of them blank, that tell a file's format."""


def read_topic_records(path: str | Path) -> list[Topic]:
    """The topics of a file, whose format its content tells, or else its name.

    Raises InputError with the line for what is no topic, and for a qid that is no single word.
    """
    found = []
    with replayed():  # the first lines are read twice
        for line, qid, text in _reader_of(path)(path):
            if not qid or qid.isspace():
                raise InputError("a topic with an empty qid", "Give each query an id", path, line)
            if qid.split() != [qid]:
                raise InputError(f"the qid {qid[:80]!r} has spaces", "A qid is one word, as in runs", path, line)
            found.append((line, qid, text))
    return found


def _reader_of(path: str | Path) -> Callable[[str | Path], Iterator[Topic]]:
    suffix = Path(bare_name(path)).suffix.lower()
    first = [line.lstrip() for _, line in islice(read_lines(path), LOOK)]
    if first[0].startswith("<") or any(line.lower().startswith(("<top>", "<top ")) for line in first):
        return read_trec_topics
    if suffix in READERS:
        return _jsonl_topics if suffix == ".json" and _is_topic(first[0]) else READERS[suffix]
    if first[0].startswith(("{", "[")):
        return _jsonl_topics if _is_topic(first[0]) else _json_topics
    if "\t" in first[0]:
        return _tsv_topics
    raise InputError(f"unknown topics format {suffix!r}", f"Known: {', '.join(READERS)}", path)


def _is_topic(line: str) -> bool:
    try:
        record = parse_json(line)
    except ValueError:
        return False
    return _is_record(record)


def _is_record(record: Any) -> bool:
    """Whether this is one topic, not an object that has all of them."""
    return (
        isinstance(record, dict) and any(key in record for key in QID_KEYS) and any(key in record for key in TEXT_KEYS)
    )


def _tsv_topics(path: str | Path) -> Iterator[Topic]:
    """The first two columns; what stands in further ones is counted, and left out as Anserini does."""
    more, first_more = 0, 0
    lines = read_lines(path)
    number, line = next(lines)
    columns = line.split("\t")
    if len(columns) > 1 and (head := names(columns[:2]))[0] in QIDS and head[1] in TEXTS:
        log.warning("%s:%d: the line %r is taken for a header, not for a query", path, number, line[:80])
    else:
        lines = chain([(number, line)], lines)
    for number, line in lines:
        qid, tab, text = line.partition("\t")
        if not tab or not qid.strip():
            raise InputError(f"not a topics line: {line[:80]!r}", f"Expected: {TSV_LINE}", path, number)
        if "\t" in text:
            text, _, rest = text.partition("\t")
            if rest.strip():
                more, first_more = more + 1, first_more or number
        yield number, qid.strip(), text
    if more:
        told = "%s:%d: %d lines have more than two columns: the second is the query, as in Anserini"
        log.warning(told, path, first_more, more)


def _jsonl_topics(path: str | Path) -> Iterator[Topic]:
    for number, line in read_lines(path):
        try:
            qid, text = _record(parse_json(line))
        except ValueError as error:
            problem = f"not a topic ({reason_of(error, in_line=True)}): {line[:80]!r}"
            raise InputError(problem, f"Expected: {JSONL_LINE}", path, number) from None
        yield number, qid, text


def _record(record: Any) -> tuple[str, str]:
    if not isinstance(record, dict):
        raise ValueError("not an object")
    return _qid(_first(record, QID_KEYS)), _text(_first(record, TEXT_KEYS))


def _first(record: dict[str, Any], keys: tuple[str, ...]) -> Any:
    for key in keys:
        if key in record:
            return record[key]
    raise ValueError(f"none of the keys {', '.join(keys)}")


def _qid(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"the qid is {value!r:.80}")
    return str(value)


def _text(value: Any) -> str:
    """A text, or a number written as one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"the text is {value!r:.80}")
    return str(value)


def _json_topics(path: str | Path) -> Iterator[Topic]:
    content = read_text(path)
    try:
        records = parse_json(content)
    except ValueError as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise InputError(f"not topics: {reason_of(error)}", f"Expected: {JSON_FILE}", path, line) from None
    if _is_record(records):
        records = [records]
    if not isinstance(records, dict | list):
        raise InputError(f"not topics: a {type(records).__name__}", f"Expected: {JSON_FILE}", path)
    for place, record in enumerate(records):
        try:
            if isinstance(records, list):
                yield None, *_record(record)
            else:
                value = records[record]
                yield None, record, _text(_first(value, TEXT_KEYS) if isinstance(value, dict) else value)
        except ValueError as error:
            name = f"topic {place + 1}" if isinstance(records, list) else f"query {record[:80]}"
            raise InputError(f"{name}: {error}", f"Expected: {JSON_FILE}", path) from None


READERS: dict[str, Callable[[str | Path], Iterator[Topic]]] = {
    ".tsv": _tsv_topics,
    ".txt": _tsv_topics,
    ".jsonl": _jsonl_topics,
    ".json": _json_topics,
    ".trec": read_trec_topics,
    ".xml": read_trec_topics,
}
"""The ending of a file's name -> what reads it, where its content does not tell."""
