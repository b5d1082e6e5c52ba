"""PointMSE."""

import pytest
import torch

from rerankkit.losses import point_mse


def test_worked_by_hand():
    scores = torch.tensor([[1.0, 2.0, 4.0], [0.0, 5.0, 7.0]])
    teacher = torch.tensor([[0.0, 0.0, 1.0], [3.0, 0.0, 0.0]])
    mask = torch.tensor([[True, True, True], [True, False, False]])
    # Query 1: (1 + 4 + 9) / 3; query 2: 9.
    assert point_mse.loss(scores, teacher, mask).item() == pytest.approx((14 / 3 + 9) / 2)


def test_gradient_is_twice_the_error_over_the_candidates():
    scores = torch.tensor([[1.0, 2.0]], requires_grad=True)
    point_mse.loss(scores, torch.tensor([[0.0, 5.0]]), torch.ones(1, 2, dtype=torch.bool)).backward()
    assert scores.grad.tolist() == [[1.0, -3.0]]
