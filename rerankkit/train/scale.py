"""A teacher's scale: one mean and deviation per teacher, taken off for training and given back at saving."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from rerankkit.errors import InputError
from rerankkit.rerank.scorer import head_name
from rerankkit.types import Group


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


def _last_linear(model: Any) -> nn.Linear:
    head = getattr(model, head_name(model))
    return [module for module in head.modules() if isinstance(module, nn.Linear)][-1]
