"""RankNet: Burges et al. 2005, "Learning to Rank using Gradient Descent"."""

from torch import Tensor
from torch.nn.functional import softplus

from rerankkit.losses.masked import better, differences, over_queries, real

LABELS = "any"


def loss(scores: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """`log(1 + exp(-(s_i - s_j)))`, mean over a query's pairs with y_i > y_j, then over queries.

    All tensors are [query, candidate]; the mask is True for real candidates.
    """
    scores, labels = real(scores, labels, mask)
    return over_queries(softplus(-differences(scores)), better(labels, mask))
