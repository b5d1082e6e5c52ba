"""Training groups: a few candidates of a long list, drawn with a seed."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rerankkit.types import Group


def draw(group: Group, size: int, seed: int, hard: int | None = None) -> list[int]:
    """The indices of `size` candidates: half from the list's first `hard`, half from the rest, at random.

    The same seed, query and size give the same draw. `hard` defaults to a quarter of the list, no less than `size`.
    Only hard negatives would collapse the teacher's variance (method: half hard, half middle).
    """
    count = len(group.candidates)
    if count <= size:
        return list(range(count))
    chance = random.Random(f"{seed}/{group.query.qid}")
    hard = max(size, count // 4) if hard is None else hard
    top, rest = list(range(min(hard, count))), list(range(min(hard, count), count))
    from_top = max(min(size - size // 2, len(top)), size - len(rest))
    return sorted(chance.sample(top, from_top) + chance.sample(rest, size - from_top))


def draw_with_positive(group: Group, size: int, seed: int) -> list[int]:
    """As `draw`, with one candidate of positive grade among them, if the list has one."""
    labels: Sequence[float] = group.labels or ()
    positives = [index for index, label in enumerate(labels) if label > 0]
    drawn = draw(group, size, seed)
    if not positives or any(labels[index] > 0 for index in drawn):
        return drawn
    chance = random.Random(f"{seed}/{group.query.qid}/positive")
    drawn[chance.randrange(len(drawn))] = chance.choice(positives)
    return sorted(drawn)


def thinned(groups: Iterable[Group], size: int, seed: int) -> Iterator[Group]:
    """Each group with the `size` candidates that `draw` takes, in their order: what a teacher is to score of a list."""
    for group in groups:
        yield replace(group, candidates=tuple(group.candidates[i] for i in draw(group, size, seed)), labels=None)


def orders(group: Group) -> bool:
    """Whether the labels tell at least two candidates apart, so that a rank loss has a pair to learn from."""
    return group.labels is not None and len(set(group.labels)) > 1
