"""PointMSE, a teacher's scores fitted one by one: a term of DisRanker (Ye et al. 2024, arXiv 2411.04539)."""

from torch import Tensor

from rerankkit.losses.masked import over_queries, real

LABELS = "scores"


def loss(scores: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """`(s_i - t_i)^2`, mean over a query's candidates, then over queries; the labels are the teacher's scores t.

    All tensors are [query, candidate]; the mask is True for real candidates.
    """
    scores, labels = real(scores, labels, mask)
    return over_queries((scores - labels).square(), mask)
