"""What every loss needs: padding without influence, and a mean that is fair to queries of any length."""

import math

import torch
from torch import Tensor

from rerankkit.errors import InputError


def real(scores: Tensor, labels: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Scores and labels, [query, candidate], at least float32, with 0 where the mask is False.

    Whatever stands in the padding, NaN included, reaches neither value nor gradient. Raises ValueError where the three
    shapes differ or the mask is not boolean.
    """
    if scores.dim() != 2 or scores.shape != labels.shape or scores.shape != mask.shape or mask.dtype != torch.bool:
        shapes = [tuple(tensor.shape) for tensor in (scores, labels, mask)]
        raise ValueError(f"expected three tensors of [query, candidate], the mask boolean; got {shapes}, {mask.dtype}")
    precision = torch.promote_types(scores.dtype, torch.float32)
    return scores.to(precision).masked_fill(~mask, 0), labels.to(precision).masked_fill(~mask, 0)


def over_queries(values: Tensor, where: Tensor) -> Tensor:
    """The mean of each query's values where True, then the mean of the queries that have any; 0 where none has.

    `values` and `where` are [query, …] alike; the 0 stays differentiable.
    """
    values = values.masked_fill(~where, 0).flatten(1).sum(1)
    counts = where.flatten(1).sum(1)
    return (values / counts.clamp(min=1)).sum() / (counts > 0).sum().clamp(min=1)


def better(labels: Tensor, mask: Tensor) -> Tensor:
    """[query, i, j], True where both candidates are real and the label of i is above that of j."""
    return (labels[:, :, None] > labels[:, None, :]) & mask[:, :, None] & mask[:, None, :]


def differences(scores: Tensor) -> Tensor:
    """[query, i, j], the score of i less that of j."""
    return scores[:, :, None] - scores[:, None, :]


def log_softmax(values: Tensor, mask: Tensor) -> Tensor:
    """The logarithm of each query's softmax over its real candidates; 0 in the padding."""
    # The least number and not -inf, of which a query without candidates would get a gradient of NaN.
    least = torch.finfo(values.dtype).min
    return values.masked_fill(~mask, least).log_softmax(1).masked_fill(~mask, 0)


def check_positive(name: str, value: float) -> None:
    """Raises InputError unless the option is a finite number above 0."""
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name} is {value}", f"Give a {name} above 0")


def check_not_negative(name: str, value: float) -> None:
    """Raises InputError unless the option is a finite number, 0 or above."""
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"{name} is {value}", f"Give a {name} of 0 or above")
