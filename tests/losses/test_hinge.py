"""The pairwise hinge loss."""

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.losses import hinge

SCORES = torch.tensor([[2.0, 1.0, 0.5], [1.0, 3.0, 9.0]])
LABELS = torch.tensor([[0.0, 1.0, 2.0], [1.0, 0.0, 0.0]])
MASK = torch.tensor([[True, True, True], [True, True, False]])


def test_worked_by_hand():
    # Query 1: 1 over 0: 1 - 1 + 2 = 2; 2 over 0: 1 - 0.5 + 2 = 2.5; 2 over 1: 1 - 0.5 + 1 = 1.5; mean 2.
    # Query 2: 0 over 1: 1 - 1 + 3 = 3. Mean of the queries 2.5.
    assert hinge.loss(SCORES, LABELS, MASK).item() == pytest.approx(2.5)


def test_wider_margin_adds_to_every_violated_pair():
    assert hinge.loss(SCORES, LABELS, MASK, margin=3.0).item() == pytest.approx(4.5)


def test_pairs_beyond_the_margin_cost_nothing():
    scores = torch.tensor([[5.0, 3.9, 0.0]], requires_grad=True)
    value = hinge.loss(scores, torch.tensor([[2.0, 1.0, 0.0]]), torch.ones(1, 3, dtype=torch.bool))
    value.backward()
    assert value.item() == 0
    assert scores.grad.tolist() == [[0, 0, 0]]


def test_equal_labels_make_no_pair():
    assert hinge.loss(SCORES[:1], torch.tensor([[1.0, 1.0, 0.0]]), MASK[:1]).item() == pytest.approx(0.25)


@pytest.mark.parametrize("margin", [0.0, -1.0, float("nan"), float("inf")])
def test_margin_must_be_positive(margin):
    with pytest.raises(InputError, match="margin is"):
        hinge.loss(SCORES, LABELS, MASK, margin=margin)
