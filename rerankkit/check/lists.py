"""One query's list: documents, scores as evaluators read them, and ranks against both."""

import math
import re
from array import array
from collections import Counter
from functools import lru_cache
from itertools import pairwise
from operator import gt
from typing import NamedTuple

from rerankkit.check.finding import Findings, shown
from rerankkit.check.lines import RawList
from rerankkit.run import LARGEST, within_float32
from rerankkit.run_lines import FARTHEST, FREE

NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
"""What C and Python read alike."""
WHOLE = re.compile(rb"[+-]?\d{1,18}")

LONG = 250
"""Characters; no collection that is known has longer ids."""


class Scored(NamedTuple):
    """A list as evaluators read it: float32, in the file's order."""

    qid: bytes
    docids: list[bytes]
    scores: "array[float]"


def examined(raw: RawList, findings: Findings) -> Scored:
    """The list, with all that is wrong with it told."""
    if set(raw.q0) - {b"Q0"}:
        place = next(place for place, word in enumerate(raw.q0) if word != b"Q0")
        findings.add("q0", raw.numbers[place], f"the second column is {shown(raw.q0[place])!r}")
    if max(len(raw.qid), *map(len, raw.docids)) > LONG:
        long = max(raw.qid, *raw.docids, key=len)
        place = raw.docids.index(long) if long in raw.docids else 0
        findings.add("long-word", raw.numbers[place], f"an id of {len(long):,} characters: {shown(long)}")
    if len(set(raw.docids)) < len(raw.docids):
        _tell_duplicates(raw, findings)
    values = _values(raw, findings)
    scores = array("f", values)
    falls = all(map(gt, scores, scores[1:]))
    if not falls:
        _tell_order(raw, values, scores, findings)
    if not falls or raw.ranks != _ranks_from_one(len(raw.ranks)):
        _tell_ranks(raw, scores, findings)
    return Scored(raw.qid, raw.docids, scores)


@lru_cache(maxsize=8)
def _ranks_from_one(count: int) -> list[bytes]:
    return [b"%d" % rank for rank in range(1, count + 1)]


def _tell_duplicates(raw: RawList, findings: Findings) -> None:
    first: dict[bytes, int] = {}
    for docid, number in zip(raw.docids, raw.numbers, strict=True):
        if docid in first:
            told = f"query {shown(raw.qid)} has document {shown(docid)} twice, first in line {first[docid]}"
            findings.add("duplicate", number, told)
        first.setdefault(docid, number)


def _values(raw: RawList, findings: Findings) -> list[float]:
    """The scores, none beyond float32, NaN for what is no number; of MS MARCO's lines 1 / rank."""
    if len(raw.scores) < len(raw.docids):
        return [1 / rank if (rank := _whole(word)) and rank > 0 else math.nan for word in raw.ranks]
    joined = b"".join(raw.scores)
    try:
        values = list(map(float, raw.scores))
        if math.isfinite(sum(values)) and b"_" not in joined and max(map(abs, values)) <= LARGEST:
            return values
    except (ValueError, UnicodeDecodeError):
        pass
    return [_value(word, number, raw, findings) for word, number in zip(raw.scores, raw.numbers, strict=True)]


def _value(word: bytes, number: int, raw: RawList, findings: Findings) -> float:
    lowered = word.lower().lstrip(b"+-")
    of = f"the score of query {shown(raw.qid)}"
    if NUMBER.fullmatch(word):
        value = float(word)
        if abs(value) > LARGEST:
            findings.add("overflow", number, f"{of}, {shown(word)}, is no 32-bit float")
        return within_float32(value) if math.isfinite(value) else math.copysign(LARGEST, value)
    if lowered.startswith(b"nan"):
        findings.add("nan", number, f"{of} is {shown(word)}")
    elif lowered in (b"inf", b"infinity"):
        findings.add("infinite", number, f"{of} is {shown(word)}")
        return -math.inf if word.startswith(b"-") else math.inf
    else:
        findings.add("score", number, f"{of} is no number: {shown(word)!r}")
    return math.nan


