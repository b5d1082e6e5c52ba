"""RankNet."""

import math

import pytest
import torch

from rerankkit.losses import ranknet

ALL = torch.ones(1, 3, dtype=torch.bool)


def test_worked_by_hand():
    # Label 2 above 1 and 0, 1 above 0: differences 2 - 1 = 1, 2 - 1 = 1, 1 - 1 = 0.
    value = ranknet.loss(torch.tensor([[1.0, 2.0, 1.0]]), torch.tensor([[1.0, 2.0, 0.0]]), ALL)
    assert value.item() == pytest.approx((2 * math.log(1 + math.exp(-1)) + math.log(2)) / 3)


def test_one_pair_costs_log_two_when_tied():
    value = ranknet.loss(torch.zeros(1, 3), torch.tensor([[1.0, 0.0, 1.0]]), ALL)
    assert value.item() == pytest.approx(math.log(2))


def test_huge_differences_neither_overflow_nor_vanish():
    scores = torch.tensor([[0.0, 1e4]], requires_grad=True)
    value = ranknet.loss(scores, torch.tensor([[1.0, 0.0]]), ALL[:, :2])
    value.backward()
    assert value.item() == pytest.approx(1e4)
    assert scores.grad.tolist() == [[-1.0, 1.0]]


def test_each_query_counts_once_whatever_its_number_of_pairs():
    scores = torch.tensor([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0]])
    labels = torch.tensor([[2.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    mask = torch.tensor([[True, True, True], [True, True, False]])
    expected = (math.log(2) + math.log(1 + math.exp(-3))) / 2
    assert ranknet.loss(scores, labels, mask).item() == pytest.approx(expected)
