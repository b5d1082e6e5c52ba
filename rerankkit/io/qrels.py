"""The lines of a qrels file: TREC's four columns, or three where a header or the grades say what they are."""

import logging
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.io.headers import DOCIDS, GRADES, TOPICS, names
from rerankkit.io.lines import read_lines
from rerankkit.io.numbers import decimal_number

log = logging.getLogger(__name__)

LINE = "qid 0 docid grade"
LARGEST_GRADE = 1000
"""A larger grade is an id, a count or a score; gains of 2^grade leave the floats soon after."""
LARGEST_WITHOUT_HEADER = 10
"""The largest third column that is a grade where no header says so."""
Judgment = tuple[int, str, str, int]
"""A line's number, its qid, docid and grade."""


def read_judgments(path: str | Path) -> Iterator[Judgment]:
    """The judgments of a qrels file in its order.

    Raises InputError for a malformed line, a grade that is no whole number from -LARGEST_GRADE to LARGEST_GRADE, and
    three columns that look like MS MARCO's id triples.
    """
    lines = read_lines(path)
    first = next(lines)
    headed = _is_header(first[1].split(maxsplit=4), path, first[0])
    known: dict[str, int] = {}
    width = 0
    for number, line in lines if headed else chain([first], lines):
        columns = line.split(maxsplit=6)
        if width and len(columns) != width:
            problem = f"not a qrels line: {line[:80]!r} has {len(columns)} columns, the lines before have {width}"
            raise InputError(problem, f"Expected: {LINE}", path, number)
        if len(columns) == 4:
            qid, _, docid, text = columns
        elif len(columns) == 3:
            qid, docid, text = columns
        else:
            is_run = len(columns) == 6 and columns[1].upper() == "Q0"
            problem = "a line of a run, not of qrels" if is_run else "not a qrels line"
            raise InputError(f"{problem}: {line[:80]!r}", f"Expected: {LINE}", path, number)
        grade = known.get(text)
        if grade is None:
            grade = known[text] = _grade(text, len(columns) == 3 and not headed, path, number)
        if not width:
            width = len(columns)
            if width == 3 and not headed:
                log.warning("%s: three columns without a header are read as qid, docid, grade", path)
        yield number, qid, docid, grade


def _is_header(columns: list[str], path: str | Path, number: int) -> bool:
    """Whether the first line names the columns; InputError where it names others, or in another order."""
    named = names(columns)
    if len(columns) not in (3, 4) or named[-1] not in GRADES | DOCIDS | TOPICS:
        return False
    if named[0] in TOPICS and named[-2] in DOCIDS and named[-1] in GRADES:
        return True
    raise InputError(f"a header of other columns: {' '.join(columns)[:80]!r}", f"Expected: {LINE}", path, number)


def _grade(text: str, unnamed: bool, path: str | Path, number: int) -> int:
    try:
        value = decimal_number(text)
    except ValueError:
        value = float("nan")
    if not value.is_integer():
        problem = f"not a qrels line: a grade is a whole number, not {text[:40]!r}"
        raise InputError(problem, f"Expected: {LINE}", path, number)
    if unnamed and abs(value) > LARGEST_WITHOUT_HEADER:
        raise InputError(
            f"three columns without a header whose third is {text[:40]}: this looks like MS MARCO id triples",
            f"Expected: {LINE}; of qid, docid, grade write the header query-id corpus-id score",
            path,
            number,
        )
    if abs(value) > LARGEST_GRADE:
        problem = f"the grade {text[:40]} is implausible: grades are at most {LARGEST_GRADE:,}"
        raise InputError(problem, "Check that the columns are qid 0 docid grade", path, number)
    return int(value)
