"""Position-aware ListMLE."""

import math

import pytest
import torch

from rerankkit.losses import list_mle, p_list_mle

ALL = torch.ones(1, 4, dtype=torch.bool)


def test_worked_by_hand():
    # In the labels' order 0, ln 2, ln 3: the first place costs ln 6, weight 2^2 - 1; the second ln 2.5, weight 2 - 1.
    scores, labels = torch.tensor([[math.log(3), 0.0, math.log(2), 7.0]]), torch.tensor([[-4.5, 20.0, 0.5, 9.0]])
    value = p_list_mle.loss(scores, labels, torch.tensor([[True, True, True, False]]))
    assert value.item() == pytest.approx((3 * math.log(6) + math.log(2.5)) / 4)


def test_the_formula_place_by_place():
    scores, ranking = [0.3, -1.2, 2.5, 0.9], [2, 0, 3, 1]  # ranking: the candidates, best first
    total = weights = 0.0
    for place, chosen in enumerate(ranking, 1):
        weight = 2 ** (4 - place) - 1
        total -= weight * math.log(math.exp(scores[chosen]) / sum(math.exp(scores[i]) for i in ranking[place - 1 :]))
        weights += weight
    labels = torch.tensor([[-float(ranking.index(i)) for i in range(4)]])
    assert p_list_mle.loss(torch.tensor([scores]), labels, ALL).item() == pytest.approx(total / weights)


def test_with_two_grades_it_is_list_mle():
    scores, labels = torch.tensor([[0.3, -1.2, 2.5, 0.9]]), torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    assert p_list_mle.loss(scores, labels, ALL).item() == pytest.approx(list_mle.loss(scores, labels, ALL).item())


def test_equal_labels_alone_cost_nothing():
    scores = torch.tensor([[1.0, 2.0, 3.0, 4.0]], requires_grad=True)
    value = p_list_mle.loss(scores, torch.ones(1, 4), ALL)
    value.backward()
    assert (value.item(), scores.grad.abs().max().item()) == (0, 0)


def test_queries_that_compare_nothing_are_left_out_of_the_mean():
    labels = torch.tensor([[3.0, 2.0, 2.0, 2.0], [1.0, 1.0, 1.0, 1.0], [5.0, 0.0, 0.0, 0.0]])
    mask = torch.tensor([[True] * 4, [True] * 4, [True, False, False, False]])
    assert p_list_mle.loss(torch.zeros(3, 4), labels, mask).item() == pytest.approx(math.log(4))


@pytest.mark.parametrize("ties", [False, True])
def test_a_list_of_hundreds_does_not_overflow(ties):
    n = 400
    labels = torch.arange(n).flip(0).float()[None]
    if ties:
        labels = labels.clamp(max=n - 1 - 300)  # the 301 best are equal, and beat 99
    scores = torch.zeros(1, n, requires_grad=True)
    value = p_list_mle.loss(scores, labels, torch.ones(1, n, dtype=torch.bool))
    value.backward()
    # With equal scores a place before m others costs ln(m + 1); the weights halve with each place.
    weighted = 301 * math.log(100) if ties else sum(2.0**-k * math.log(n - k) for k in range(60))
    weights = 301 if ties else 2
    if ties:
        weighted += sum((2.0**-k - 2.0**-99) * math.log(100 - k) for k in range(1, 60))
        weights += 1
    assert value.item() == pytest.approx(weighted / weights, rel=1e-5)
    assert scores.grad.isfinite().all()
    assert scores.grad[0, 0].item() < 0
