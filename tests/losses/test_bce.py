"""Pointwise binary cross-entropy."""

import math

import pytest
import torch

from rerankkit.losses import bce


def test_worked_by_hand():
    # sigma(ln 3) = 3/4: ln 4/3 as a positive, ln 4 as a negative. Query 1: (ln 4/3 + ln 4 + ln 2) / 3; query 2: ln 2.
    scores = torch.tensor([[math.log(3), math.log(3), 0.0], [0.0, 5.0, 7.0]])
    labels = torch.tensor([[2.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
    mask = torch.tensor([[True, True, True], [True, False, False]])
    expected = ((math.log(4 / 3) + math.log(4) + math.log(2)) / 3 + math.log(2)) / 2
    assert bce.loss(scores, labels, mask).item() == pytest.approx(expected)


def test_grades_above_zero_are_all_positive():
    scores, mask = torch.tensor([[1.0, -2.0, 0.5]]), torch.ones(1, 3, dtype=torch.bool)
    one, three = (bce.loss(scores, torch.tensor([[grade, 0.0, grade]]), mask).item() for grade in (1.0, 3.0))
    assert one == three == pytest.approx(sum(math.log(1 + math.exp(x)) for x in (-1.0, -2.0, -0.5)) / 3)


def test_candidates_of_equal_label_still_teach():
    scores = torch.zeros(1, 2, requires_grad=True)
    value = bce.loss(scores, torch.zeros(1, 2), torch.ones(1, 2, dtype=torch.bool))
    value.backward()
    assert value.item() == pytest.approx(math.log(2))
    assert scores.grad.tolist() == [[0.25, 0.25]]


def test_huge_scores_stay_finite():
    scores = torch.tensor([[-1e4, 1e4]], requires_grad=True)
    value = bce.loss(scores, torch.tensor([[1.0, 0.0]]), torch.ones(1, 2, dtype=torch.bool))
    value.backward()
    assert value.item() == pytest.approx(1e4)
    assert scores.grad.tolist() == [[-0.5, 0.5]]
