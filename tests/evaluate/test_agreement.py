"""A student against its teacher."""

import math

import numpy as np
import pytest
from scipy.stats import kendalltau, linregress, pearsonr

from rerankkit.errors import InputError
from rerankkit.evaluate.agreement import MARGINS, _many_pairs, _pairs, agreement
from rerankkit.run import Run


def run(*lists, tag: str = "mine") -> Run:
    return Run({str(q): [(f"d{i:03}", x) for i, x in enumerate(scores)] for q, scores in enumerate(lists)}, tag)


def test_worked_by_hand():
    # Teacher 0, 1, 3: mean 4/3, variance 14/9, deviation 1.2472; margins 1, 2, 3 are .80, 1.60 and 2.41 deviations.
    found = agreement(run([0.0, 1.0, 3.0]), run([1.0, 0.0, 2.0]))
    assert found.deviation == pytest.approx(math.sqrt(14 / 9))
    assert (found.queries, found.candidates, found.left_out) == (1, 3, 0)
    counts = {pairs.low: (pairs.concordant, pairs.discordant, pairs.tied) for pairs in found.margins}
    assert counts == {0.0: (0, 0, 0), 0.1: (0, 0, 0), 0.25: (0, 0, 0), 0.5: (0, 1, 0), 1.0: (1, 0, 0), 2.0: (1, 0, 0)}
    assert found.tau.mean == pytest.approx((2 - 1) / 3)
    assert (found.margins[3].share, found.margins[4].tau) == (0.0, 1.0)
    assert math.isnan(found.margins[0].share)
    assert math.isnan(found.margins[0].tau)


def test_the_line_worked_by_hand():
    # s = 2 t + 1 in one query, s = 2 t + 3 in the other: slope 2, mean intercept 2.
    line = agreement(run([0.0, 2.0], [0.0, 2.0]), run([1.0, 5.0], [3.0, 7.0])).calibration
    assert (line.slope, line.intercept, line.offset) == (pytest.approx(2), pytest.approx(2), pytest.approx(3))
    assert line.error == pytest.approx(math.sqrt((1 + 9 + 9 + 25) / 4))
    assert line.deviations == pytest.approx(math.sqrt(5))  # 1, 3, 5, 7 against 0, 0, 2, 2
    assert line.pearson == pytest.approx(2 / math.sqrt(5))
    assert line.pearson_within == pytest.approx(1)


def test_one_and_the_same_run_agrees_in_all():
    teacher = run([3.0, 1.0, 2.0], [0.5, -1.0])
    found = agreement(teacher, teacher)
    assert (found.tau.mean, found.tau.count) == (1.0, 2)
    assert all(pairs.tau == 1 for pairs in found.margins if pairs.pairs)
    line = found.calibration
    assert (line.slope, line.intercept) == (pytest.approx(1), pytest.approx(0, abs=1e-12))
    assert (line.offset, line.error, line.deviations) == (0, 0, 1)


def test_a_turned_order_has_minus_one():
    found = agreement(run([3.0, 1.0, 2.0]), run([-3.0, -1.0, -2.0]))
    assert found.tau.mean == -1
    assert found.calibration.pearson == pytest.approx(-1)


def test_tau_line_and_pearson_are_scipys():
    rng = np.random.default_rng(5)
    teachers = [rng.integers(0, 6, size).astype(float) for size in (40, 7, 2, 25)]  # with many ties
    students = [np.round(t + rng.normal(size=len(t)), 0) for t in teachers]
    found = agreement(run(*teachers), run(*students))
    taus = [kendalltau(t, s).statistic for t, s in zip(teachers, students, strict=True)]
    taus = [tau for tau in taus if not math.isnan(tau)]
    assert found.tau.count == len(taus)
    assert found.tau.mean == pytest.approx(np.mean(taus))
    assert (found.tau.low, found.tau.quantiles[2]) == (pytest.approx(min(taus)), pytest.approx(np.median(taus)))
    t, s = np.concatenate(teachers), np.concatenate(students)
    fit = linregress(t, s)
    assert found.calibration.slope == pytest.approx(fit.slope)
    assert found.calibration.intercept == pytest.approx(fit.intercept)
    assert found.calibration.pearson == pytest.approx(pearsonr(t, s).statistic)
    untied = sum(int(np.sum(np.triu(x[:, None] != x[None, :], 1))) for x in teachers)
    assert sum(pairs.pairs for pairs in found.margins) == untied


