"""Pairwise hinge loss: Herbrich, Graepel and Obermayer 1999, "Support Vector Learning for Ordinal Regression".

The loss of DisRanker's fine-tuning stage (arXiv 2411.04539).
"""

from torch import Tensor

from rerankkit.losses.masked import better, check_positive, differences, over_queries, real

LABELS = "any"


def loss(scores: Tensor, labels: Tensor, mask: Tensor, margin: float = 1.0) -> Tensor:
    """`max(0, margin - (s_i - s_j))`, mean over a query's pairs with y_i > y_j, then over queries.

    All tensors are [query, candidate]; the mask is True for real candidates. The margin is in units of the score.
    """
    check_positive("margin", margin)
    scores, labels = real(scores, labels, mask)
    return over_queries((margin - differences(scores)).relu(), better(labels, mask))
