"""What equal scores leave open: the least and the greatest value of a measure over all orders of the ties."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from rerankkit.check.lists import Scored

CUTOFF = 10
Grades = Mapping[bytes, int]


class Interval(NamedTuple):
    """A measure at the ties' worst order, in trec_eval's (docid falling), and at their best."""

    low: float
    evaluated: float
    high: float


def ndcg(grades: Sequence[int], ideal: Sequence[int]) -> float:
    """nDCG@10 with trec_eval's gain, of the grades at the first ranks and of all that are judged."""
    best = sum(gain / math.log2(rank + 1) for rank, gain in enumerate(sorted(ideal, reverse=True)[:CUTOFF], 1))
    gained = sum(max(gain, 0) / math.log2(rank + 1) for rank, gain in enumerate(grades[:CUTOFF], 1))
    return gained / best if best > 0 else 0.0


def reciprocal_rank(grades: Sequence[int], ideal: Sequence[int]) -> float:
    """RR@10, relevant from grade 1."""
    return next((1 / rank for rank, grade in enumerate(grades[:CUTOFF], 1) if grade > 0), 0.0)


MEASURES: Mapping[str, Callable[[Sequence[int], Sequence[int]], float]] = {
    "nDCG@10": ndcg,
    "RR@10": reciprocal_rank,
}


def intervals(listed: Scored, grades: Grades) -> dict[str, Interval]:
    """Measure -> its interval for one query."""
    ranked = sorted(
        zip(map(_falling, listed.scores), listed.docids, strict=True), key=lambda pair: pair[1], reverse=True
    )
    ranked.sort(key=lambda pair: pair[0])
    worst: list[int] = []
    seen: list[int] = []
    best: list[int] = []
    for _, group in groupby(ranked, key=lambda pair: pair[0]):
        if len(seen) >= CUTOFF:
            break
        here = [grades.get(docid, 0) for _, docid in group]
        seen += here
        worst += sorted(here)
        best += sorted(here, reverse=True)
    ideal = [grade for grade in grades.values() if grade > 0]
    return {
        name: Interval(measure(worst, ideal), measure(seen, ideal), measure(best, ideal))
        for name, measure in MEASURES.items()
    }


def _falling(score: float) -> float:
    """A key by which scores fall; NaN stands last."""
    return math.inf if math.isnan(score) else -score


class Mean:
    """The mean of the intervals over all judged queries; those that the run lacks count as 0."""

    def __init__(self, qrels: Mapping[str, Mapping[str, int]]) -> None:
        self._qrels = {
            qid.encode(): {docid.encode(): grade for docid, grade in grades.items()} for qid, grades in qrels.items()
        }
        self._sums = {name: [0.0, 0.0, 0.0] for name in MEASURES}
        self.judged = 0

    def add(self, listed: Scored) -> None:
        """Takes a query in, where it is judged."""
        grades = self._qrels.get(listed.qid)
        if grades is None:
            return
        self.judged += 1
        for name, interval in intervals(listed, grades).items():
            for place, value in enumerate(interval):
                self._sums[name][place] += value

    def result(self) -> dict[str, Interval]:
        """Measure -> mean."""
        return {name: Interval(*(total / len(self._qrels) for total in sums)) for name, sums in self._sums.items()}