def _tell_order(raw: RawList, values: list[float], scores: "array[float]", findings: Findings) -> None:
    """Tells of equal scores, of scores that only float32 makes equal, and of those that rise."""
    known = [score for score in scores if not math.isnan(score)]
    counts = Counter(known)
    query = f"of query {shown(raw.qid)}"
    if len(counts) < len(known):
        tied = sum(count for count in counts.values() if count > 1)
        place = next(place for place, score in enumerate(scores) if counts[score] > 1)
        findings.add("ties", raw.numbers[place], f"{tied} of {len(scores)} documents {query} share a score")
    if len({value for value in values if not math.isnan(value)}) > len(counts):
        first: dict[float, float] = {}
        for place, (value, score) in enumerate(zip(values, scores, strict=True)):
            if first.setdefault(score, value) != value:
                told = f"scores {query} that differ in the file, {first[score]!r} and {value!r}, are one 32-bit float"
                findings.add("saturated", raw.numbers[place], told)
                break
    rising = next((place for place, (one, two) in enumerate(pairwise(scores), 1) if one < two), None)
    if rising is not None:
        findings.add("unsorted", raw.numbers[rising], f"the score {query} rises")


def _whole(word: bytes) -> int | None:
    return int(word) if WHOLE.fullmatch(word) else None


def _tell_ranks(raw: RawList, scores: "array[float]", findings: Findings) -> None:
    """Tells of ranks that are no numbers, all the same, or that say another order than the scores."""
    ranks: list[int] = []
    query = f"of query {shown(raw.qid)}"
    for word, number in zip(raw.ranks, raw.numbers, strict=True):
        rank = _whole(word)
        if rank is None:
            findings.add("rank", number, f"the rank {query} is no whole number: {shown(word)!r}")
        else:
            ranks.append(rank)
            if rank < 1 and not raw.scores:
                findings.add("rank", number, f"the rank {query} is {rank}, and there is no score")
    if len(ranks) < len(raw.ranks) or (min(ranks) < 1 and not raw.scores):
        return
    if len(ranks) > 1 and len(set(ranks)) == 1:
        findings.add("same-rank", raw.numbers[0], f"every document {query} has rank {ranks[0]}")
        return
    if not raw.scores and _tell_no_ranks(raw, ranks, findings):
        return
    if min(ranks) == 0:
        findings.add("zero-rank", raw.numbers[ranks.index(0)], f"a rank {query} is 0")
    wrong = _out_of_order(ranks, scores)
    if wrong is not None:
        above, below = wrong
        told = f"rank {ranks[below]} has a higher score than rank {ranks[above]}"
        findings.add("rank-order", raw.numbers[below], f"rank and score {query} say different orders: {told}")
    elif sorted(ranks) not in (list(range(len(ranks))), list(range(1, len(ranks) + 1))):
        findings.add("rank-gaps", raw.numbers[0], f"the ranks {query} are not 1 to {len(ranks)}")


def _tell_no_ranks(raw: RawList, ranks: list[int], findings: Findings) -> bool:
    """Tells of a third column that holds no ranks, as `read_run` refuses it; whether it does not."""
    query = f"query {shown(raw.qid)}"
    last = max(ranks)
    if last > FARTHEST * len(ranks) + FREE:
        told = f"rank {last:,} in the list of {query}, which has {len(ranks):,} document{'s' * (len(ranks) != 1)}"
        findings.add("no-ranks", raw.numbers[ranks.index(last)], f"{told}: this looks like MS MARCO id triples")
        return True
    if len(set(ranks)) < len(ranks):
        seen: set[int] = set()
        place = next(place for place, rank in enumerate(ranks) if rank in seen or seen.add(rank))  # type: ignore[func-returns-value]
        findings.add("no-ranks", raw.numbers[place], f"{query} has rank {ranks[place]:,} twice")
        return True
    return False


def _out_of_order(ranks: list[int], scores: "array[float]") -> tuple[int, int] | None:
    """The places of two documents of which the one with the larger rank has the higher score; None without such.

    Documents of one rank say nothing of their order.
    """
    order = sorted(range(len(ranks)), key=lambda place: (ranks[place], -scores[place]))
    return next((pair for pair in pairwise(order) if _is_wrong(*pair, ranks, scores)), None)


def _is_wrong(above: int, below: int, ranks: list[int], scores: "array[float]") -> bool:
    return ranks[above] < ranks[below] and scores[above] < scores[below]
