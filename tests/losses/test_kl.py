"""The divergence from a teacher's distribution."""

import math

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.losses import kl, list_net

ALL = torch.ones(1, 3, dtype=torch.bool)


def by_hand(scores: list[float], teacher: list[float], temperature: float) -> float:
    wanted, given = ([math.exp(value / temperature) for value in values] for values in (teacher, scores))
    p, q = [w / sum(wanted) for w in wanted], [g / sum(given) for g in given]
    return temperature**2 * sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


def test_worked_by_hand():
    # The teacher gives 1/4, 3/4, the student 1/2, 1/2: .25 ln .5 + .75 ln 1.5 = -.173287 + .304099.
    scores, teacher = torch.tensor([[1.0, 1.0, 7.0]]), torch.tensor([[0.0, math.log(3), 9.0]])
    value = kl.loss(scores, teacher, torch.tensor([[True, True, False]]))
    assert value.item() == pytest.approx(0.130812, abs=1e-6)


def test_the_formula_with_a_temperature():
    scores, teacher = [0.5, -1.0, 2.0], [12.5, -8.0, 11.0]
    for temperature in (1.0, 3.0, 10.0):
        value = kl.loss(torch.tensor([scores]), torch.tensor([teacher]), ALL, temperature)
        assert value.item() == pytest.approx(by_hand(scores, teacher, temperature), rel=1e-5)


def test_the_gradients_of_a_high_temperature_do_not_vanish():
    # For high T the loss tends to Var(s - t) / 2, of which the gradient, with e = s - t, is (e - mean e) / n.
    scores = torch.tensor([[1.0, 2.0, 6.0]], dtype=torch.float64, requires_grad=True)
    kl.loss(scores, torch.zeros(1, 3), ALL, temperature=1e4).backward()
    assert scores.grad[0].tolist() == pytest.approx([-2 / 3, -1 / 3, 1], rel=1e-3)


def test_an_offset_is_free():
    scores = torch.tensor([[1.0, 2.0, 5.0]])
    assert kl.loss(scores + 64, scores, ALL).item() == 0


def test_it_is_list_net_less_the_entropy_of_the_targets():
    scores, teacher = torch.tensor([[0.5, -1.0, 2.0]]), torch.tensor([[1.0, 0.0, -1.0]])
    entropy = list_net.loss(teacher, teacher, ALL)
    assert kl.loss(scores, teacher, ALL).item() == pytest.approx((list_net.loss(scores, teacher, ALL) - entropy).item())


def test_equal_labels_ask_for_equal_scores():
    value = kl.loss(torch.tensor([[0.0, math.log(4)]]), torch.ones(1, 2), ALL[:, :2])
    assert value.item() == pytest.approx((math.log(2.5) + math.log(0.625)) / 2)


def test_wide_logits_stay_finite():
    scores = torch.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    value = kl.loss(scores, torch.tensor([[-1e4, 1e4, 0.0]]), ALL)
    value.backward()
    assert value.item() == pytest.approx(2e4)
    assert scores.grad.tolist() == [[1.0, -1.0, 0.0]]


def test_a_query_of_one_candidate_is_left_out_of_the_mean():
    scores, teacher = torch.tensor([[1.0, 1.0], [1.0, 1.0]]), torch.tensor([[0.0, math.log(3)], [5.0, 0.0]])
    value = kl.loss(scores, teacher, torch.tensor([[True, True], [True, False]]))
    assert value.item() == pytest.approx(0.130812, abs=1e-6)


@pytest.mark.parametrize("temperature", [0.0, -0.1, float("nan")])
def test_temperature_must_be_positive(temperature):
    with pytest.raises(InputError, match="temperature is"):
        kl.loss(torch.zeros(1, 3), torch.zeros(1, 3), ALL, temperature=temperature)
