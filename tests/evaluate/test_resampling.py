"""Randomisation tests and bootstrap intervals."""

import numpy as np
import pytest

from rerankkit.evaluate import resampling
from rerankkit.evaluate.resampling import bootstrap, randomisation


def test_few_queries_are_assigned_in_every_way():
    # Of the eight assignments of 1, 2, 3 only the two with one sign differ by 6; a 0 adds nothing.
    differences = np.array([[1, 1, 0], [2, -2, 0], [3, 1, 0], [0, 0, 0]], float)
    # 1 - 2 + 1 = 0: every assignment differs as much.
    assert randomisation(differences, 0, 1000).tolist() == [0.25, 1.0, 1.0]


def test_many_queries_are_assigned_at_random_and_p_is_never_zero():
    differences = np.column_stack([np.ones(60), np.tile([1.0, -1.0], 30)])
    assert randomisation(differences, 0, 999).tolist() == [1 / 1000, 1.0]


def test_a_query_that_says_nothing_counts_for_nothing():
    differences = np.array([[1, np.nan], [2, 1], [3, 2], [np.nan, 3]])
    assert randomisation(differences, 0, 1000).tolist() == [0.25, 0.25]


def test_draws_follow_from_the_key_of_a_query_wherever_it_stands():
    differences = np.random.default_rng(1).normal(0.05, 0.3, (40, 2))
    keys = [f"q{i}" for i in range(40)]
    order = np.random.default_rng(2).permutation(40)
    p = randomisation(differences, 7, 500, keys)
    assert randomisation(differences[order], 7, 500, [keys[i] for i in order]).tolist() == p.tolist()
    assert randomisation(differences, 7, 500, [f"x{key}" for key in keys]).tolist() != p.tolist()


def test_a_column_of_one_query_has_no_p():
    differences = np.array([[1.0, np.nan], [2.0, 1.0]])
    np.testing.assert_equal(randomisation(differences, 0, 1000), [0.5, np.nan])


def test_draws_repeat_with_the_seed_however_they_are_cut(monkeypatch):
    differences = np.random.default_rng(1).normal(0.05, 0.3, (40, 2))
    p, ends = randomisation(differences, 7, 500), bootstrap(differences, 0.95, 7, 500)
    assert randomisation(differences, 8, 500).tolist() != p.tolist()
    monkeypatch.setattr(resampling, "CELLS", 40 * 50)
    assert randomisation(differences, 7, 500).tolist() == p.tolist()
    assert [end.tolist() for end in bootstrap(differences, 0.95, 7, 500)] == [end.tolist() for end in ends]


def test_an_interval_worked_by_hand():
    # Of two queries with 0 and 1 the mean is 0, 1/2 or 1 with chances 1/4, 1/2, 1/4.
    low, high = bootstrap(np.array([[0.0], [1.0]]), 0.4, 0, 10_000)
    assert (low[0], high[0]) == (0.5, 0.5)
    low, high = bootstrap(np.array([[0.0], [1.0]]), 0.6, 0, 10_000)
    assert (low[0], high[0]) == (0.0, 1.0)


def test_nothing_to_draw_from():
    low, high = bootstrap(np.array([[np.nan, 2.0], [np.nan, 2.0]]), 0.95, 0, 100)
    np.testing.assert_equal([low, high], [[np.nan, 2.0], [np.nan, 2.0]])
    assert np.isnan(bootstrap(np.zeros((0, 1)), 0.95, 0, 100)).all()


@pytest.mark.parametrize("count", [3, 200])
def test_the_order_of_summation_does_not_decide(count):
    # Every assignment of equal differences that gives one sum must count as the observed one does.
    differences = np.full((count, 1), 0.1)
    differences[0] = -0.1 * (count - 1)
    assert randomisation(differences, 0, 2000)[0] == 1.0
