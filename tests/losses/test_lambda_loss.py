"""LambdaLoss with the weights of NDCG-Loss2++."""

import itertools
import math

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.losses import lambda_loss

ALL = torch.ones(1, 3, dtype=torch.bool)


def by_hand(scores: list[float], grades: list[int], mu: float = 10.0) -> float:
    """The paper's formula, pair by pair, for scores without ties."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    rank = {i: place for place, i in enumerate(order, 1)}
    best = sum((2**y - 1) / math.log2(1 + place) for place, y in enumerate(sorted(grades, reverse=True), 1))
    total = 0.0
    for i, j in itertools.permutations(range(len(scores)), 2):
        if grades[i] > grades[j]:
            apart = abs(rank[i] - rank[j])
            delta = abs(1 / math.log2(1 + apart) - 1 / math.log2(2 + apart))
            rho = abs(1 / math.log2(1 + rank[i]) - 1 / math.log2(1 + rank[j]))
            gain = abs(2 ** grades[i] - 2 ** grades[j]) / best
            total += (mu * delta + rho) * gain * math.log2(1 + math.exp(scores[j] - scores[i]))
    return total


def test_worked_by_hand():
    # One pair, in the wrong order: ideal DCG 1, gain 1, distance 1. delta = 1 - 1/log2(3) = .36907, and so is rho;
    # log2(1 + e) = 1.89464: 11 * .36907 * 1.89464.
    scores, labels = torch.tensor([[1.0, 0.0, 7.0]]), torch.tensor([[0.0, 1.0, 5.0]])
    value = lambda_loss.loss(scores, labels, torch.tensor([[True, True, False]]))
    assert value.item() == pytest.approx(7.69179, abs=1e-4)


def test_the_formula_pair_by_pair():
    scores, grades = [0.3, -1.2, 2.5, 0.9, 1.1, -0.4], [2, 0, 1, 3, 0, 1]
    mask = torch.ones(1, 6, dtype=torch.bool)
    for mu in (0.0, 1.0, 10.0):
        value = lambda_loss.loss(torch.tensor([scores]), torch.tensor([grades]), mask, mu=mu)
        assert value.item() == pytest.approx(by_hand(scores, grades, mu), rel=1e-5)


def test_each_query_counts_once_and_one_without_pairs_not_at_all():
    scores = torch.tensor([[0.3, -1.2, 2.5], [1.0, 0.0, 9.0], [1.0, 2.0, 3.0]])
    labels = torch.tensor([[2, 0, 1], [0, 1, 9], [1, 1, 1]])
    mask = torch.tensor([[True] * 3, [True, True, False], [True] * 3])
    expected = (by_hand([0.3, -1.2, 2.5], [2, 0, 1]) + by_hand([1.0, 0.0], [0, 1])) / 2
    assert lambda_loss.loss(scores, labels, mask).item() == pytest.approx(expected, rel=1e-5)


def test_equal_scores_are_ranked_worst_label_first_whatever_their_order():
    scores = torch.zeros(1, 3, dtype=torch.float64)
    values = [lambda_loss.loss(scores, torch.tensor([y]), ALL).item() for y in itertools.permutations([0, 1, 2])]
    assert values == pytest.approx([by_hand([2e-9, 1e-9, 0.0], [0, 1, 2])] * 6)


def test_equals_in_score_and_label_get_the_same_gradient():
    scores = torch.zeros(1, 4, requires_grad=True)
    lambda_loss.loss(scores, torch.tensor([[0, 1, 0, 1]]), torch.ones(1, 4, dtype=torch.bool)).backward()
    first, second, third, fourth = scores.grad[0].tolist()
    assert first == third == pytest.approx(-second)
    assert second == fourth < 0


def test_huge_differences_stay_finite():
    scores = torch.tensor([[-1e4, 1e4, 0.0]], requires_grad=True)
    value = lambda_loss.loss(scores, torch.tensor([[30.0, 0.0, 0.0]]), ALL)
    value.backward()
    assert math.isfinite(value.item())
    assert scores.grad.isfinite().all()
    assert scores.grad[0, 0] < 0 < scores.grad[0, 1]


@pytest.mark.parametrize("label", [-1.0, 1.5, 31.0, float("nan"), float("inf")])
def test_labels_that_are_no_grades_are_refused(label):
    with pytest.raises(InputError, match=r"are no grades, of which lambda-loss takes 2\^y. It needs whole numbers"):
        lambda_loss.loss(torch.zeros(1, 3), torch.tensor([[0.0, 1.0, label]]), ALL)


def test_a_teachers_scores_are_refused_by_their_range():
    with pytest.raises(InputError, match=r"^labels from -8\.25 to 12\.5 are no grades"):
        lambda_loss.loss(torch.zeros(1, 3), torch.tensor([[12.5, -8.25, 1.0]]), ALL)


@pytest.mark.parametrize("mu", [-1.0, float("nan"), float("inf")])
def test_mu_must_not_be_negative(mu):
    with pytest.raises(InputError, match=r"mu is .* Give a mu of 0 or above"):
        lambda_loss.loss(torch.zeros(1, 3), torch.zeros(1, 3), ALL, mu=mu)
