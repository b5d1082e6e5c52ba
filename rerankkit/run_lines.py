"""A run file's lines, in stretches of one query: the only place that knows a run's columns, but for `run_columns`."""

from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from rerankkit.errors import InputError
from rerankkit.io.lines import numbered, read_blocks
from rerankkit.run import within_float32

RUN_LINE = "qid Q0 docid rank score tag"
BLOCK = 1 << 20
"""Bytes that are read at once: 25,000 lines, whose columns fit in a processor's cache."""


class Stretch(NamedTuple):
    """Lines of one query that follow each other, with the tag of the last; none where there is no such column.

    `docids` are UTF-8, a line each, `scores` the bytes of float32.
    """

    qid: str
    docids: bytes
    scores: bytes
    tag: str


def stretches(path: str | Path) -> Iterator[Stretch]:
    """The file's lines in their order, TREC's six columns or MS MARCO's three, where the score is 1 / rank.

    Raises InputError for a malformed line; scores that are no finite number are left to the run to refuse.
    """
    for number, block in read_blocks(path, BLOCK):
        try:
            if number == 1:
                raise ValueError("a short run does without numpy, whose import takes longer than its lines")
            from rerankkit.run_columns import columns

            found: Iterable[Stretch] = [Stretch(*one) for one in columns(block)]
        except ValueError:
            found = _by_line(block, path, number)
        yield from found


def _by_line(block: bytes, path: str | Path, first: int) -> Iterator[Stretch]:
    """The block's stretches as Python splits lines and reads numbers; InputError names a line that is malformed."""
    qid, tag, docids, scores = "", "", bytearray(), array("f")
    for number, line in numbered(block.split(b"\n"), path, first):
        words = line.split()
        try:
            if len(words) == 6:
                next_qid, _, docid, _, score, next_tag = words
                value = float(score)
            else:
                (next_qid, docid, rank), next_tag = words, ""
                value = 1 / _rank(rank)
        except ValueError:
            raise InputError(f"not a run line: {line[:80]!r}", f"Expected: {RUN_LINE}", path, number) from None
        if next_qid != qid and scores:
            yield Stretch(qid, bytes(docids), scores.tobytes(), tag)
            docids, scores = bytearray(), array("f")
        qid, tag = next_qid, next_tag or tag
        docids += docid.encode() + b"\n"
        scores.append(within_float32(value))
    if scores:
        yield Stretch(qid, bytes(docids), scores.tobytes(), tag)


def _rank(word: str) -> int:
    if int(word) < 1:
        raise ValueError("a rank below 1")
    return int(word)
