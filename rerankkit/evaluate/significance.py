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
TESTS = ("t", "randomisation")


class Comparison(NamedTuple):
    """A system less its baseline: the mean difference over `queries` paired queries, and how likely by chance."""

    difference: float
    p: float
    queries: int


def compare(system: Evaluation, baseline: Evaluation, measure: str, test: str = "t", seed: int = 0) -> Comparison:
    """The paired test, `t` or `randomisation`, of one measure that both evaluations hold.

    PNR is tested by each query's share of concordant pairs, over the queries where both systems have a pair: its
    ratio is infinite where no pair is discordant. Where no query is paired there is no p. Raises InputError for another
    test.
    """
    if test not in TESTS:
        raise InputError(f"no test named {test!r}", f"Known: {', '.join(TESTS)}")
    ours, theirs = _paired(system.by_query[measure], baseline.by_query[measure])
    if not ours:
        return Comparison(math.nan, math.nan, 0)
    p = ttest(ours, theirs) if test == "t" else randomisation_test(ours, theirs, seed)
    return Comparison(float(np.mean(np.subtract(ours, theirs))), p, len(ours))


def ttest(ours: Values, theirs: Values) -> float:
    """The two-sided p-value of Student's paired t-test; 1 where nothing differs or fewer than two queries are given."""
    from scipy.special import stdtr  # scipy.stats takes ten times as long to import

    differences = np.subtract(ours, theirs)
    if len(differences) < 2 or not differences.any():
        return 1.0
    error = np.std(differences, ddof=1) / math.sqrt(len(differences))
    return float(2 * stdtr(len(differences) - 1, -abs(differences.mean()) / error)) if error else 0.0


def randomisation_test(ours: Values, theirs: Values, seed: int = 0, rounds: int = ROUNDS) -> float:
    """The two-sided p-value of Fisher's paired randomisation: how often swapping systems at random differs as much.

    The observed assignment counts as one more round, so that p is never 0; of few queries all assignments are counted.
    """
    return float(randomisation(np.subtract(ours, theirs)[:, None], seed, rounds)[0])


def holm(p: Sequence[float]) -> list[float]:
    """Holm's corrected p-values (1979): what keeps the chance of one false alarm among all tests at the level asked."""
    order = np.argsort(p)
    corrected = np.maximum.accumulate(np.asarray(p, float)[order] * np.arange(len(p), 0, -1))
    return np.minimum(corrected, 1)[np.argsort(order)].tolist()


def effect_size(differences: np.ndarray) -> float:
    """The mean difference by its deviation over queries (Cohen's d of paired values); NaN where they do not vary."""
    deviation = np.std(differences, ddof=1) if len(differences) > 1 else 0.0
    return float(differences.mean() / deviation) if deviation else math.nan


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


def paired(system: Evaluation, baseline: Evaluation, measure: str) -> np.ndarray:
    """The system's value less the baseline's for each query of the baseline; NaN where one of them is no number.

    Of PNR they are the queries' shares of concordant pairs: its ratio is infinite where no pair is discordant.
    """
    ours, theirs = system.by_query[measure], baseline.by_query[measure]
    values = [(_testable(ours.get(qid, math.nan)), _testable(value)) for qid, value in theirs.items()]
    return np.array([a - b if math.isfinite(a) and math.isfinite(b) else math.nan for a, b in values])


def _paired(ours: Mapping[str, float], theirs: Mapping[str, float]) -> tuple[list[float], list[float]]:
    """The values of the queries where both are numbers, in the same order."""
    pairs = [(_testable(ours[qid]), _testable(theirs[qid])) for qid in ours if qid in theirs]
    kept = [(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    return [a for a, _ in kept], [b for _, b in kept]


def _testable(value: float) -> float:
    return value.share() if isinstance(value, PairRatio) else value
