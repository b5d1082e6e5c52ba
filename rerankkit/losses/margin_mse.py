"""MarginMSE, a teacher's score differences fitted over all pairs: Hofstätter et al. 2020 (arXiv 2010.02666)."""

from torch import Tensor

from rerankkit.losses.masked import over_queries, real

LABELS = "scores"


def loss(scores: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """`((s_i - s_j) - (t_i - t_j))^2`, mean over a query's n^2 ordered pairs, then over queries; the labels are t.

    Computed in O(n) as `2 Var(s - t)`. All tensors are [query, candidate]; the mask is True for real candidates.
    """
    scores, labels = real(scores, labels, mask)
    error = scores - labels
    mean = error.sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp(min=1)
    return 2 * over_queries((error - mean).square(), mask)
