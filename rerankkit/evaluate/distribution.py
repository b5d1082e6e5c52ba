"""How a run's scores are distributed: what a student is asked to copy, or what it gives."""

import math
from dataclasses import dataclass

import numpy as np

from rerankkit.evaluate.flat import Scores

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BINS = 20
COLLAPSED = 1e-3
"""Scores that lie within this of each other say nothing."""


@dataclass(frozen=True)
class Spread:
    """Many numbers in a few; the deviation is the population's, `quantiles` are those of QUANTILES.

    NaN throughout where there is no number.
    """

    count: int
    mean: float
    deviation: float
    low: float
    quantiles: tuple[float, ...]
    high: float

    @classmethod
    def of(cls, values: np.ndarray) -> "Spread":
        """The spread of all values that are numbers."""
        values = values[~np.isnan(values)]
        if not len(values):
            return cls(0, math.nan, math.nan, math.nan, (math.nan,) * len(QUANTILES), math.nan)
        quantiles = tuple(float(q) for q in np.quantile(values, QUANTILES))
        mean, deviation = float(values.mean()), float(values.std())
        return cls(len(values), mean, deviation, float(values.min()), quantiles, float(values.max()))


@dataclass(frozen=True)
class Sharpness:
    """softmax(score / temperature) over a query's candidates, the mean of the queries that have two or more.

    `nats` is its entropy, `share` that over the uniform distribution's (0 is one-hot, 1 uniform), `top` the weight of
    the best candidate.
    """

    temperature: float
    nats: float
    share: float
    top: float


@dataclass(frozen=True)
class Distribution:
    """A run's scores.

    `tied` is the share of scores that another candidate of the query has too, `saturated` the share within a thousandth
    of the range from the lowest or the highest score of the run (these two not counted), `unit_ends` the share within
    .05 of 0 or 1 (NaN unless all scores lie in 0 to 1), `collapsed` the share of queries (of two candidates or more)
    whose scores lie within COLLAPSED, `repeated` the share of queries with the very scores of another query, as ranks
    have. The histogram's bins are equal parts of the range.
    """

    queries: int
    scores: Spread
    by_query: Spread
    histogram: tuple[int, ...]
    edges: tuple[float, ...]
    tied: float
    saturated: float
    unit_ends: float
    collapsed: float
    repeated: float
    sharpness: tuple[Sharpness, ...]


def distribution(scores: Scores) -> Distribution:
    """The distribution of a run's scores; `by_query` is that of the queries' deviations, `sharpness` at two
    temperatures: 1, and the scores' deviation, which is 1 on standardised scores."""
    values = scores.values
    spread = Spread.of(values)
    low, high = spread.low, spread.high
    counts, edges = np.histogram(values, BINS, None if high > low else (low - 0.5, high + 0.5))
    means = scores.per_query(np.add) / scores.sizes
    deviations = np.sqrt(scores.per_query(np.add, (values - scores.spread_out(means)) ** 2) / scores.sizes)
    several = scores.sizes > 1
    ranges = scores.per_query(np.maximum) - scores.per_query(np.minimum)
    return Distribution(
        queries=len(scores.qids),
        scores=spread,
        by_query=Spread.of(deviations[several]),
        histogram=tuple(map(int, counts)),
        edges=tuple(map(float, edges)),
        tied=_tied(scores),
        saturated=_saturated(values),
        unit_ends=_unit_ends(values),
        collapsed=float((ranges[several] <= COLLAPSED).mean()) if several.any() else 0.0,
        repeated=_repeated(scores),
        sharpness=tuple(sharpness(scores, t) for t in (1.0, spread.deviation) if t > 0),
    )


def sharpness(scores: Scores, temperature: float) -> Sharpness:
    """How one-hot softmax(score / temperature) is; NaN where no query has two candidates."""
    several = scores.sizes > 1
    if not several.any():
        return Sharpness(temperature, math.nan, math.nan, math.nan)
    logits = (scores.values - scores.spread_out(scores.per_query(np.maximum))) / temperature
    weights = np.exp(logits)
    totals = scores.per_query(np.add, weights)
    # -sum p log p with p = w / W and log w = logit
    nats = np.log(totals) - scores.per_query(np.add, weights * logits) / totals
    share = nats[several] / np.log(scores.sizes[several])
    return Sharpness(temperature, float(nats[several].mean()), float(share.mean()), float((1 / totals[several]).mean()))


def _saturated(values: np.ndarray) -> float:
    low, high = values.min(), values.max()
    if low == high:
        return 1.0
    edge = (high - low) / 1000
    at_an_end = np.count_nonzero(values <= low + edge) + np.count_nonzero(values >= high - edge)
    return (at_an_end - 2) / len(values)


def _unit_ends(values: np.ndarray) -> float:
    if values.min() < 0 or values.max() > 1:
        return math.nan
    return float(((values <= 0.05) | (values >= 0.95)).mean())


def _tied(scores: Scores) -> float:
    same = np.diff(scores.values) == 0
    same[scores.bounds[1:-1] - 1] = False  # across two queries
    tied = np.zeros(len(scores.values), dtype=bool)
    tied[:-1] |= same
    tied[1:] |= same
    return float(tied.mean())


def _repeated(scores: Scores) -> float:
    """The share of queries of two candidates or more whose scores are another's."""
    seen: dict[bytes, int] = {}
    spans = [scores.values[start:end] for start, end in scores.spans]
    keys = [span.tobytes() for span in spans if len(span) > 1 and span[0] > span[-1]]
    for key in keys:
        seen[key] = seen.get(key, 0) + 1
    return sum(seen[key] > 1 for key in keys) / len(keys) if keys else 0.0
