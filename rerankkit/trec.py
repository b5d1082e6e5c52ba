"""Run, qrels and topics files: with `run_lines`, the only place that knows their columns."""

import logging
import math
import re
from array import array
from collections.abc import Iterator
from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.files import whole_file
from rerankkit.io.foreign import parse_json
from rerankkit.io.lines import empty, read_lines
from rerankkit.run import Run
from rerankkit.run_lines import stretches
from rerankkit.types import Qrels, Queries, Query

log = logging.getLogger(__name__)

QRELS_LINE = "qid 0 docid grade"
QRELS_HEADERS = ("score", "grade", "label", "relevance")
DEPTH = 10_000
"""How many lines of a run are formatted at once."""
TOPICS_SUFFIXES = (".tsv", ".txt", ".jsonl", ".json", ".trec")


def read_run(path: str | Path) -> Run:
    """A run file: TREC's six columns, or MS MARCO's three (qid, docid, rank; the score is then 1 / rank).

    Raises InputError for a malformed line, a score that is no finite number, a document twice in a query.
    """
    found: dict[str, tuple[bytearray, array[float]]] = {}
    tag = ""
    for stretch in stretches(path):
        docids, scores = found.setdefault(stretch.qid, (bytearray(), array("f")))
        docids += stretch.docids
        scores.frombytes(stretch.scores)
        tag = stretch.tag or tag
    if not found:
        raise empty(path)
    lists = ((qid, *found.pop(qid)) for qid in list(found))
    columns = ((qid, bytes(docids), scores[:]) for qid, docids, scores in lists)  # without the room to grow
    try:
        return Run.of_columns(columns, tag or Path(path).name.split(".")[0])
    except InputError as error:
        raise InputError(error.problem, error.remedy, path, _odd_line(path)) from error


def _odd_line(path: str | Path) -> int | None:
    """The first line whose score is no finite number, or whose document stood before in its query."""
    seen: set[tuple[str, str]] = set()
    for number, line in read_lines(path):
        columns = line.split()
        qid, docid, score = (columns[0], columns[2], columns[4]) if len(columns) > 3 else (*columns[:2], "1")
        if not math.isfinite(float(score)) or (qid, docid) in seen:
            return number
        seen.add((qid, docid))
    return None


def write_run(run: Run, path: str | Path) -> None:
    """Writes TREC's six columns, scores with the nine digits that give a float32 back."""
    tag = _one_word(run.tag, "the tag")
    with whole_file(path) as file:
        for qid in run:
            ends = " ".join([_one_word(qid, "a query's id"), "Q0", "\n", tag]).replace("%", "%%")
            line = ends.replace("\n", "%s %d %.9g") + "\n"
            docids, scores = _words(run, qid), run.scores(qid)
            for start in range(0, len(docids), DEPTH):
                part = docids[start : start + DEPTH]
                words: list[str | int | float] = [0] * (3 * len(part))
                words[::3], words[1::3] = list(part), range(start + 1, start + 1 + len(part))
                words[2::3] = scores[start : start + DEPTH]
                file.write(line * len(part) % tuple(words))  # one call for all: twice as fast as one for each line


def _words(run: Run, qid: str) -> list[str]:
    """The query's docids, which must be words."""
    text = run.docid_text(qid).decode()
    docids = text.split()
    if len(docids) < len(run.scores(qid)) or "\n".join(docids) != text:
        return [_one_word(docid, "a docid") for docid in run.docids(qid)]
    return docids


def _one_word(word: str, what: str) -> str:
    if len(word.split()) != 1 or word != word.strip():
        raise InputError(f"{what} in a TREC file must be one word: {word!r}", "Rename it without spaces")
    return word


def read_qrels(path: str | Path) -> dict[str, dict[str, int]]:
    """A qrels file: TREC's four columns, or BEIR's three with a header.

    Of two grades of one document the last counts; a warning names the first such line. Raises InputError for a
    malformed line.
    """
    qrels: dict[str, dict[str, int]] = {}
    changed: list[str] = []
    for number, line in read_lines(path):
        columns = line.split()
        if len(columns) == 3 and not qrels and columns[2].lower() in QRELS_HEADERS:
            continue
        try:
            qid, docid, text = (columns[0], *columns[2:]) if len(columns) == 4 else columns
            grade = int(text)
        except ValueError:
            raise InputError(f"not a qrels line: {line[:80]!r}", f"Expected: {QRELS_LINE}", path, number) from None
        grades = qrels.setdefault(qid, {})
        if (before := grades.get(docid, grade)) != grade:
            changed.append(f"{path}:{number}: query {qid}, document {docid} is {grade} here, {before} before")
        grades[docid] = grade
    if not qrels:
        raise InputError("no judgment in the file", f"Expected lines: {QRELS_LINE}", path)
    if changed:
        log.warning("%s; of such documents, %d in all, the last grade counts", changed[0], len(changed))
    return qrels


