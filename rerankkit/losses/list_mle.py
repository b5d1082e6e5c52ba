"""ListMLE: Xia et al. 2008, "Listwise Approach to Learning to Rank: Theory and Algorithm"."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from rerankkit.losses.masked import better, over_queries, real

LABELS = "any"


def loss(scores: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """`-log exp(s_i) / (exp(s_i) + sum_{y_j < y_i} exp(s_j))`, mean over a query's candidates, then over queries.

    The Plackett-Luce likelihood of the labels' order, per place; candidates of equal label do not compete, where the
    paper orders them at random, and those of the lowest beat nothing and are left out of the mean. All tensors are
    [query, candidate]; the mask is True for real candidates.
    """
    scores, labels = real(scores, labels, mask)
    beaten = better(labels, mask)
    return over_queries(places(scores, beaten), beaten.any(2))


def places(scores: Tensor, beaten: Tensor) -> Tensor:
    """[query, i], what it costs to place i before all j where `beaten` [query, i, j] is True."""
    # The least number and not -inf, of which a candidate that beats nothing would get a gradient of NaN.
    others = scores[:, None, :].expand(beaten.shape).masked_fill(~beaten, torch.finfo(scores.dtype).min)
    return softplus(others.logsumexp(2) - scores)
