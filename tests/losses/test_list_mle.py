"""ListMLE."""

import math

import pytest
import torch

from rerankkit.losses import list_mle

ALL = torch.ones(1, 4, dtype=torch.bool)


def test_worked_by_hand():
    # In the labels' order 0, ln 2, ln 3: 1 of 1 + 2 + 3, then 2 of 2 + 3: (ln 6 + ln 2.5) / 2.
    scores, labels = torch.tensor([[math.log(3), 0.0, math.log(2), 7.0]]), torch.tensor([[-4.5, 20.0, 0.5, 9.0]])
    value = list_mle.loss(scores, labels, torch.tensor([[True, True, True, False]]))
    assert value.item() == pytest.approx((math.log(6) + math.log(2.5)) / 2)


def test_the_likelihood_of_the_order_per_place():
    scores, ranking = [0.3, -1.2, 2.5, 0.9], [2, 0, 3, 1]  # ranking: the candidates, best first
    likelihood = 1.0
    for place, chosen in enumerate(ranking):
        likelihood *= math.exp(scores[chosen]) / sum(math.exp(scores[i]) for i in ranking[place:])
    labels = torch.tensor([[-float(ranking.index(i)) for i in range(4)]])
    assert list_mle.loss(torch.tensor([scores]), labels, ALL).item() == pytest.approx(-math.log(likelihood) / 3)


def test_equal_labels_do_not_compete():
    # 1 of 1 + 3 + 4 and 2 of 2 + 3 + 4; the two below beat nothing.
    scores = torch.tensor([[0.0, math.log(2), math.log(3), math.log(4)]])
    value = list_mle.loss(scores, torch.tensor([[1.0, 1.0, 0.0, 0.0]]), ALL)
    assert value.item() == pytest.approx((math.log(8) + math.log(4.5)) / 2)


def test_equal_labels_alone_cost_nothing():
    scores = torch.tensor([[1.0, 2.0, 3.0, 4.0]], requires_grad=True)
    value = list_mle.loss(scores, torch.ones(1, 4), ALL)
    value.backward()
    assert (value.item(), scores.grad.abs().max().item()) == (0, 0)


def test_queries_that_compare_nothing_are_left_out_of_the_mean():
    scores = torch.zeros(3, 4)
    labels = torch.tensor([[3.0, 2.0, 2.0, 2.0], [1.0, 1.0, 1.0, 1.0], [5.0, 0.0, 0.0, 0.0]])
    mask = torch.tensor([[True] * 4, [True] * 4, [True, False, False, False]])
    assert list_mle.loss(scores, labels, mask).item() == pytest.approx(math.log(4))


def test_huge_scores_stay_finite():
    scores = torch.tensor([[-1e4, 1e4, 0.0]], requires_grad=True)
    value = list_mle.loss(scores, torch.tensor([[2.0, 0.0, 1.0]]), ALL[:, :3])
    value.backward()
    assert value.item() == pytest.approx((2e4 + 1e4) / 2)
    assert scores.grad.tolist() == [[-0.5, 1.0, -0.5]]
