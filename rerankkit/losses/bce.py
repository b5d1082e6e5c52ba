"""Pointwise binary cross-entropy: Nogueira and Cho 2019, "Passage Re-ranking with BERT" (arXiv 1901.04085)."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from rerankkit.losses.masked import over_queries, real

LABELS = "grades"


def loss(scores: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """`log(1 + exp(-s))` of a positive, `log(1 + exp(s))` of a negative; mean over a query's candidates, then queries.

    All tensors are [query, candidate]; the mask is True for real candidates. A label above 0 makes a positive, any
    other a negative.
    """
    scores, labels = real(scores, labels, mask)
    return over_queries(torch.where(labels > 0, softplus(-scores), softplus(scores)), mask)
