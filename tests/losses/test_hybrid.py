"""PointMSE and MarginMSE mixed."""

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.losses import hybrid, margin_mse, point_mse

SCORES = torch.tensor([[1.0, 2.0, 5.0]])
TEACHER = torch.tensor([[0.0, 0.0, 1.0]])
ALL = torch.ones(1, 3, dtype=torch.bool)


def test_worked_by_hand():
    # Errors 1, 2, 4: PointMSE 21 / 3 = 7, MarginMSE 28 / 9.
    assert hybrid.loss(SCORES, TEACHER, ALL).item() == pytest.approx(7 + 28 / 9)
    assert hybrid.loss(SCORES, TEACHER, ALL, alpha=0.5, beta=3).item() == pytest.approx(3.5 + 28 / 3)


@pytest.mark.parametrize(("alpha", "beta"), [(1, 1), (0, 1), (1, 0), (0.3, 2.5)])
def test_closed_form_equals_the_weighted_sum_of_its_terms(alpha, beta):
    generator = torch.Generator().manual_seed(3)
    scores, teacher = torch.randn(2, 6, 8, generator=generator, dtype=torch.float64) * 5
    mask = torch.arange(8) < torch.tensor([8, 1, 3, 0, 5, 2])[:, None]
    point, margin = point_mse.loss(scores, teacher, mask), margin_mse.loss(scores, teacher, mask)
    value = hybrid.loss(scores, teacher, mask, alpha, beta).item()
    assert value == pytest.approx((alpha * point + beta * margin).item(), rel=1e-12)


def test_terms_are_the_two_losses():
    point, margin = hybrid.terms(SCORES, TEACHER, ALL)
    assert (point.item(), margin.item()) == (pytest.approx(7), pytest.approx(28 / 9))


def test_without_alpha_the_offset_is_free_and_with_it_is_not():
    assert hybrid.loss(SCORES + 2, SCORES, ALL, alpha=0).item() == 0
    assert hybrid.loss(SCORES + 2, SCORES, ALL, beta=0).item() == pytest.approx(4)


@pytest.mark.parametrize(("alpha", "beta"), [(-1, 1), (1, -0.5), (0, 0), (float("nan"), 1), (1, float("inf"))])
def test_weights_must_be_sensible(alpha, beta):
    with pytest.raises(InputError, match="alpha is"):
        hybrid.loss(SCORES, TEACHER, ALL, alpha, beta)
