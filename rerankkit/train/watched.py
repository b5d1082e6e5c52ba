"""A loss that keeps account of itself: its terms apart, how far scores lie apart, and whether they have collapsed."""

from collections.abc import Sequence
from types import ModuleType

import torch
from torch import Tensor

from rerankkit.train.scale import Loss

ALIKE = 1e-3
"""Scores that are nearer than this in every list are collapsed."""

PATIENT = 20
"""So many batches in a row must be collapsed: a batch of easy or equal documents may be by chance."""


class WatchedLoss:
    """The loss as it was, with its account since the last `told`; on the device throughout, read only when told."""

    def __init__(self, loss: Loss, module: ModuleType | None = None) -> None:
        self.loss = loss
        self.terms = getattr(module, "terms", None)
        self.names: Sequence[str] = getattr(module, "TERMS", ())
        self._sums: Tensor | None = None
        self._batches = 0
        self._collapsed: Tensor | int = 0

    def __call__(self, scores: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
        """The loss."""
        value = self.loss(scores, labels, mask)
        with torch.no_grad():
            self._note(scores.detach(), labels, mask)
        return value

    def _note(self, scores: Tensor, labels: Tensor, mask: Tensor) -> None:
        apart = spread(scores, mask)
        terms = tuple(self.terms(scores, labels, mask)) if self.terms else ()
        if len(self.names) != len(terms):
            self.names = [f"term_{place}" for place in range(1, len(terms) + 1)]
        values = torch.stack([apart.mean(), *(term.float() for term in terms)])
        self._sums = values if self._sums is None else self._sums + values
        self._batches += 1
        self._collapsed = (self._collapsed + 1) * ~(apart.amax() > ALIKE)  # so that NaN counts as collapsed too

    def told(self) -> dict[str, float]:
        """The means since last told over all processes: `score_spread` and the terms; `collapsed_batches` if many.

        Every process of a distributed training must ask together.
        """
        if self._sums is None:
            return {}
        sums = torch.cat([self._sums, self._sums.new_tensor([self._batches])])
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.all_reduce(sums)
        *totals, batches = sums.tolist()
        self._sums, self._batches = None, 0
        account = {name: total / batches for name, total in zip(("score_spread", *self.names), totals, strict=True)}
        collapsed = int(self._collapsed)
        return {**account, "collapsed_batches": float(collapsed)} if collapsed >= PATIENT else account


def spread(scores: Tensor, mask: Tensor) -> Tensor:
    """How far each list's highest score lies above its lowest, [list]; 0 where the list has but one."""
    highest = scores.masked_fill(~mask, -torch.inf).amax(1)
    lowest = scores.masked_fill(~mask, torch.inf).amin(1)
    return torch.where(mask.sum(1) > 1, highest - lowest, 0.0)
