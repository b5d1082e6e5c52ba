"""A teacher's distribution over the candidates, fitted by its KL divergence: Hinton, Vinyals and Dean 2015,
"Distilling the Knowledge in a Neural Network" (arXiv 1503.02531)."""

from torch import Tensor

from rerankkit.losses.masked import check_positive, log_softmax, over_queries, real

LABELS = "scores"


def loss(scores: Tensor, labels: Tensor, mask: Tensor, temperature: float = 1.0) -> Tensor:
    """`T^2 KL(softmax(t / T) || softmax(s / T))` over a query's candidates, then the mean over queries.

    The labels are the teacher's scores t; T is in their units, and small beside their spread it leaves the best
    candidate alone with a probability. All tensors are [query, candidate]; the mask is True for real candidates. A
    query of one candidate compares nothing and is left out of the mean.
    """
    check_positive("temperature", temperature)
    scores, labels = real(scores, labels, mask)
    wanted, given = log_softmax(labels / temperature, mask), log_softmax(scores / temperature, mask)
    costs = (wanted.exp() * (wanted - given)).sum(1, keepdim=True)
    return temperature**2 * over_queries(costs, mask.sum(1, keepdim=True) > 1)
