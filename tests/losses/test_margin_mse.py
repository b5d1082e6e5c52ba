"""MarginMSE over all pairs."""

import pytest
import torch

from rerankkit.losses import margin_mse

ALL = torch.ones(1, 3, dtype=torch.bool)


def test_worked_by_hand():
    # Errors 1, 2, 4: differences 1, 3, 2, each in both directions, and three zeros: 2 (1 + 9 + 4) / 9.
    value = margin_mse.loss(torch.tensor([[1.0, 2.0, 5.0]]), torch.tensor([[0.0, 0.0, 1.0]]), ALL)
    assert value.item() == pytest.approx(28 / 9)


def test_closed_form_equals_the_pairwise_definition():
    generator = torch.Generator().manual_seed(7)
    scores, teacher = torch.randn(2, 5, 9, generator=generator, dtype=torch.float64) * 10
    lengths = torch.tensor([9, 1, 4, 7, 2])
    mask = torch.arange(9) < lengths[:, None]
    by_query = [
        sum(((s[i] - s[j]) - (t[i] - t[j])) ** 2 for i in range(n) for j in range(n)) / n**2
        for s, t, n in zip(scores, teacher, lengths.tolist(), strict=True)
    ]
    assert margin_mse.loss(scores, teacher, mask).item() == pytest.approx(float(sum(by_query) / 5), rel=1e-12)


def test_an_offset_is_free_even_when_large():
    scores = torch.tensor([[1.0, 2.0, 5.0]])
    assert margin_mse.loss(scores + 4096, scores, ALL).item() == 0
