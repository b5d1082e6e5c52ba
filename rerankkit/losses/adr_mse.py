"""ADR-MSE, the discounted error of approximate ranks: Schlatt et al. 2024, "Rank-DistiLLM" (arXiv 2405.07920)."""

import torch
from torch import Tensor

from rerankkit.losses.masked import better, check_positive, differences, over_queries, real

LABELS = "any"


def loss(scores: Tensor, labels: Tensor, mask: Tensor, temperature: float = 1.0) -> Tensor:
    """`(r_i - rhat_i)^2 / log2(r_i + 1)`, mean over a query's candidates, then over queries.

    `r_i` is 1 plus the number of higher labels, `rhat_i = 1 + sum sigma((s_j - s_i) / T)` over the candidates j of
    another label: equal labels share a rank and do not compete. A query without two different labels is left out of
    the mean. All tensors are [query, candidate]; the mask is True for real candidates.
    """
    check_positive("temperature", temperature)
    scores, labels = real(scores, labels, mask)
    above = better(labels, mask)
    pairs = above | above.mT
    ranks = 1 + above.sum(1)
    guesses = 1 + torch.sigmoid(-differences(scores) / temperature).masked_fill(~pairs, 0).sum(2)
    return over_queries((ranks - guesses).square() / torch.log2(ranks + 1), pairs.any(2))
