"""How scores are distributed."""

import math

import numpy as np
import pytest

from rerankkit.evaluate.distribution import BINS, Spread, distribution, sharpness
from rerankkit.evaluate.flat import flat
from rerankkit.run import Run


def of(*lists: list[float]):
    return flat(Run({str(q): [(f"d{i}", score) for i, score in enumerate(scores)] for q, scores in enumerate(lists)}))


def test_spread_worked_by_hand():
    spread = Spread.of(np.array([4.0, 0.0, 2.0, 3.0, 1.0, math.nan]))
    assert (spread.count, spread.mean, spread.low, spread.high) == (5, 2.0, 0.0, 4.0)
    assert spread.deviation == pytest.approx(math.sqrt(2))
    assert spread.quantiles == pytest.approx((0.2, 1.0, 2.0, 3.0, 3.8))
    assert Spread.of(np.array([math.nan])).count == 0


def test_worked_by_hand():
    found = distribution(of([3.0, 1.0], [5.0, 5.0, 5.0], [9.0], [7.0, 5.0]))
    assert (found.queries, found.scores.count) == (4, 8)
    assert found.scores.mean == pytest.approx(5.0)
    assert found.scores.deviation == pytest.approx(math.sqrt((4 + 16 + 16 + 4) / 8))
    assert (found.by_query.count, found.by_query.mean) == (3, pytest.approx(2 / 3))  # 1, 0, 1; not the single one
    assert found.tied == 3 / 8  # the other 5 is another query's
    assert found.collapsed == pytest.approx(1 / 3)
    assert found.saturated == 0.0
    assert sum(found.histogram) == 8
    assert (found.histogram[0], found.histogram[10], found.histogram[-1]) == (1, 4, 1)
    assert (len(found.histogram), found.edges[0], found.edges[-1]) == (BINS, 1.0, 9.0)


def test_softmax_worked_by_hand():
    # Weights 3/4, 1/4 and 1/2, 1/2; a single candidate says nothing.
    scores = of([math.log(3), 0.0], [2.0, 2.0], [7.0])
    first = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    found = sharpness(scores, 1.0)
    assert found.nats == pytest.approx((first + math.log(2)) / 2, rel=1e-6)
    assert found.share == pytest.approx((first / math.log(2) + 1) / 2, rel=1e-6)
    assert found.top == pytest.approx((0.75 + 0.5) / 2, rel=1e-6)
    # At temperature 1/2 the first is 9 to 1.
    assert sharpness(scores, 0.5).top == pytest.approx((0.9 + 0.5) / 2, rel=1e-6)
    assert math.isnan(sharpness(of([7.0]), 1.0).share)


def test_wide_logits_are_one_hot_without_overflow():
    found = sharpness(of([5000.0, -5000.0, -5000.0]), 1.0)
    assert (found.nats, found.share, found.top) == (0.0, 0.0, 1.0)


def test_probabilities_are_told_by_their_ends():
    assert distribution(of([1.0, 0.96, 0.5], [0.04, 0.0])).unit_ends == 4 / 5
    assert math.isnan(distribution(of([1.01, 0.96, 0.5])).unit_ends)
    assert math.isnan(distribution(of([0.5, -0.01])).unit_ends)


def test_scores_that_pile_up_at_an_end_are_saturated():
    assert distribution(of([10.0, 9.995, 9.0, 5.0, 0.004, 0.0], [9.999, 0.5])).saturated == 3 / 8
    assert distribution(of([1.0, 0.0])).saturated == 0.0


@pytest.mark.parametrize("scores", [[[4.0]], [[4.0, 4.0], [4.0, 4.0, 4.0]]])
def test_scores_all_alike(scores):
    found = distribution(of(*scores))
    assert (found.scores.deviation, found.saturated) == (0.0, 1.0)
    assert sum(found.histogram) == found.scores.count
    assert [sharp.temperature for sharp in found.sharpness] == [1.0]  # there is no deviation to divide by
    assert found.collapsed == float(len(scores) > 1)
    assert found.repeated == 0.0


def test_queries_with_the_very_scores_of_others_are_ranks():
    assert distribution(of([1.0, 0.5], [1.0, 0.5], [2.0, 1.0], [1.0])).repeated == pytest.approx(2 / 3)
