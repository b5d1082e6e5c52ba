"""Whether two systems differ by more than the choice of queries explains: paired tests of per-query values."""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rerankkit.errors import InputError
from rerankkit.evaluate.measures import Evaluation
from rerankkit.evaluate.pnr import PairRatio

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
    ratio is infinite where no pair is discordant. Raises InputError for another test.
    """
    if test not in TESTS:
        raise InputError(f"no test named {test!r}", f"Known: {', '.join(TESTS)}")
    ours, theirs = _paired(system.by_query[measure], baseline.by_query[measure])
    p = ttest(ours, theirs) if test == "t" else randomisation_test(ours, theirs, seed)
    difference = float(np.mean(np.subtract(ours, theirs))) if ours else 0.0
    return Comparison(difference, p, len(ours))


def ttest(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The two-sided p-value of Student's paired t-test; 1 where nothing differs or fewer than two queries are given."""
    from scipy.stats import ttest_rel

    if len(ours) < 2 or not np.subtract(ours, theirs).any():
        return 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where all queries differ alike
        return float(ttest_rel(ours, theirs).pvalue)


def randomisation_test(ours: Sequence[float], theirs: Sequence[float], seed: int = 0, rounds: int = ROUNDS) -> float:
    """The two-sided p-value of Fisher's paired randomisation: how often swapping systems at random differs as much.

    The observed assignment counts as one more round, so that p is never 0.
    """
    differences = np.subtract(ours, theirs)
    observed = abs(differences.sum()) * (1 - 1e-9)  # the order of summation must not decide
    random = np.random.default_rng(seed)
    extreme = 1
    for _ in range(rounds):
        signs = random.integers(0, 2, len(differences), dtype=np.int8) * 2 - 1
        extreme += bool(abs((signs * differences).sum()) >= observed)
    return extreme / (rounds + 1)


def _paired(ours: Mapping[str, float], theirs: Mapping[str, float]) -> tuple[list[float], list[float]]:
    """The values of the queries where both are numbers, in the same order."""
    pairs = [(_testable(ours[qid]), _testable(theirs[qid])) for qid in ours if qid in theirs]
    kept = [(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    return [a for a, _ in kept], [b for _, b in kept]


def _testable(value: float) -> float:
    return value.share() if isinstance(value, PairRatio) else value
