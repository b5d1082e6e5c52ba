"""PointMSE and MarginMSE mixed: how DisRanker distils its teacher into BERT (Ye et al. 2024, arXiv 2411.04539)."""

import math

from torch import Tensor

from rerankkit.errors import InputError
from rerankkit.losses import margin_mse, point_mse
from rerankkit.losses.masked import over_queries, real

LABELS = "scores"
TERMS = ("point_mse", "margin_mse")


def loss(scores: Tensor, labels: Tensor, mask: Tensor, alpha: float = 1.0, beta: float = 1.0) -> Tensor:
    """`alpha PointMSE + beta MarginMSE`, mean over queries; the labels are the teacher's scores t.

    Computed in O(n), with e = s - t over a query's candidates, as `alpha mean(e)^2 + (alpha + 2 beta) Var(e)`: beta
    alone keeps order and spacing and frees the offset, alpha holds the scores to the teacher's scale.
    All tensors are [query, candidate]; the mask is True for real candidates.
    """
    if not (math.isfinite(alpha) and math.isfinite(beta) and min(alpha, beta) >= 0 and alpha + beta > 0):
        raise InputError(
            f"alpha is {alpha} and beta {beta}", "Give two numbers of which none is negative and one above 0"
        )
    scores, labels = real(scores, labels, mask)
    error = scores - labels
    mean = error.sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp(min=1)
    return over_queries(alpha * mean.square() + (alpha + 2 * beta) * (error - mean).square(), mask)


def terms(scores: Tensor, labels: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """PointMSE and MarginMSE apart, to be logged."""
    return point_mse.loss(scores, labels, mask), margin_mse.loss(scores, labels, mask)
