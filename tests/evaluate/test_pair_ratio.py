"""Concordant over discordant pairs."""

import copy
import pickle

import numpy as np

from rerankkit.evaluate.pair_ratio import PairRatio, count_pairs


def test_worked_by_hand():
    # 2 over 1 and 0, 1 tied with 0, 2 below the other 0.
    ratio = count_pairs(np.array([3, 2, 2, 4]), np.array([2, 1, 0, 0]))
    assert (ratio.concordant, ratio.discordant, float(ratio)) == (2, 2, 1.0)
    assert count_pairs(np.array([1, 2]), np.array([1, 1])).share() != 0  # no pair: no number


def test_copies_keep_their_counts():
    for again in (copy.deepcopy(PairRatio(3, 0)), pickle.loads(pickle.dumps(PairRatio(3, 0)))):
        assert (again.concordant, again.discordant, again) == (3, 0, float("inf"))


def test_many_grades_are_counted_as_few_are():
    chance = np.random.default_rng(2)
    grade, score = chance.integers(0, 12, 60), chance.integers(0, 30, 60).astype(float)
    pairs = [(a, b) for a in range(60) for b in range(60) if grade[a] > grade[b]]
    found = count_pairs(score, grade)
    assert found.concordant == sum(score[a] > score[b] for a, b in pairs)
    assert found.discordant == sum(score[a] < score[b] for a, b in pairs)
