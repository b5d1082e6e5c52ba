"""A teacher's scale: one mean and deviation per teacher, taken off for training and given back at saving.

What can be given back depends on what the loss holds the student to, and `held` asks the loss itself:
- a loss that is least at the teacher's own scores and nowhere beside them (PointMSE, the hybrid with alpha > 0) holds
  spacing and offset: mean and deviation are given back, and the scores are the teacher's;
- one that is least there but does not feel a constant added to a list (MarginMSE, KL, the hybrid of beta alone) holds
  the spacing: mean and deviation are given back, and the one constant that the loss left free is set after training so
  that the mean error is 0 on some of the lists that were learnt from (each list's own constant stays free);
- one that wants the order alone (hinge, RankNet, ListMLE, ADR-MSE, all that fit grades) gives its scores a scale of
  their own: nothing is given back or fitted, since the result would look like the teacher's scores and not be them.
A loss that fits grades gets them from the order of the teacher's scores, so it has no use for their scale either.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import nn

from rerankkit.errors import InputError
from rerankkit.rerank.scorer import head_name
from rerankkit.types import Group

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Scale:
    """Scores are `deviation * standardised + mean`, over all of a teacher's scores, never per query."""

    mean: float = 0.0
    deviation: float = 1.0

    @classmethod
    def of(cls, groups: Iterable[Group]) -> "Scale":
        """The scale of the groups' labels; InputError where they do not vary."""
        labels = [label for group in groups for label in group.labels or ()]
        mean = math.fsum(labels) / len(labels)
        deviation = math.sqrt(math.fsum((label - mean) ** 2 for label in labels) / len(labels))
        if deviation < 1e-6 * max(1.0, abs(mean)):
            raise InputError("the teacher's scores are all the same", "It teaches nothing: look at its training")
        return cls(mean, deviation)

    def fit_for(self, model: nn.Module) -> "Scale":
        """The scale that the model's head can give back: one without a bias keeps the mean in its targets."""
        head = _last_linear(model)
        return self if head.bias is not None else replace(self, mean=0.0)

    def apply(self, group: Group) -> Group:
        """The group with standardised labels."""
        return replace(group, labels=tuple((label - self.mean) / self.deviation for label in group.labels or ()))

    @torch.no_grad()
    def give_back(self, model: Any) -> None:
        """Makes the model's scores the teacher's: its head's weights times the deviation, its bias plus the mean."""
        head = _last_linear(model)
        head.weight.mul_(self.deviation)
        if head.bias is not None:
            head.bias.mul_(self.deviation).add_(self.mean)

    def __str__(self) -> str:
        return f"scale {self.mean:.3f} ± {self.deviation:.3f}"


class Held(NamedTuple):
    """What of its labels' scale a loss holds the scores to."""

    spacing: bool
    offset: bool

    def words(self) -> str:
        """What it means for whoever reads the scores of the student."""
        if self.offset:
            return "Scores are on the teacher's scale."
        if self.spacing:
            return "Differences of scores are on the teacher's scale; the offset of each list is free."
        return "Scores follow the teacher's order; their scale is the model's own."


PROBE = [[-1.5, -0.25, 0.5, 1.25], [-0.75, 0.0, 0.25, 2.0]]
"""Two lists of standardised scores to ask a loss with, no two of a list alike."""


def held(loss: Loss) -> Held:
    """Whether the loss is least where scores keep the labels' spacing, and whether it feels one list's offset."""
    labels = torch.tensor(PROBE)
    mask = torch.ones_like(labels, dtype=torch.bool)

    def cost(scores: torch.Tensor) -> float:
        return float(loss(scores, labels, mask))

    least, mean = cost(labels), labels.mean(1, keepdim=True)
    grows = 1e-4 * max(1.0, abs(least))
    spacing = all(cost((labels - mean) * by + mean) > least + grows for by in (0.8, 1.25))
    moved = torch.tensor([[0.5], [0.0]])
    return Held(spacing, spacing and all(cost(labels + by * moved) > least + grows for by in (-1, 1)))


@torch.no_grad()
def set_offset(model: Any, scores: Iterable[Sequence[float]], groups: Iterable[Group]) -> bool:
    """Shifts the head's bias so that the scores' mean error on the groups' labels is 0; False where it has no bias."""
    bias = _last_linear(model).bias
    if bias is None:
        return False
    errors = [
        label - score
        for of_group, group in zip(scores, groups, strict=True)
        for score, label in zip(of_group, group.labels or (), strict=True)
    ]
    bias.add_(math.fsum(errors) / len(errors))
    return True


def _last_linear(model: Any) -> nn.Linear:
    head = getattr(model, head_name(model))
    return [module for module in head.modules() if isinstance(module, nn.Linear)][-1]
