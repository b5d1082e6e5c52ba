"""ListNet."""

import math

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.losses import list_net

ALL = torch.ones(1, 3, dtype=torch.bool)


def by_hand(scores: list[float], labels: list[float], temperature: float = 1.0) -> float:
    wanted, given = ([math.exp(value / temperature) for value in values] for values in (labels, scores))
    return -sum(w / sum(wanted) * math.log(g / sum(given)) for w, g in zip(wanted, given, strict=True))


def test_worked_by_hand():
    # The labels' softmax is 1/4, 3/4; that of the scores 1/5, 4/5: -(ln .2 + 3 ln .8) / 4.
    scores, labels = torch.tensor([[0.0, math.log(4), 7.0]]), torch.tensor([[0.0, math.log(3), 9.0]])
    value = list_net.loss(scores, labels, torch.tensor([[True, True, False]]))
    assert value.item() == pytest.approx(0.25 * 1.6094379 + 0.75 * 0.2231436)


def test_the_formula_with_a_temperature():
    scores, labels = [0.5, -1.0, 2.0], [3.0, 0.0, 1.0]
    for temperature in (0.5, 1.0, 4.0):
        value = list_net.loss(torch.tensor([scores]), torch.tensor([labels]), ALL, temperature)
        assert value.item() == pytest.approx(by_hand(scores, labels, temperature))


def test_equal_labels_ask_for_equal_scores():
    scores = torch.zeros(1, 3, requires_grad=True)
    value = list_net.loss(scores, torch.ones(1, 3), ALL)
    value.backward()
    assert value.item() == pytest.approx(math.log(3))
    assert scores.grad.abs().max().item() < 1e-7


def test_a_query_of_one_candidate_is_left_out_of_the_mean():
    mask = torch.tensor([[True, True, True], [True, False, False]])
    value = list_net.loss(torch.zeros(2, 3), torch.zeros(2, 3), mask)
    assert value.item() == pytest.approx(math.log(3))


def test_huge_scores_stay_finite():
    scores = torch.tensor([[-1e4, 1e4]], requires_grad=True)
    value = list_net.loss(scores, torch.tensor([[1e4, 0.0]]), ALL[:, :2])
    value.backward()
    assert value.item() == pytest.approx(2e4)
    assert scores.grad.tolist() == [[-1.0, 1.0]]


@pytest.mark.parametrize("temperature", [0.0, -0.1, float("nan")])
def test_temperature_must_be_positive(temperature):
    with pytest.raises(InputError, match="temperature is"):
        list_net.loss(torch.zeros(1, 3), torch.zeros(1, 3), ALL, temperature=temperature)
