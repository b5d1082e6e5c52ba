"""How well a run was reproduced: Breuer et al. 2020, "How to Measure the Reproducibility of System-oriented IR
Experiments", https://dl.acm.org/doi/10.1145/3397271.3401036."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scipy.stats import kendalltau

from rerankkit.evaluate.measures import evaluate
from rerankkit.evaluate.significance import testable
from rerankkit.run import Run
from rerankkit.types import Qrels

PERSISTENCE = 0.95
"""How likely a reader goes on to the next rank, in RBO: repro_eval's default."""
DEPTH = 1000


@dataclass(frozen=True)
class Reproduced:
    """A measure of the original and of its reproduction.

    `rmse` is the root of the mean squared difference over queries; `effect_ratio` is the share of the original's gain
    over a baseline that the reproduction has: NaN without one.
    """

    measure: str
    original: float
    reproduced: float
    rmse: float
    effect_ratio: float


@dataclass(frozen=True)
class Orders:
    """How the orders agree, over the queries of both: Kendall's tau union and RBO, their means and least values."""

    queries: int
    lacking: int
    tau: float
    least_tau: float
    rbo: float
    least_rbo: float


def orders(original: Run, reproduced: Run) -> Orders:
    """The agreement of two runs' orders; a query that one of them lacks has tau and RBO 0."""
    shared = [qid for qid in original if qid in reproduced]
    lists = [(original.docids(qid), reproduced.docids(qid)) for qid in shared]
    lacking = len(set(original) ^ set(reproduced))
    taus = [tau_union(*pair) for pair in lists] + [0.0] * lacking
    rbos = [rbo(*pair) for pair in lists] + [0.0] * lacking
    count = max(len(taus), 1)
    return Orders(
        len(shared),
        lacking,
        math.fsum(taus) / count,
        min(taus, default=0),
        math.fsum(rbos) / count,
        min(rbos, default=0),
    )


def tau_union(original: Sequence[str], reproduced: Sequence[str]) -> float:
    """Kendall's tau of two lists' places in their union, which is the first list, then what the second has beside it.

    Lists of different lengths are cut to the shorter one.
    """
    if original == reproduced:
        return 1.0
    length = min(len(original), len(reproduced), DEPTH)
    union = {docid: place for place, docid in enumerate(dict.fromkeys([*original[:length], *reproduced[:length]]))}
    places = [union[docid] for docid in reproduced[:length]]
    tau = kendalltau(range(length), places).statistic if length > 1 else math.nan
    return 0.0 if math.isnan(tau) else float(tau)


def rbo(original: Sequence[str], reproduced: Sequence[str], persistence: float = PERSISTENCE) -> float:
    """Rank-biased overlap down to `DEPTH`, its weights made to sum to 1 (Webber et al. 2010)."""
    seen: tuple[set[str], set[str]] = (set(), set())
    overlap, total, weights, weight = 0, 0.0, 0.0, 1.0
    for depth in range(1, DEPTH + 1):
        for own, other, docids in ((0, 1, original), (1, 0, reproduced)):
            if depth <= len(docids):
                docid = docids[depth - 1]
                overlap += docid in seen[other] and docid not in seen[own]
                seen[own].add(docid)
        total += weight * overlap / depth
        weights += weight
        weight *= persistence
    return total / weights


def measures(
    original: Run, reproduced: Run, qrels: Qrels, names: Iterable[str], baseline: Run | None = None
) -> list[Reproduced]:
    """The measures of both runs, their RMSE over the judged queries, and the effect ratio where a baseline is given."""
    names = list(names)
    one, two = (evaluate(run, qrels, names) for run in (original, reproduced))
    three = None if baseline is None else evaluate(baseline, qrels, names)
    found = []
    for measure in one.values:
        before, after = float(one.values[measure]), float(two.values[measure])
        low = math.nan if three is None else float(three.values[measure])
        gain = before - low
        ratio = (after - low) / gain if gain and math.isfinite(gain) else math.nan
        found.append(Reproduced(measure, before, after, _rmse(one.by_query[measure], two.by_query[measure]), ratio))
    return found


def _rmse(ours: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    """Over the queries where both have a value; of PNR, of their shares of concordant pairs. NaN without a query."""
    differences = [testable(ours[qid]) - testable(theirs[qid]) for qid in ours if qid in theirs]
    squares = [difference**2 for difference in differences if math.isfinite(difference)]
    return math.sqrt(math.fsum(squares) / len(squares)) if squares else math.nan
