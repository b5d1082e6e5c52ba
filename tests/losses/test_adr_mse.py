"""The discounted error of approximate ranks."""

import math

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.losses import adr_mse

ALL = torch.ones(1, 4, dtype=torch.bool)


def sigma(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def by_hand(scores: list[float], ranks: list[int], temperature: float = 1.0) -> float:
    total = 0.0
    for i, rank in enumerate(ranks):
        guess = 1 + sum(sigma((scores[j] - scores[i]) / temperature) for j in range(len(scores)) if j != i)
        total += (rank - guess) ** 2 / math.log2(rank + 1)
    return total / len(scores)


def test_worked_by_hand():
    # sigma(ln 3) = 3/4. The better one is guessed at rank 1.75, the other at 1.25: .75^2 / 1 and .75^2 / log2(3).
    scores, labels = torch.tensor([[0.0, math.log(3), 7.0]]), torch.tensor([[20.0, -3.5, 9.0]])
    value = adr_mse.loss(scores, labels, torch.tensor([[True, True, False]]))
    assert value.item() == pytest.approx(0.5625 * (1 + 1 / math.log2(3)) / 2)


def test_the_formula_candidate_by_candidate():
    scores, ranks = [0.3, -1.2, 2.5, 0.9], [2, 4, 1, 3]
    labels = -torch.tensor([ranks]).float()
    for temperature in (0.2, 1.0, 5.0):
        value = adr_mse.loss(torch.tensor([scores]), labels, ALL, temperature)
        assert value.item() == pytest.approx(by_hand(scores, ranks, temperature), rel=1e-5)


def test_equal_labels_share_a_rank_and_do_not_compete():
    # Ranks 1, 1 and 3: both best are guessed by the third alone, the third by both.
    scores = [0.5, -1.0, 2.0]
    up, down = sigma(2.0 - 0.5), sigma(2.0 + 1.0)
    expected = (up**2 + down**2 + (3 - 1 - (1 - up) - (1 - down)) ** 2 / 2) / 3
    value = adr_mse.loss(torch.tensor([scores]), torch.tensor([[4.0, 4.0, 1.0]]), ALL[:, :3])
    assert value.item() == pytest.approx(expected)


def test_the_right_order_far_apart_costs_nothing():
    scores = torch.tensor([[200.0, 300.0, 0.0, 100.0]])
    assert adr_mse.loss(scores, scores, ALL).item() == 0
    assert adr_mse.loss(scores, torch.tensor([[2.0, 2.0, 0.0, 0.0]]), ALL).item() == 0


def test_queries_that_compare_nothing_are_left_out_of_the_mean():
    scores = torch.tensor([[0.0, math.log(3)]] * 3, requires_grad=True)
    labels = torch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    value = adr_mse.loss(scores, labels, torch.tensor([[True, True], [True, True], [True, False]]))
    value.backward()
    assert value.item() == pytest.approx(0.5625 * (1 + 1 / math.log2(3)) / 2)
    assert scores.grad[1:].abs().max().item() == 0


@pytest.mark.parametrize("temperature", [0.0, -0.1, float("nan")])
def test_temperature_must_be_positive(temperature):
    with pytest.raises(InputError, match="temperature is"):
        adr_mse.loss(torch.zeros(1, 4), torch.zeros(1, 4), ALL, temperature=temperature)
