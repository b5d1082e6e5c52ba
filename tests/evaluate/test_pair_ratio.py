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
