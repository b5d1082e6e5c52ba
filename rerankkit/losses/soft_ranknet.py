"""RankNet with a teacher's probabilities for targets: Burges et al. 2005, "Learning to Rank using Gradient Descent"."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from rerankkit.losses.masked import better, check_not_negative, check_positive, differences, over_queries, real

LABELS = "scores"


def loss(scores: Tensor, labels: Tensor, mask: Tensor, temperature: float = 1.0, eps: float = 1e-4) -> Tensor:
    """`-p log sigma(s_i - s_j) - (1 - p) log sigma(s_j - s_i)` with `p = sigma((t_i - t_j) / T)`, mean over a query's
    pairs with t_i > t_j, then over queries; the labels are the teacher's scores t.

    T and eps are in units of the teacher's score; candidates less than eps apart are tied and make no pair.
    All tensors are [query, candidate]; the mask is True for real candidates.
    """
    check_positive("temperature", temperature)
    check_not_negative("eps", eps)
    scores, labels = real(scores, labels, mask)
    given, wanted = differences(scores), differences(labels)
    costs = softplus(given) - torch.sigmoid(wanted / temperature) * given
    return over_queries(costs, better(labels, mask) & (wanted >= eps))
