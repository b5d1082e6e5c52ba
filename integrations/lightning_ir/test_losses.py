"""Losses give what lightning-ir's formulas give, which are written out here: installing it is not needed.

Compared is one list at a time, since lightning-ir knows no padding and pools the pairs of a batch. Its RankNet
multiplies by its "temperature" and is compared at 1; its ranks of equal targets are chance, so that the targets
compared differ.
"""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax, mse_loss

from rerankkit.plugins import load_plugin

SCORES = torch.tensor([[0.3, -1.2, 2.5, 0.9, 1.1, -0.4]], dtype=torch.float64)
TARGETS = torch.tensor([[12.5, -8.25, 3.0, 0.5, -1.0, 6.75]], dtype=torch.float64)
FIRST = torch.tensor([[0.0, 0.0, 0.0, 1.0, 0.0, 0.0]], dtype=torch.float64)


def ours(name: str, scores: Tensor, targets: Tensor, **options: float) -> Tensor:
    return load_plugin("losses", name).loss(scores, targets, torch.ones_like(scores, dtype=torch.bool), **options)


def pairs(targets: Tensor) -> tuple[Tensor, ...]:
    return torch.nonzero(targets[..., None] > targets[:, None], as_tuple=True)


def kl(scores: Tensor, targets: Tensor) -> Tensor:
    return kl_div(log_softmax(scores, 1), log_softmax(targets, 1), log_target=True, reduction="batchmean")


def info_nce(scores: Tensor, targets: Tensor) -> Tensor:
    return cross_entropy(scores, targets.argmax(1))


def rank_net(scores: Tensor, targets: Tensor) -> Tensor:
    query, better, worse = pairs(targets)
    return -torch.sigmoid(scores[query, better] - scores[query, worse]).log().mean()


def supervised_margin_mse(scores: Tensor, targets: Tensor) -> Tensor:
    query, better, worse = pairs(targets)
    return mse_loss(scores[query, better] - scores[query, worse], targets[query, better] - targets[query, worse])


def approx_rank_mse(scores: Tensor, targets: Tensor, temperature: float = 1.0) -> Tensor:
    """With its discount "log2"."""
    chances = torch.sigmoid((scores[:, None] - scores[..., None]) / temperature)
    approximate = (chances * (1 - torch.eye(scores.shape[1]))).sum(-1) + 1
    ranks = torch.argsort(torch.argsort(targets, descending=True)) + 1
    return ((approximate - ranks) ** 2 / torch.log2(ranks + 1)).mean()


@pytest.mark.parametrize(
    ("name", "theirs", "targets", "factor"),
    [
        ("kl", kl, TARGETS, 1),
        ("lce", info_nce, FIRST, 1),
        ("ranknet", rank_net, TARGETS, 1),
        ("margin-mse", supervised_margin_mse, TARGETS, 36 / 30),  # ours also counts a candidate's pair with itself
        ("adr-mse", approx_rank_mse, TARGETS, 1),
    ],
)
def test_value_and_gradient(name, theirs, targets, factor):
    one, two = SCORES.clone().requires_grad_(), SCORES.clone().requires_grad_()
    mine, other = ours(name, one, targets) * factor, theirs(two, targets)
    mine.backward()
    other.backward()
    assert mine.item() > 0.1
    assert mine.item() == pytest.approx(other.item(), rel=1e-12)
    assert one.grad[0].tolist() == pytest.approx(two.grad[0].tolist(), rel=1e-9)


@pytest.mark.parametrize("temperature", [0.3, 4.0])
def test_approximate_ranks_at_a_temperature(temperature):
    mine = ours("adr-mse", SCORES, TARGETS, temperature=temperature)
    assert mine.item() == pytest.approx(approx_rank_mse(SCORES, TARGETS, temperature).item(), rel=1e-12)
