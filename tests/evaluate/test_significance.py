"""Paired tests."""

import math

import pytest

from rerankkit.errors import InputError
from rerankkit.evaluate.measures import Evaluation, evaluate
from rerankkit.evaluate.significance import compare, randomisation_test, ttest
from rerankkit.run import Run


def test_ttest_worked_by_hand():
    # Differences 1, 2, 3: t = 2 sqrt(3), two degrees of freedom: p = 1 - t / sqrt(t^2 + 2).
    assert ttest([2, 4, 6], [1, 2, 3]) == pytest.approx(1 - math.sqrt(12 / 14))
    assert ttest([1, 2, 3], [2, 4, 6]) == pytest.approx(1 - math.sqrt(12 / 14))


def test_randomisation_worked_by_hand():
    # Of the eight assignments of 1, 2, 3 only the two with one sign are as extreme.
    assert randomisation_test([2, 4, 6], [1, 2, 3]) == pytest.approx(0.25, abs=0.02)
    assert randomisation_test([0.3] * 10, [0.1] * 10) == pytest.approx(2 / 1024, abs=0.0015)


def test_randomisation_repeats_with_its_seed_and_is_never_zero():
    ours, theirs = [0.1, 0.9, 0.4, 0.8, 0.35] * 4, [0.2, 0.3, 0.3, 0.6, 0.4] * 4
    assert randomisation_test(ours, theirs, seed=3) == randomisation_test(ours, theirs, seed=3)
    assert randomisation_test(ours, theirs, seed=3) != randomisation_test(ours, theirs, seed=4)
    assert randomisation_test([1.0] * 60, [0.0] * 60, rounds=999) == 1 / 1000


@pytest.mark.parametrize("test", [ttest, randomisation_test])
def test_nothing_differs(test):
    assert test([0.5, 0.1], [0.5, 0.1]) == 1
    assert test([], []) == 1


def test_one_query_proves_nothing():
    assert ttest([1.0], [0.0]) == 1


def evaluation(**values: float) -> Evaluation:
    return Evaluation("x", {}, {"nDCG@10": values})


def test_systems_are_compared_over_the_same_queries():
    ours, theirs = evaluation(q3=6, q1=2, q2=4, mine=9), evaluation(q1=1, q2=2, q3=3, nan=math.nan)
    result = compare(ours, theirs, "nDCG@10")
    assert (result.difference, result.queries) == (2.0, 3)
    assert result.p == pytest.approx(1 - math.sqrt(12 / 14))
    assert compare(ours, theirs, "nDCG@10", "randomisation", seed=1).p == pytest.approx(0.25, abs=0.02)
    with pytest.raises(InputError, match="no test named 'z'"):
        compare(ours, theirs, "nDCG@10", "z")


def test_pnr_is_compared_by_shares_where_both_have_pairs():
    qrels = {qid: {"a": 1, "b": 0, "c": 0, "d": 0} for qid in ("1", "2", "3")}
    perfect = {"a": 4.0, "b": 3.0, "c": 2.0, "d": 1.0}
    better = Run({"1": list(perfect.items()), "2": list(perfect.items()), "3": list(perfect.items())})
    worse = Run({"1": [("b", 2.0), ("a", 1.0)], "2": [("b", 4.0), ("a", 3.0), ("c", 2.0), ("d", 1.0)]})
    result = compare(evaluate(better, qrels, ["PNR"]), evaluate(worse, qrels, ["PNR"]), "PNR")
    assert result.queries == 2  # the third has no pair in the worse run
    assert result.difference == pytest.approx((1 + 1 / 3) / 2)
