"""A student against its teacher: does it order as the teacher does, where the teacher is sure, and on its scale."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rerankkit.evaluate.counting import smaller_between
from rerankkit.evaluate.distribution import Spread
from rerankkit.evaluate.flat import Scores, paired
from rerankkit.progress import progress
from rerankkit.run import Run

MARGINS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
"""Where bins of teacher margins begin, in deviations of the teacher's scores; the last is open."""
SHORT = 600
"""Lists up to this length are compared pair by pair, which is faster for them."""


@dataclass(frozen=True)
class MarginBin:
    """The pairs that the teacher scores between `low` and `high` of its deviations apart, and the student's order.

    `tau` is Kendall's tau-b over these pairs: the teacher ties none of them.
    """

    low: float
    high: float
    concordant: int
    discordant: int
    tied: int

    @property
    def pairs(self) -> int:
        """All of them."""
        return self.concordant + self.discordant + self.tied

    @property
    def share(self) -> float:
        """The share of concordant pairs among those that the student does not tie; NaN without any."""
        untied = self.concordant + self.discordant
        return self.concordant / untied if untied else math.nan

    @property
    def tau(self) -> float:
        """Tau-b; NaN where the student ties all pairs."""
        untied = self.concordant + self.discordant
        return (self.concordant - self.discordant) / math.sqrt(self.pairs * untied) if untied else math.nan


@dataclass(frozen=True)
class Calibration:
    """The student's scores s as a line over the teacher's t, over all candidates: s = slope t + intercept.

    `offset` is mean(s - t), `error` the root of the mean squared s - t (PointMSE), `deviations` the deviation of s over
    that of t, `pearson` their correlation and `pearson_within` that of the scores less their query's mean. NaN where
    the scores do not vary. Where s is a noisy t, the slope is below 1 without any fault of the scale: judge that by
    `deviations`.
    """

    offset: float
    slope: float
    intercept: float
    error: float
    deviations: float
    pearson: float
    pearson_within: float


@dataclass(frozen=True)
class Agreement:
    """What a student keeps of its teacher's scores, over the candidates that both scored.

    `left_out` counts the teacher's scores that the student lacks; `deviation` is the teacher's, the unit of the
    margins; `tau` is spread over the queries where it is defined: not with fewer than two candidates, nor where either
    run scores all alike.
    """

    queries: int
    candidates: int
    left_out: int
    deviation: float
    tau: Spread
    margins: tuple[MarginBin, ...]
    calibration: Calibration


def agreement(teacher: Run, student: Run) -> Agreement:
    """The student's agreement with its teacher; InputError where they have no candidate in common."""
    ours, theirs = paired(teacher, student)
    deviation = float(ours.values.std())
    edges = np.array(MARGINS) * deviation
    counts = np.zeros((len(MARGINS) + 1, 3), dtype=np.int64)  # [tied by the teacher | its bins, student - | 0 | +]
    taus = []
    for start, end in progress(ours.spans, "Comparing pairs", len(ours.spans)):
        found = _pairs(ours.values[start:end], theirs[start:end], edges)
        taus.append(_tau(found))
        counts += found
    bins = zip(MARGINS, (*MARGINS[1:], math.inf), counts[1:], strict=True)
    return Agreement(
        queries=len(ours.qids),
        candidates=len(theirs),
        left_out=sum(len(teacher.scores(qid)) for qid in teacher) - len(theirs),
        deviation=deviation,
        tau=Spread.of(np.array(taus)),
        margins=tuple(MarginBin(low, high, int(c), int(d), int(n)) for low, high, (d, n, c) in bins),
        calibration=calibration(ours, theirs),
    )


def _pairs(teacher: np.ndarray, student: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Counts of pairs [tied by the teacher | its bins, student discordant | tied | concordant]; teacher falling."""
    if len(teacher) > SHORT:
        return _many_pairs(teacher, student, edges)
    upper, lower = _triangle(len(teacher))
    margin = teacher[upper] - teacher[lower]
    margin_bin = np.searchsorted(edges, margin, "right")
    margin_bin[margin == 0] = 0  # the first edge is 0 and, with a constant teacher, all are
    order = np.sign(student[upper] - student[lower]).astype(np.int64) + 1
    return np.bincount(margin_bin * 3 + order, minlength=3 * (len(edges) + 1)).reshape(-1, 3)


def _many_pairs(teacher: np.ndarray, student: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The same without an array of all pairs, in n log n.

    The candidates that lie an edge or more below another are the end of the list, since the teacher's scores fall.
    """
    count = len(teacher)
    everyone = np.arange(count)
    starts = [everyone + 1] + [_first_below(teacher, edge) for edge in edges]
    counts = []
    for start in starts:
        ends = np.full(count, count)
        smaller = int(smaller_between(student, start, ends, student).sum())
        not_larger = int(smaller_between(student, start, ends, student, "right").sum())
        counts.append((int((ends - start).sum()) - not_larger, not_larger - smaller, smaller))
    from_edge = np.array([*counts, (0, 0, 0)], np.int64)
    return from_edge[:-1] - from_edge[1:]


def _first_below(teacher: np.ndarray, edge: float) -> np.ndarray:
    """For each candidate, the place of the first after it that is lower by the edge or more, and not equal."""
    low, high = np.arange(1, len(teacher) + 1), np.full(len(teacher), len(teacher))
    for _ in range(len(teacher).bit_length()):
        middle = (low + high) // 2
        margin = teacher - teacher[np.minimum(middle, len(teacher) - 1)]
        reached = (margin >= edge) & (margin > 0)
        still = low < high
        high = np.where(still & reached, middle, high)
        low = np.where(still & ~reached, middle + 1, low)
    return low


@lru_cache(maxsize=4)
def _triangle(size: int) -> tuple[np.ndarray, np.ndarray]:
    upper, lower = np.triu_indices(size, 1)
    return upper, lower


def _tau(counts: np.ndarray) -> float:
    """Kendall's tau-b of one query's counts."""
    pairs, untied_teacher = int(counts.sum()), int(counts[1:].sum())
    untied_student = pairs - int(counts[:, 1].sum())
    if not untied_teacher or not untied_student:
        return math.nan
    return int(counts[1:, 2].sum() - counts[1:, 0].sum()) / math.sqrt(untied_teacher * untied_student)


def calibration(teacher: Scores, student: np.ndarray) -> Calibration:
    """The student's scores, in the order of the teacher's, against them."""
    t, s = teacher.values, student
    slope = _ratio(_covariance(t, s), t.var())
    centred = [x - teacher.spread_out(teacher.per_query(np.add, x) / teacher.sizes) for x in (t, s)]
    return Calibration(
        offset=float((s - t).mean()),
        slope=slope,
        intercept=float(s.mean() - slope * t.mean()),
        error=math.sqrt(float(((s - t) ** 2).mean())),
        deviations=_ratio(s.std(), t.std()),
        pearson=_pearson((t, s)),
        pearson_within=_pearson(centred),
    )


def _covariance(x: np.ndarray, y: np.ndarray) -> float:
    return float(((x - x.mean()) * (y - y.mean())).mean())


def _pearson(values: Iterable[np.ndarray]) -> float:
    x, y = values
    return _ratio(_covariance(x, y), x.std() * y.std())


def _ratio(over: float, under: float) -> float:
    return float(over) / float(under) if under > 1e-12 else math.nan
