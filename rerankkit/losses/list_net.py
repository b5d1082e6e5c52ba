"""ListNet: Cao et al. 2007, "Learning to Rank: From Pairwise Approach to Listwise Approach"."""

from torch import Tensor

from rerankkit.losses.masked import check_positive, log_softmax, over_queries, real

LABELS = "grades"


def loss(scores: Tensor, labels: Tensor, mask: Tensor, temperature: float = 1.0) -> Tensor:
    """`-sum softmax(y / T) log softmax(s / T)` over a query's candidates, then the mean over queries.

    All tensors are [query, candidate]; the mask is True for real candidates. A query of one candidate compares nothing
    and is left out of the mean.
    """
    check_positive("temperature", temperature)
    scores, labels = real(scores, labels, mask)
    wanted, given = log_softmax(labels / temperature, mask).exp(), log_softmax(scores / temperature, mask)
    return over_queries(-(wanted * given).sum(1, keepdim=True), mask.sum(1, keepdim=True) > 1)
