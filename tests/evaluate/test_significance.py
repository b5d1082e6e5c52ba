"""Paired tests."""

import math

import numpy as np
import pytest

from rerankkit.errors import InputError
from rerankkit.evaluate.measures import Evaluation, evaluate
from rerankkit.evaluate.significance import compare, detectable, effect_size, holm, paired, randomisation_test, ttest
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


@pytest.mark.parametrize("test", [ttest, randomisation_test])
def test_there_is_no_p_of_fewer_than_two_queries(test):
    assert math.isnan(test([], []))
    assert math.isnan(test([1.0], [0.0]))
    assert math.isnan(test([1.0], [1.0]))


def test_equal_differences_have_the_p_of_the_exact_randomisation_test():
    # Student's t is infinite, which two queries do not warrant: 2 of the 2^n assignments of signs are as extreme.
    assert ttest([1.0, 1.0], [0.5, 0.5]) == 0.5
    assert ttest([0.3] * 10, [0.1] * 10) == 2 / 1024
    assert ttest([0.1 + 0.2, 0.3], [0.2, 0.2]) == 0.5  # equal but for rounding


@pytest.mark.parametrize("test", ["t", "randomisation"])
def test_the_order_of_the_queries_does_not_change_p(test):
    chance = np.random.default_rng(3)
    ours, theirs = ({f"q{i}": float(x) for i, x in enumerate(chance.normal(shift, 1, 40))} for shift in (0.3, 0.0))
    backwards = dict(reversed(ours.items())), dict(reversed(theirs.items()))
    found = compare(evaluation(**ours), evaluation(**theirs), "nDCG@10", test)
    assert compare(evaluation(**backwards[0]), evaluation(**backwards[1]), "nDCG@10", test) == found


def test_queries_that_no_system_finds_do_not_change_the_draws():
    chance = np.random.default_rng(3)
    ours, theirs = ({f"q{i}": float(x) for i, x in enumerate(chance.normal(shift, 1, 40))} for shift in (0.3, 0.0))
    p = compare(evaluation(**ours), evaluation(**theirs), "nDCG@10", "randomisation").p
    nothing = {f"a{i}": 0.0 for i in range(9)}
    more = compare(evaluation(**nothing, **ours), evaluation(**nothing, **theirs), "nDCG@10", "randomisation")
    assert (more.p, more.queries) == (p, 49)


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


def test_holm_worked_by_hand():
    # 0.01 * 4, 0.02 * 3, then 0.03 * 2 = 0.06 and 0.04 * 1, which may not fall below the one before.
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


def test_what_is_no_test_is_not_corrected_for():
    # Two tests: 0.03 * 2 and 0.04 * 1, which may not fall below the one before.
    np.testing.assert_allclose(holm([0.04, math.nan, 0.03, math.nan]), [0.06, math.nan, 0.06, math.nan])


def test_effect_size_worked_by_hand():
    assert effect_size(np.array([1.0, 2.0, 3.0])) == 2.0
    assert math.isnan(effect_size(np.array([1.0, 1.0])))
    assert math.isnan(effect_size(np.array([1.0])))
    assert math.isnan(effect_size(np.array([0.1 + 0.2, 0.3, 0.3])))  # equal but for rounding
    assert math.isnan(effect_size(np.array([])))


def test_what_can_be_detected():
    # Tables of paired t-tests at 5 %, two-sided, power 80 %: 34 pairs for an effect of 0.5, 199 for 0.2, 15 for 0.8
    # (Cohen 1988; G*Power), one pair fewer being too few.
    for pairs, effect in ((34, 0.5), (199, 0.2), (15, 0.8)):
        smallest = []
        for count in (pairs, pairs - 1):
            differences = np.arange(count) - (count - 1) / 2
            smallest.append(detectable(differences / differences.std(ddof=1), 0.8))
        assert smallest[0] <= effect < smallest[1]
    assert math.isnan(detectable(np.array([1.0]), 0.8))
    assert detectable(np.zeros(5), 0.8) == 0


def test_paired_differences_are_in_the_order_of_the_qids():
    ours, theirs = evaluation(q3=6, q1=2, q2=4, mine=9), evaluation(q1=1, q2=2, q3=3, nan=math.nan)
    assert list(paired(ours, theirs, "nDCG@10").items()) == [("q1", 1), ("q2", 2), ("q3", 3)]
