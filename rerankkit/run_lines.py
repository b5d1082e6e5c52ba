"""A run file's lines, in stretches of one query: the only place that knows a run's columns, but for `run_columns`."""

import logging
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rerankkit.errors import InputError
from rerankkit.io.headers import DOCIDS, RANKS, SCORES, TOPICS, names
from rerankkit.io.lines import numbered, read_blocks
from rerankkit.io.numbers import decimal_number, whole_number
from rerankkit.run import within_float32

log = logging.getLogger(__name__)

RUN_LINE = "qid Q0 docid rank score tag"
FARTHEST, FREE = 10, 100
"""A rank may be FARTHEST times a list's length and FREE more; an id is larger."""
NO_RANKS = f"Expected: qid docid rank, or {RUN_LINE}"
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

    A header is left out, and that is logged. Raises InputError for a malformed line, and for one of another width than
    the first; scores that are no finite number are left to the run to refuse.
    """
    width = 0
    for number, block in read_blocks(path, BLOCK):
        if block.isspace():
            continue
        try:
            if not width:
                raise ValueError("a short run does without numpy, whose import takes longer than its lines")
            from rerankkit.run_columns import columns

            found: Iterable[Stretch] = [Stretch(*one) for one in columns(block)]
            lines = block
        except ValueError:
            found, lines = _by_line(block, path, number, width), b""
        for stretch in found:
            here = 6 if stretch.tag else 3
            if lines and width not in (0, here):
                words = lines[: lines.index(b"\n")].decode().split()
                raise _mixed(words, width, path, number)
            width = here
            yield stretch


def _by_line(block: bytes, path: str | Path, first: int, width: int) -> Iterator[Stretch]:
    """The block's stretches as Python splits lines and reads numbers; InputError names a line that is malformed.

    `width` is that of the lines before, 0 where there are none.
    """
    qid, tag, docids, scores = "", "", bytearray(), array("f")
    for number, line in numbered(block.split(b"\n"), path, first):
        words = line.split(maxsplit=6)  # of a long line no more than tells that it is none of a run
        try:
            if len(words) == 6:
                next_qid, _, docid, _, score, next_tag = words
                value = decimal_number(score)
            else:
                (next_qid, docid, rank), next_tag = words, ""
                value = 1 / _rank(rank)
        except ValueError:
            if not width and _is_header(words):
                log.warning("%s:%d: the line %r is taken for a header", path, number, line[:80])
                continue
            raise _malformed(words, line, path, number) from None
        if width not in (0, len(words)):
            raise _mixed(words, width, path, number)
        width = len(words)
        if next_qid != qid and scores:
            yield Stretch(qid, bytes(docids), scores.tobytes(), tag)
            docids, scores = bytearray(), array("f")
        qid, tag = next_qid, next_tag or tag
        docids += docid.encode() + b"\n"
        scores.append(within_float32(value))
    if scores:
        yield Stretch(qid, bytes(docids), scores.tobytes(), tag)


def _rank(word: str) -> int:
    rank = whole_number(word)
    if rank < 1:
        raise ValueError("a rank below 1")
    return rank


def _is_header(words: list[str]) -> bool:
    named = names(words)
    if len(named) == 6:
        return named[0] in TOPICS and named[2] in DOCIDS and named[4] in SCORES
    return len(named) == 3 and named[0] in TOPICS and named[1] in DOCIDS and named[2] in RANKS


def _malformed(words: list[str], line: str, path: str | Path, number: int) -> InputError:
    if len(words) == 3 and words[2] == "0":
        return InputError(f"rank 0: {line[:80]!r}", "Ranks start at 1: add 1 to each", path, number)
    what = "a line of qrels, not of a run" if len(words) == 4 and words[3].isdigit() else "not a run line"
    return InputError(f"{what}: {line[:80]!r}", f"Expected: {RUN_LINE}", path, number)


def _mixed(words: list[str], width: int, path: str | Path, number: int) -> InputError:
    told = f"{' '.join(words)[:80]!r} has {len(words)} columns, the lines before have {width}"
    return InputError(f"not a run line: {told}", f"Expected: {RUN_LINE}", path, number)


def check_ranks(ranks: Mapping[str, "array[float]"], path: str | Path) -> None:
    """Raises InputError where three columns hold no ranks: query -> 1 / rank of each document, in any order.

    A list may lack ranks, as one does that was filtered; it has none twice, and none far beyond its length.
    """
    for qid, scores in ranks.items():
        last = round(1 / min(scores))
        if last > FARTHEST * len(scores) + FREE:
            told = f"rank {last:,} in the list of query {qid}, which has {len(scores):,} documents"
            raise InputError(f"{told}: this looks like MS MARCO id triples", NO_RANKS, path)
        if len(set(scores)) < len(scores):
            twice = next(score for score, count in Counter(scores).items() if count > 1)
            raise InputError(f"query {qid} has rank {round(1 / twice):,} twice", NO_RANKS, path)
    if ranks and not any(1.0 in scores for scores in ranks.values()):
        raise InputError("no list has a rank 1: the third column holds no ranks", NO_RANKS, path)
