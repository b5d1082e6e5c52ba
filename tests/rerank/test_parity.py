"""How far two models' scores agree."""

import random

import numpy as np
import pytest
from scipy.stats import kendalltau

from rerankkit.errors import InputError
from rerankkit.rerank.parity import Parity, compared, tau


def test_tau_by_hand():
    """Of six pairs of four scores, five are in order and one is not: 4/6."""
    assert tau(np.array([4.0, 3, 2, 1]), np.array([4.0, 3, 1, 2])) == pytest.approx(4 / 6)
    assert tau(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == -1
    assert tau(np.zeros(3), np.zeros(3)) == 1
    assert tau(np.array([1.0, 2, 3]), np.zeros(3)) == 0


def test_tau_is_scipys_ties_and_all():
    chance = random.Random(0)
    for size in (2, 5, 30):
        one, other = ([float(chance.randint(0, 6)) for _ in range(size)] for _ in range(2))
        if len(set(one)) > 1 and len(set(other)) > 1:
            assert tau(np.array(one), np.array(other)) == pytest.approx(kendalltau(one, other).statistic)


def test_the_figures_of_two_lists():
    wanted = [[4.0, 3.0, 2.0, 1.0], [1.0], [2.0, 1.0]]
    found = [[4.0, 3.0, 1.0, 2.5], [9.0], [2.0, 1.0]]
    parity = compared(wanted, found, lambda lists: lists[0][3])
    assert (parity.lists, parity.pairs, parity.difference) == (2, 6, 1.5)
    assert parity.tau == pytest.approx((4 / 6 + 1) / 2)
    assert parity.least_tau == pytest.approx(4 / 6)
    assert (parity.top, parity.ndcg) == (1.0, 1.5)


def test_the_top_ten_alone_counts_for_the_top():
    wanted = [float(-place) for place in range(20)]
    found = [*wanted[:9], -30.0, -9.0, *wanted[11:]]
    assert compared([wanted], [found]).top == pytest.approx(0.9)


def of(tau: float, ndcg: float | None = None) -> Parity:
    return Parity(3, 30, 0.1, tau, tau, 1.0, ndcg)


@pytest.mark.parametrize(
    ("parity", "dtype", "passes"),
    [
        (of(0.99), "bfloat16", True),
        (of(0.989), "bfloat16", False),
        (of(0.98), "int8", True),
        (of(0.979), "int8", False),
        (of(0.99, 0.003), "int8", True),
        (of(0.99, -0.0031), "int8", False),
        (of(0.99), "float32", False),
    ],
)
def test_what_is_enough(parity, dtype, passes):
    assert parity.passes(dtype) is passes
    if passes:
        parity.check(dtype, "it", "")
    else:
        with pytest.raises(InputError, match=r"it does not rank as the weights do: Kendall tau 0\.9"):
            parity.check(dtype, "it", "")


def test_scores_that_are_no_numbers_and_lists_of_one_are_errors():
    with pytest.raises(InputError, match="no finite number"):
        compared([[1.0, 2.0]], [[1.0, float("nan")]])
    with pytest.raises(InputError, match="no list of two"):
        compared([[1.0]], [[1.0]])