def test_bins_hold_the_pairs_of_their_margins():
    rng = np.random.default_rng(6)
    teacher, student = rng.normal(size=60), rng.normal(size=60)
    found = agreement(run(teacher), run(student))
    t, s = teacher.astype(np.float32).astype(float), student.astype(np.float32).astype(float)
    for pairs in found.margins:
        inside = [
            (t[i] - t[j]) * (s[i] - s[j])
            for i in range(60)
            for j in range(i)
            if pairs.low <= abs(t[i] - t[j]) / t.std() < pairs.high
        ]
        assert (pairs.concordant, pairs.discordant) == (sum(x > 0 for x in inside), sum(x < 0 for x in inside))
    assert [pairs.low for pairs in found.margins] == list(MARGINS)


def test_only_candidates_that_both_scored_are_compared():
    teacher = Run({"q": [("a", 3.0), ("b", 2.0), ("c", 1.0)], "alone": [("a", 1.0)]}, "teacher")
    found = agreement(teacher, Run({"q": [("c", 9.0), ("a", 8.0), ("x", 7.0)]}, "student"))
    assert (found.queries, found.candidates, found.left_out) == (1, 2, 2)
    assert found.tau.mean == -1
    with pytest.raises(InputError, match="teacher and student have no query and candidate in common"):
        agreement(teacher, Run({"q": [("z", 1.0)]}, "student"))


def test_one_candidate_a_query_has_no_order():
    found = agreement(run([1.0], [2.0]), run([5.0], [7.0]))
    assert found.tau.count == 0
    assert math.isnan(found.tau.mean)
    assert found.calibration.slope == pytest.approx(2)
    assert math.isnan(found.calibration.pearson_within)


@pytest.mark.parametrize("constant", ["teacher", "student"])
def test_constant_scores_have_neither_tau_nor_correlation(constant):
    runs = {"teacher": run([3.0, 2.0, 1.0]), "student": run([5.0, 1.0, 3.0]), constant: run([4.0, 4.0, 4.0])}
    found = agreement(runs["teacher"], runs["student"])
    assert found.tau.count == 0
    assert math.isnan(found.calibration.pearson)
    counts = [(pairs.concordant, pairs.discordant) for pairs in found.margins]
    assert counts == [(0, 0)] * len(MARGINS)
    assert sum(pairs.tied for pairs in found.margins) == (0 if constant == "teacher" else 3)


def test_long_lists_are_counted_as_short_ones_are():
    chance = np.random.default_rng(4)
    for size in (2, 5, 90):
        teacher = np.sort(chance.integers(0, 20, size) / 3)[::-1]
        student = chance.integers(0, 15, size).astype(float)
        edges = np.array(MARGINS) * teacher.std()
        np.testing.assert_array_equal(_many_pairs(teacher, student, edges), _pairs(teacher, student, edges))


@pytest.mark.timeout(60)
def test_a_list_of_50_000_candidates_needs_no_array_of_pairs():
    count = 50_000  # 1.25 thousand million pairs
    teacher = Run({"1": [(f"d{i}", float(count - i)) for i in range(count)]})
    turned = Run({"1": [(f"d{i}", float(i)) for i in range(count)]})
    found = agreement(teacher, turned)
    assert found.tau.mean == -1
    assert sum(one.discordant for one in found.margins) == count * (count - 1) // 2
