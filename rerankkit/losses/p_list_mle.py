"""Position-aware ListMLE: Lan et al. 2014, "Position-Aware ListMLE: A Sequential Learning Process for Ranking"."""

import math

import torch
from torch import Tensor

from rerankkit.losses.list_mle import places
from rerankkit.losses.masked import better, over_queries, real

LABELS = "any"


def loss(scores: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """ListMLE with place i of n weighted by `2^(n - i) - 1`, the weights summing to 1; then the mean over queries.

    `n - i` is how many candidates have a lower label, so that equal labels weigh the same and do not compete. The first
    places decide nearly alone. All tensors are [query, candidate]; the mask is True for real candidates.
    """
    scores, labels = real(scores, labels, mask)
    beaten = better(labels, mask)
    below = beaten.sum(2).to(scores.dtype) * math.log(2)
    # By logarithms, since 2^n overflows where n is above 127.
    logs = (below + torch.log(-torch.expm1(-below))).masked_fill(below == 0, torch.finfo(scores.dtype).min)
    costs = (logs.softmax(1) * places(scores, beaten)).sum(1, keepdim=True)
    return over_queries(costs, (below > 0).any(1, keepdim=True))
