"""Counts of pairs in n log n."""

import numpy as np
import pytest

from rerankkit.evaluate.counting import smaller_between


def test_counts_worked_by_hand():
    values = np.array([3.0, 1.0, 2.0, 2.0, 5.0])
    starts, ends, limits = np.array([0, 1, 2, 0, 3]), np.array([5, 4, 2, 5, 5]), np.array([2.0, 2.0, 9.0, 9.0, 5.0])
    assert smaller_between(values, starts, ends, limits).tolist() == [1, 1, 0, 5, 1]
    assert smaller_between(values, starts, ends, limits, "right").tolist() == [3, 3, 0, 5, 2]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 65, 200])
def test_the_counts_are_those_of_a_comparison_pair_by_pair(size):
    chance = np.random.default_rng(size)
    values = chance.integers(0, size, size).astype(float)
    starts, ends = np.sort(chance.integers(0, size + 1, (2, 50)), axis=0)
    limits = chance.integers(-1, size + 1, 50).astype(float)
    expected = [int((values[a:b] < limit).sum()) for a, b, limit in zip(starts, ends, limits, strict=True)]
    assert smaller_between(values, starts, ends, limits).tolist() == expected


def test_nothing_is_counted_of_nothing():
    none = np.zeros(0, np.int64)
    assert smaller_between(np.zeros(0), none, none, np.zeros(0)).tolist() == []
