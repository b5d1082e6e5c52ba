"""The localized contrastive loss."""

import math

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.losses import lce

SCORES = torch.tensor([[2.0, 1.0, 0.0, 0.5]])
ALL = torch.ones(1, 4, dtype=torch.bool)


def cost(positive: float, *negatives: float) -> float:
    return -math.log(math.exp(positive) / (math.exp(positive) + sum(map(math.exp, negatives))))


def test_worked_by_hand():
    value = lce.loss(SCORES, torch.tensor([[1.0, 0.0, 0.0, 0.0]]), ALL)
    assert value.item() == pytest.approx(cost(2, 1, 0, 0.5))
    assert value.item() == pytest.approx(0.5460, abs=5e-5)  # 7.3891 / (7.3891 + 2.7183 + 1 + 1.6487) = .5793


def test_positives_do_not_compete_with_each_other():
    value = lce.loss(SCORES, torch.tensor([[3.0, 1.0, 0.0, -1.0]]), ALL)
    assert value.item() == pytest.approx((cost(2, 0, 0.5) + cost(1, 0, 0.5)) / 2)


def test_temperature_divides_the_scores():
    value = lce.loss(SCORES, torch.tensor([[1.0, 0.0, 0.0, 0.0]]), ALL, temperature=0.5)
    assert value.item() == pytest.approx(cost(4, 2, 0, 1))


def test_queries_that_compare_nothing_are_left_out_of_the_mean():
    scores = SCORES.repeat(3, 1).requires_grad_()
    labels = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0] * 4, [1.0] * 4])
    value = lce.loss(scores, labels, ALL.repeat(3, 1))
    value.backward()
    assert value.item() == pytest.approx(cost(2, 1, 0, 0.5))
    assert scores.grad[1:].abs().max().item() == 0


def test_huge_scores_stay_finite():
    scores = torch.tensor([[-1e4, 1e4]], requires_grad=True)
    value = lce.loss(scores, torch.tensor([[1.0, 0.0]]), ALL[:, :2])
    value.backward()
    assert value.item() == pytest.approx(2e4)
    assert scores.grad.tolist() == [[-1.0, 1.0]]


@pytest.mark.parametrize("temperature", [0.0, -0.1, float("nan")])
def test_temperature_must_be_positive(temperature):
    with pytest.raises(InputError, match="temperature is"):
        lce.loss(SCORES, torch.zeros(1, 4), ALL, temperature=temperature)
