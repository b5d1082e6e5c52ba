"""RankNet with a teacher's probabilities."""

import math

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.losses import ranknet, soft_ranknet

ALL = torch.ones(1, 3, dtype=torch.bool)


def cross_entropy(given: float, wanted: float) -> float:
    p, q = (1 / (1 + math.exp(-x)) for x in (wanted, given))
    return -p * math.log(q) - (1 - p) * math.log(1 - q)


def test_worked_by_hand():
    # The teacher wants 3/4, the student gives 1/2: ln 2. Given 1/4: .75 ln 4 + .25 ln 4/3.
    teacher, mask = torch.tensor([[math.log(3), 0.0, 9.0]]), torch.tensor([[True, True, False]])
    assert soft_ranknet.loss(torch.tensor([[2.0, 2.0, 7.0]]), teacher, mask).item() == pytest.approx(math.log(2))
    value = soft_ranknet.loss(torch.tensor([[0.0, math.log(3), 7.0]]), teacher, mask)
    assert value.item() == pytest.approx(0.75 * math.log(4) + 0.25 * math.log(4 / 3))


def test_the_mean_over_pairs_with_a_temperature():
    scores, teacher = torch.tensor([[0.5, -1.0, 2.0]]), torch.tensor([[8.0, -4.0, 2.0]])
    for temperature in (1.0, 6.0):
        pairs = [(1.5, 12.0), (-1.5, 6.0), (3.0, 6.0)]
        expected = sum(cross_entropy(given, wanted / temperature) for given, wanted in pairs) / 3
        assert soft_ranknet.loss(scores, teacher, ALL, temperature).item() == pytest.approx(expected)


def test_least_where_the_students_margins_are_the_teachers_over_the_temperature():
    teacher = torch.tensor([[4.0, -2.0, 1.0]], dtype=torch.float64)
    scores = (teacher / 3 + 5).requires_grad_()
    soft_ranknet.loss(scores, teacher, ALL, temperature=3.0).backward()
    assert scores.grad.abs().max().item() < 1e-12


def test_a_low_temperature_makes_it_ranknet():
    scores, teacher = torch.tensor([[0.5, -1.0, 2.0]]), torch.tensor([[8.0, -4.0, 2.0]])
    hard = ranknet.loss(scores, teacher, ALL).item()
    assert soft_ranknet.loss(scores, teacher, ALL, temperature=0.01).item() == pytest.approx(hard)


def test_candidates_nearer_than_eps_are_tied():
    scores, teacher = torch.tensor([[0.0, 3.0, 1.0]]), torch.tensor([[1.0, 0.5, -2.0]])
    kept = [cross_entropy(-1.0, 3.0), cross_entropy(2.0, 2.5)]
    assert soft_ranknet.loss(scores, teacher, ALL, eps=0.75).item() == pytest.approx(sum(kept) / 2)
    three = [cross_entropy(-3.0, 0.5), *kept]
    assert soft_ranknet.loss(scores, teacher, ALL, eps=0.5).item() == pytest.approx(sum(three) / 3)


@pytest.mark.parametrize("eps", [0.0, 1e-4])
def test_equal_labels_make_no_pair(eps):
    scores = torch.tensor([[0.0, 3.0, 1.0]], requires_grad=True)
    value = soft_ranknet.loss(scores, torch.full((1, 3), 2.5), ALL, eps=eps)
    value.backward()
    assert (value.item(), scores.grad.abs().max().item()) == (0, 0)


def test_huge_differences_stay_finite():
    scores = torch.tensor([[-1e4, 1e4]], requires_grad=True)
    value = soft_ranknet.loss(scores, torch.tensor([[1e4, -1e4]]), ALL[:, :2])
    value.backward()
    assert value.item() == pytest.approx(2e4)
    assert scores.grad.tolist() == [[-1.0, 1.0]]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"temperature": 0.0}, "temperature is"), ({"eps": -1e-9}, "eps is"), ({"eps": float("nan")}, "eps is")],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        soft_ranknet.loss(torch.zeros(1, 3), torch.zeros(1, 3), ALL, **options)