def write_qrels(qrels: Qrels, path: str | Path) -> None:
    """Writes TREC's four columns."""
    with whole_file(path) as file:
        for qid, grades in qrels.items():
            _one_word(qid, "a query's id")
            file.writelines(f"{qid} 0 {_one_word(docid, 'a docid')} {grade}\n" for docid, grade in grades.items())


def read_topics(path: str | Path) -> dict[str, Query]:
    """A topics file as Pyserini reads them: .tsv, .txt (tab), .jsonl, .json, .trec; `.gz` of each.

    Raises InputError for a malformed line, an empty query, a qid twice.
    """
    name = Path(path).name.removesuffix(".gz")
    suffix = Path(name).suffix
    readers = {".jsonl": _jsonl_topics, ".json": _json_topics, ".trec": _trec_topics}
    if suffix not in TOPICS_SUFFIXES:
        raise InputError(f"unknown topics format {suffix!r}", f"Known: {', '.join(TOPICS_SUFFIXES)}", path)
    queries: dict[str, Query] = {}
    for number, qid, text in readers.get(suffix, _tsv_topics)(path):
        text = " ".join(text.split())
        if not text:
            raise InputError(f"query {qid} is empty", "Give it a text or remove it", path, number)
        if qid in queries:
            raise InputError(f"query {qid} stands twice", "Keep each qid once", path, number)
        queries[qid] = Query(qid, text)
    if not queries:
        raise InputError("no topic in the file", "Expected topics with a number and a title", path)
    return queries


def write_topics(queries: Queries, path: str | Path) -> None:
    """Writes `qid<TAB>text` lines."""
    with whole_file(path) as file:
        file.writelines(f"{query.qid}\t{' '.join(query.text.split())}\n" for query in queries.values())


def _tsv_topics(path: str | Path) -> Iterator[tuple[int, str, str]]:
    for number, line in read_lines(path):
        qid, tab, text = line.partition("\t")
        if not tab or not qid.strip():
            raise InputError(f"not a topics line: {line[:80]!r}", "Expected: qid<TAB>text", path, number)
        yield number, qid.strip(), text


def _jsonl_topics(path: str | Path) -> Iterator[tuple[int, str, str]]:
    for number, line in read_lines(path):
        try:
            record = parse_json(line)
            qid = next(record[key] for key in ("qid", "id", "_id", "query_id") if key in record)
            text = next(record[key] for key in ("title", "text", "query") if key in record)
            if not (_says(qid) and _says(text)):
                raise TypeError
        except (ValueError, TypeError, StopIteration):
            raise InputError(
                f"not a topic: {line[:80]!r}", 'Expected: {"qid": "1", "title": "text"}', path, number
            ) from None
        yield number, str(qid), str(text)


def _json_topics(path: str | Path) -> Iterator[tuple[int, str, str]]:
    try:
        records = parse_json("\n".join(line for _, line in read_lines(path)))
        pairs = [(qid, record["title"] if isinstance(record, dict) else record) for qid, record in records.items()]
    except (ValueError, KeyError, AttributeError):
        raise InputError("not topics", 'Expected: {"1": {"title": "text"}}', path) from None
    for qid, text in pairs:
        if not _says(text):
            raise InputError(f"query {qid} is {text!r}", 'Expected: {"1": {"title": "text"}}', path)
        yield 1, qid, str(text)


def _says(value: object) -> bool:
    """Whether a value of JSON is a text, or a number that can stand for one."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _trec_topics(path: str | Path) -> Iterator[tuple[int, str, str]]:
    text = "\n".join(line for _, line in read_lines(path))
    for top in re.findall(r"<top>(.*?)</top>", text, re.DOTALL):
        number = re.search(r"<num>\s*(?:Number:)?\s*(\S+?)\s*(?:</num>|$|<)", top, re.MULTILINE)
        title = re.search(r"<title>\s*(?:Topic:)?\s*(.*?)\s*(?=<)", top + "<", re.DOTALL)
        if not number or not title:
            raise InputError(f"a topic without number or title: {top[:80]!r}", "Expected: <num> and <title>", path)
        yield 1, number[1], title[1]
