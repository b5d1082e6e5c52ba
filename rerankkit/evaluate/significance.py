"""Whether two systems differ by more than the choice of queries explains: paired tests of per-query values."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rerankkit.errors import InputError
from rerankkit.evaluate.measures import Evaluation
from rerankkit.evaluate.pair_ratio import PairRatio
from rerankkit.evaluate.resampling import randomisation

Values = Sequence[float] | np.ndarray

ROUNDS = 10_000
SAME = 1e-9
"""Differences that deviate by this share of the largest are the same but for rounding."""
TESTS = ("t", "randomisation")


class Comparison(NamedTuple):
    """A system less its baseline: the mean difference over `queries` paired queries, and how likely by chance."""

    difference: float
    p: float
    queries: int


def compare(system: Evaluation, baseline: Evaluation, measure: str, test: str = "t", seed: int = 0) -> Comparison:
    """The paired test, `t` or `randomisation`, of one measure that both evaluations hold.

    PNR is tested by each query's share of concordant pairs, over the queries where both systems have a pair: its
    ratio is infinite where no pair is discordant. With fewer than two paired queries p is NaN. The order of the queries
    does not matter. Raises InputError for another test.
    """
    if test not in TESTS:
        raise InputError(f"no test named {test!r}", f"Known: {', '.join(TESTS)}")
    qids, ours, theirs = _paired(system.by_query[measure], baseline.by_query[measure])
    if not ours:
        return Comparison(math.nan, math.nan, 0)
    differences = np.subtract(ours, theirs)
    p = ttest(ours, theirs) if test == "t" else float(randomisation(differences[:, None], seed, ROUNDS, qids)[0])
    return Comparison(float(differences.mean()), p, len(ours))


def ttest(ours: Values, theirs: Values) -> float:
    """The two-sided p-value of Student's paired t-test; 1 where nothing differs, NaN for fewer than two queries.

    Differences that are all the same have no deviation and t is infinite, however few they are. Then p is that of the
    exact randomisation test, 2 / 2^queries.
    """
    from scipy.special import stdtr  # scipy.stats takes ten times as long to import

    differences = np.subtract(ours, theirs)
    if len(differences) < 2:
        return math.nan
    if not differences.any():
        return 1.0
    deviation = np.std(differences, ddof=1)
    if deviation <= SAME * np.abs(differences).max():
        return 2.0 ** (1 - len(differences))
    t = differences.mean() / (deviation / math.sqrt(len(differences)))
    return float(2 * stdtr(len(differences) - 1, -abs(t)))


def randomisation_test(ours: Values, theirs: Values, seed: int = 0, rounds: int = ROUNDS) -> float:
    """The two-sided p-value of Fisher's paired randomisation: how often swapping systems at random differs as much.

    The observed assignment counts as one more round, so that p is never 0; of few queries all assignments are counted.
    NaN for fewer than two queries.
    """
    return float(randomisation(np.subtract(ours, theirs)[:, None], seed, rounds)[0])


def holm(p: Sequence[float]) -> list[float]:
    """Holm's corrected p-values (1979), which keep the chance of one false alarm among all tests at the level asked.

    A NaN is no test: it stays NaN and corrects nothing.
    """
    values = np.asarray(p, float)
    order = np.argsort(values)  # NaN last
    count = int(np.isfinite(values).sum())
    factors = np.concatenate([np.arange(count, 0, -1), np.ones(len(values) - count)])
    corrected = np.maximum.accumulate(values[order] * factors)
    return np.minimum(corrected, 1)[np.argsort(order)].tolist()


def effect_size(differences: np.ndarray) -> float:
    """The mean difference by its deviation over queries (Cohen's d of paired values); NaN where they do not vary."""
    deviation = np.std(differences, ddof=1) if len(differences) > 1 else 0.0
    return float(differences.mean() / deviation) if deviation > SAME * np.abs(differences).max(initial=0) else math.nan


def detectable(differences: np.ndarray, power: float, level: float = 0.05) -> float:
    """The smallest true mean difference that the paired t-test finds at this level with this power.

    So many queries, whose differences vary as observed; NaN for fewer than two.
    """
    from scipy.special import nctdtrinc, stdtrit

    if len(differences) < 2:
        return math.nan
    freedom = len(differences) - 1
    error = np.std(differences, ddof=1) / math.sqrt(len(differences))
    return float(error * nctdtrinc(freedom, 1 - power, stdtrit(freedom, 1 - level / 2)))


def paired(system: Evaluation, baseline: Evaluation, measure: str) -> dict[str, float]:
    """qid -> the system's value less the baseline's, for each query where both are numbers.

    Of PNR they are the queries' shares of concordant pairs: its ratio is infinite where no pair is discordant.
    """
    qids, ours, theirs = _paired(system.by_query[measure], baseline.by_query[measure])
    return dict(zip(qids, np.subtract(ours, theirs).tolist(), strict=True))


def _paired(ours: Mapping[str, float], theirs: Mapping[str, float]) -> tuple[list[str], list[float], list[float]]:
    """The queries where both have a number, by qid, and their values."""
    pairs = [(qid, testable(ours[qid]), testable(theirs[qid])) for qid in sorted(ours) if qid in theirs]
    kept = [(qid, a, b) for qid, a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    return [qid for qid, _, _ in kept], [a for _, a, _ in kept], [b for _, _, b in kept]


def testable(value: float) -> float:
    """A query's value as it is compared: of PNR, whose ratio may be infinite, the share of concordant pairs."""
    return value.share() if isinstance(value, PairRatio) else value
