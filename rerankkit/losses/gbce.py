"""Generalised binary cross-entropy, which undoes what the sampling of negatives does to probabilities: Petrov,
MacAvaney and Macdonald 2024, "Shallow Cross-Encoders for Low-Latency Retrieval" (arXiv 2403.20222)."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from rerankkit.errors import InputError
from rerankkit.losses.masked import check_positive, over_queries, real

LABELS = "grades"


def loss(
    scores: Tensor,
    labels: Tensor,
    mask: Tensor,
    calibration: float = 0.75,
    sampling_rate: float | None = None,
    pool: float = 1000,
) -> Tensor:
    """BCE with a positive's term times `beta = a (t (1 - 1/a) + 1/a)`; mean over a query's candidates, then queries.

    `t` is the calibration, 0 being BCE and 1 fully calibrated; `a` the sampling rate, by default the query's negatives
    over the `pool` they were drawn from, such as the first stage's depth. All tensors are [query, candidate]; the mask
    is True for real candidates. A label above 0 makes a positive, any other a negative.
    """
    check_positive("pool", pool)
    if not 0 <= calibration <= 1:
        raise InputError(f"calibration is {calibration}", "Give a calibration from 0 to 1")
    if sampling_rate is not None and not 0 < sampling_rate <= 1:
        raise InputError(f"sampling_rate is {sampling_rate}", "Give a sampling_rate above 0, up to 1")
    scores, labels = real(scores, labels, mask)
    drawn = ((labels <= 0) & mask).sum(1, keepdim=True).to(scores.dtype) / pool
    rate = drawn.clamp(max=1) if sampling_rate is None else torch.full_like(drawn, sampling_rate)
    beta = 1 - calibration * (1 - rate)  # the formula above, without its division
    return over_queries(torch.where(labels > 0, beta * softplus(-scores), softplus(scores)), mask)
