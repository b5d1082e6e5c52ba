"""Run, qrels and topics files: with `run_lines`, the only place that knows their columns."""

import logging
import math
import os
from array import array
from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.files import whole_file
from rerankkit.io.lines import read_lines
from rerankkit.io.numbers import decimal_number
from rerankkit.io.qrels import LINE as QRELS_LINE
from rerankkit.io.qrels import read_judgments
from rerankkit.io.streams import is_regular
from rerankkit.io.topics import read_topic_records
from rerankkit.run import Run
from rerankkit.run_lines import RUN_LINE, check_ranks, stretches
from rerankkit.types import Qrels, Queries, Query

log = logging.getLogger(__name__)

DEPTH = 10_000
"""How many lines of a run are formatted at once."""


def read_run(path: str | Path) -> Run:
    """A run file: TREC's six columns, or MS MARCO's three (qid, docid, rank; the score is then 1 / rank).

    Raises InputError for a malformed line, a score that is no finite number, a document twice in a query, and a third
    column that holds no ranks.
    """
    found: dict[str, tuple[bytearray, array[float]]] = {}
    tag, three = "", False
    for stretch in stretches(path):
        docids, scores = found.setdefault(stretch.qid, (bytearray(), array("f")))
        docids += stretch.docids
        scores.frombytes(stretch.scores)
        tag, three = stretch.tag or tag, not stretch.tag
    if not found:
        raise InputError("the file is empty, or a header alone", f"Expected: {RUN_LINE}", path)
    if three:
        check_ranks({qid: scores for qid, (_, scores) in found.items()}, path)
    lists = ((qid, *found.pop(qid)) for qid in list(found))
    columns = ((qid, bytes(docids), scores[:]) for qid, docids, scores in lists)  # without the room to grow
    try:
        return Run.of_columns(columns, tag or _tag_of(path))
    except InputError as error:
        line = _odd_line(path) if is_regular(path) else None
        raise InputError(error.problem, error.remedy, path, line) from error


def _tag_of(path: str | Path) -> str:
    """The file's name up to its first dot, in UTF-8."""
    return os.fsencode(Path(path).name.split(".")[0]).decode("utf-8", "replace")


def _odd_line(path: str | Path) -> int | None:
    """The first line whose score is no finite number, or whose document stood before in its query."""
    seen: set[tuple[str, str]] = set()
    for number, line in read_lines(path):
        columns = line.split()
        qid, docid, score = (columns[0], columns[2], columns[4]) if len(columns) > 3 else (*columns[:2], "1")
        if not math.isfinite(decimal_number(score)) or (qid, docid) in seen:
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
    if len(docids) < len(run.scores(qid)) or "\n".join(docids) != text or "\0" in text:
        return [_one_word(docid, "a docid") for docid in run.docids(qid)]
    return docids


def _one_word(word: str, what: str) -> str:
    if len(word.split()) != 1 or word != word.strip() or "\0" in word:
        raise InputError(f"{what} in a TREC file must be one word: {word!r}", "Rename it without spaces")
    return word


def read_qrels(path: str | Path) -> dict[str, dict[str, int]]:
    """A qrels file: TREC's four columns, or three as BEIR's, with a header or without.

    Of two grades of one document the last counts; a warning names the first such line. Raises InputError for a
    malformed line, an implausible grade, and three columns that look like MS MARCO's id triples.
    """
    qrels: dict[str, dict[str, int]] = {}
    changed: list[str] = []
    for number, qid, docid, grade in read_judgments(path):
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
    """A topics file: lines of `qid<TAB>text`, JSON lines, JSON, or TREC's markup, told by content.

    Raises InputError for a malformed line, an empty query, a qid that is no word or stands twice.
    """
    queries: dict[str, Query] = {}
    for number, qid, text in read_topic_records(path):
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
    """Writes `qid<TAB>text` lines; a NUL, which no text file has, becomes a space."""
    with whole_file(path) as file:
        for query in queries.values():
            text = " ".join(query.text.replace("\0", " ").split())
            qid = _one_word(query.qid, "a query's id")
            file.write(f"{qid}\t{text}\n")
