"""LambdaLoss with the weights of NDCG-Loss2++: Wang et al. 2018, "The LambdaLoss Framework for Ranking Metric
Optimization"."""

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from rerankkit.errors import InputError
from rerankkit.losses.masked import better, check_not_negative, differences, over_queries, real

LABELS = "grades"


def loss(scores: Tensor, labels: Tensor, mask: Tensor, mu: float = 10.0) -> Tensor:
    """`(mu delta_ij + abs(1/D_i - 1/D_j)) abs(G_i - G_j) log2(1 + exp(-(s_i - s_j)))`, summed over a query's pairs
    with y_i > y_j, since the weights are normalised by query already, then the mean over queries.

    `G = (2^y - 1) / maxDCG`, `D_i = log2(1 + rank_i)`, `delta_ij = 1/D(d) - 1/D(d + 1)` at the ranks' distance d. The
    ranks are those of the scores; mu 0 gives LambdaRank. All tensors are [query, candidate]; the mask is True for real
    candidates. Raises InputError for labels that are no grades.
    """
    check_not_negative("mu", mu)
    scores, labels = real(scores, labels, mask)
    _check_grades(labels)
    gains, places = 2**labels - 1, torch.arange(1, labels.shape[1] + 1, device=labels.device)
    best = (gains.sort(1, descending=True).values * _discounts(places)).sum(1, keepdim=True)
    ranks, pairs = _ranks(scores.detach(), labels, mask), better(labels, mask)
    distances = differences(ranks).abs().clamp(min=1)  # below 1 only where there is no pair
    weights = mu * (_discounts(distances) - _discounts(distances + 1)) + differences(_discounts(ranks)).abs()
    weights = weights * differences(gains / best.clamp(min=1)).abs() / math.log(2)
    costs = (weights * softplus(-differences(scores))).masked_fill(~pairs, 0).flatten(1)
    return over_queries(costs.sum(1, keepdim=True), pairs.flatten(1).any(1, keepdim=True))


def _discounts(ranks: Tensor) -> Tensor:
    return 1 / torch.log2(1 + ranks)


def _ranks(scores: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Ranks from 1; equal scores stand worst label first, lest their order leak in, and equals in both share a rank."""
    tied = scores[:, :, None] == scores[:, None, :]
    ahead = (differences(scores) < 0) | (tied & (differences(labels) > 0))
    same = tied & (labels[:, :, None] == labels[:, None, :])
    counts = (ahead.to(scores.dtype) + same.to(scores.dtype) / 2).masked_fill(~mask[:, None, :], 0)
    return 0.5 + counts.sum(2)


def _check_grades(labels: Tensor) -> None:
    if not bool(((labels >= 0) & (labels <= 30) & (labels == labels.round())).all()):
        low, high = labels.min().item(), labels.max().item()
        raise InputError(
            f"labels from {low:g} to {high:g} are no grades, of which lambda-loss takes 2^y",
            "It needs whole numbers from 0 to 30: turn a teacher's scores into grades, or take another loss",
        )
