"""What a loss is given to fit: people's grades, a teacher's scores standardised, or grades made of their order."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from rerankkit.errors import InputError
from rerankkit.groups.label import graded
from rerankkit.groups.sample import orders
from rerankkit.train.scale import Held, Loss, Scale, held
from rerankkit.types import Group

log = logging.getLogger(__name__)

SPARE = 64
"""How many lists, and how many candidates of each, tell the offset that a loss left free."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The groups that are learnt from, the scale that is taken off their labels, and what of it the loss holds.

    `held` is None for labels from people, which have no scale to be given back; `graded` says that a teacher's scores
    were made grades, of which a draw needs a positive one.
    """

    groups: list[Group]
    scale: Scale
    held: Held | None = None
    graded: bool = False

    @classmethod
    def of_people(cls, groups: Iterable[Group]) -> "Targets":
        """Grades or clicks as they are, for any loss; InputError where no group has two different ones."""
        return cls(_ordered(groups), Scale())

    @classmethod
    def of_teacher(cls, groups: Iterable[Group], loss: Loss, kind: str, levels: int) -> "Targets":
        """A teacher's scores for a loss whose LABELS are of this kind: as many levels of grades for "grades".

        Raises InputError where the scores order nothing.
        """
        usable = _ordered(groups, "The teacher scores a list's documents all the same: look at its training")
        scale = Scale.of(usable)
        if kind == "grades":
            log.info("the loss fits grades: each list's scores become %d levels", levels)
            return cls(_ordered(graded(group, levels) for group in usable), Scale(), Held(False, False), True)
        return cls(usable, scale, held(loss))

    def fit_for(self, model: nn.Module) -> "Targets":
        """The same with the scale that the model's head can give back."""
        return replace(self, scale=self.scale.fit_for(model))

    def labelled(self) -> list[Group]:
        """The groups with the labels that the loss sees."""
        return [self.scale.apply(group) for group in self.groups]

    def some(self) -> list[Group]:
        """A few of them, each thinned evenly, as the loss sees them."""
        groups = []
        for group in self.groups[:: -(-len(self.groups) // SPARE)]:
            step = -(-len(group.candidates) // SPARE)
            labels = None if group.labels is None else group.labels[::step]
            groups.append(self.scale.apply(Group(group.query, group.candidates[::step], labels)))
        return groups

    def returned(self) -> Scale:
        """The scale that the trained model's scores are to be given back."""
        return self.scale if self.held is None or self.held.spacing else Scale()

    def record(self) -> dict[str, Any]:
        """What the checkpoint's note tells of the scale; nothing for labels from people."""
        if self.held is None:
            return {}
        told = {"mean": self.scale.mean, "deviation": self.scale.deviation, "scores": self.held.words()}
        return {"scale": {**told, **self.held._asdict()}}


def _ordered(
    groups: Iterable[Group], remedy: str = "Check that the run found judged or clicked documents"
) -> list[Group]:
    """The groups that order anything, of which the others are counted in the log; InputError where none does."""
    usable, total = [], 0
    for group in groups:
        total += 1
        if orders(group):
            usable.append(group)
    if len(usable) < total:
        log.info("%d of %d groups left out: no two different labels in them", total - len(usable), total)
    if not usable:
        raise InputError("no group has candidates with different labels", remedy)
    return usable
