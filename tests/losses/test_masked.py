"""Padding without influence, and the mean over queries."""

import pytest
import torch

from rerankkit.losses.masked import better, over_queries, real

NAN = float("nan")


def test_padding_becomes_zero_and_half_precision_float32():
    scores = torch.tensor([[1.5, NAN]], dtype=torch.bfloat16)
    clean, labels = real(scores, torch.tensor([[2, 7]]), torch.tensor([[True, False]]))
    assert clean.dtype == labels.dtype == torch.float32
    assert (clean.tolist(), labels.tolist()) == ([[1.5, 0]], [[2, 0]])


def test_double_precision_stays():
    double = torch.zeros(1, 1, dtype=torch.float64)
    assert real(double, double, torch.ones(1, 1, dtype=torch.bool))[0].dtype == torch.float64


def test_mean_of_means_over_queries_that_have_values():
    values = torch.tensor([[1.0, 3.0], [10.0, NAN], [NAN, NAN]])
    where = torch.tensor([[True, True], [True, False], [False, False]])
    assert over_queries(values, where).item() == 6


def test_better_pairs():
    pairs = better(torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([[True, True, False]]))
    assert pairs.nonzero().tolist() == [[0, 0, 1]]


@pytest.mark.parametrize(
    ("scores", "labels", "mask"),
    [
        (torch.zeros(2), torch.zeros(2), torch.ones(2, dtype=torch.bool)),
        (torch.zeros(1, 2), torch.zeros(1, 3), torch.ones(1, 2, dtype=torch.bool)),
        (torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1, 2)),
    ],
)
def test_wrong_shapes_are_refused(scores, labels, mask):
    with pytest.raises(ValueError, match="three tensors"):
        real(scores, labels, mask)
