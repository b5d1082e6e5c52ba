"""Localized contrastive estimation: Gao et al. 2021, "Rethink Training of BERT Rerankers" (arXiv 2101.08751)."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from rerankkit.losses.masked import check_positive, over_queries, real

LABELS = "grades"


def loss(scores: Tensor, labels: Tensor, mask: Tensor, temperature: float = 1.0) -> Tensor:
    """`-log exp(s+/T) / (exp(s+/T) + sum exp(s-/T))`, mean over a query's positives, then over queries.

    All tensors are [query, candidate]; the mask is True for real candidates. A label above 0 makes a positive, any
    other a negative; positives do not compete with each other. A query without positive or without negative compares
    nothing and is left out of the mean.
    """
    check_positive("temperature", temperature)
    scores, labels = real(scores, labels, mask)
    scores = scores / temperature
    positive, negative = mask & (labels > 0), mask & (labels <= 0)
    # The least number and not -inf, of which a query without negatives would get a gradient of NaN.
    rest = scores.masked_fill(~negative, torch.finfo(scores.dtype).min).logsumexp(1, keepdim=True)
    return over_queries(softplus(rest - scores), positive & negative.any(1, keepdim=True))
