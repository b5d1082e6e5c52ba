"""Training groups: a few candidates of a long list, drawn with a seed."""

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rerankkit.errors import InputError
from rerankkit.types import Group

Labels = Sequence[float] | None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a group is drawn: how many candidates, by which strategy, of which.

    `positives` is the least number of candidates labelled above 0, as far as a list has them; `band` holds the first
    and the last rank at which a negative may stand. Both are for labels from people. Raises InputError for a strategy
    that nobody knows, a group without room for a negative, a band that holds no rank.
    """

    size: int
    strategy: str = "halves"
    positives: int = 0
    band: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise InputError(f"--sampling {self.strategy} is unknown", f"Known: {', '.join(STRATEGIES)}")
        if not 0 <= self.positives < self.size:
            raise InputError(
                f"--positives {self.positives} does not fit a group of {self.size}",
                "Give at least 0 and fewer than --group-size, since positives are compared with negatives",
            )
        if self.band is not None and not 1 <= self.band[0] <= self.band[1]:
            raise InputError(f"--negatives {self.band[0]}-{self.band[1]} holds no rank", "Ranks count from 1")


def ranks(text: str) -> tuple[int, int]:
    """`10-100` as (10, 100); InputError for what is no such pair."""
    match = re.fullmatch(r"([0-9]+)-([0-9]+)", text.strip())
    if match is None:
        raise InputError(f"--negatives {text!r} names no ranks", "Expected FIRST-LAST, e.g. --negatives 10-100")
    return int(match[1]), int(match[2])


def eligible(group: Group, sampling: Sampling) -> list[int]:
    """The indices of the candidates that may be drawn: all, or the positives and the negatives within the band.

    A rank is that of the run, whatever was left out of the list since; where it is not told, the place in the list.
    """
    everyone = range(len(group.candidates))
    if sampling.band is None or group.labels is None:
        return list(everyone)
    first, last = sampling.band
    ranks = [candidate.rank or place for place, candidate in enumerate(group.candidates, 1)]
    return [index for index in everyone if group.labels[index] > 0 or first <= ranks[index] <= last]


def draw(group: Group, sampling: Sampling, seed: int) -> list[int]:
    """The indices of the candidates drawn, in the list's order; of a list no longer than a group, all.

    The same seed, query and sampling give the same draw. Where the strategy drew too few positives, others take the
    place of negatives, the highest grade first, at random among equals.
    """
    pool = eligible(group, sampling)
    if len(pool) <= sampling.size:
        return pool
    labels = None if group.labels is None else [group.labels[index] for index in pool]
    chance = random.Random(f"{seed}/{group.query.qid}")
    places = sorted(STRATEGIES[sampling.strategy](len(pool), labels, sampling.size, chance))
    if labels is not None and sampling.positives:
        chance = random.Random(f"{seed}/{group.query.qid}/positive")
        places = _with_positives(places, labels, sampling.positives, chance)
    return [pool[place] for place in places]


def pairs_left(group: Group, sampling: Sampling) -> bool:
    """Whether the band of negatives leaves a positive and a negative; true where there is no band."""
    labels = group.labels
    return sampling.band is None or labels is None or len({labels[i] > 0 for i in eligible(group, sampling)}) > 1


def _with_positives(drawn: list[int], labels: Sequence[float], wanted: int, chance: random.Random) -> list[int]:
    """What was drawn, with positives in the place of negatives until there are as many as wanted."""
    drawn = list(drawn)
    positives = [index for index, label in enumerate(labels) if label > 0]
    for _ in range(min(wanted, len(positives)) - sum(labels[index] > 0 for index in drawn)):
        spare = [index for index in positives if index not in drawn]
        highest = max(labels[index] for index in spare)
        place = chance.choice([place for place, index in enumerate(drawn) if labels[index] <= 0])
        drawn[place] = chance.choice([index for index in spare if labels[index] == highest])
    return sorted(drawn)


def _halves(count: int, labels: Labels, size: int, chance: random.Random) -> list[int]:
    """Half from the list's first quarter (no fewer than `size`), half from the rest: only hard candidates would
    collapse the teacher's variance.
    """
    hard = min(max(size, count // 4), count)
    from_top = max(min(size - size // 2, hard), size - (count - hard))
    return chance.sample(range(hard), from_top) + chance.sample(range(hard, count), size - from_top)


def _random(count: int, labels: Labels, size: int, chance: random.Random) -> list[int]:
    """Any, each with the same chance."""
    return chance.sample(range(count), size)


def _top(count: int, labels: Labels, size: int, chance: random.Random) -> list[int]:
    """The list's first."""
    return list(range(size))


def _stratified(count: int, labels: Labels, size: int, chance: random.Random) -> list[int]:
    """One after the other from `size` equal bins of the range between the lowest label and the highest.

    In each round a bin that is not empty yet gives one at random; the bins stand in a random order, which says who
    gives in the last round. Jang et al. 2026 (arXiv 2604.04734). Raises ValueError where there are no labels.
    """
    if labels is None:
        raise ValueError("stratified sampling needs labels")
    low, high = min(labels), max(labels)
    bins: list[list[int]] = [[] for _ in range(size)]
    for index in chance.sample(range(count), count):
        share = (labels[index] - low) / (high - low) if high > low else 0.0
        bins[min(int(share * size), size - 1)].append(index)
    chance.shuffle(bins)
    drawn: list[int] = []
    while len(drawn) < size:
        drawn += [full.pop() for full in bins if full]
    return drawn[:size]


Strategy = Callable[[int, Labels, int, random.Random], list[int]]

STRATEGIES: dict[str, Strategy] = {"halves": _halves, "random": _random, "stratified": _stratified, "top": _top}
"""How `size` of `count` candidates, more than `size`, are drawn; by name."""


def thinned(groups: Iterable[Group], size: int, seed: int) -> Iterator[Group]:
    """Each group with `size` candidates, half hard and half middle: what a teacher is to score of a list."""
    for group in groups:
        drawn = draw(group, Sampling(size), seed)
        yield replace(group, candidates=tuple(group.candidates[i] for i in drawn), labels=None)


def orders(group: Group) -> bool:
    """Whether the labels tell at least two candidates apart, so that a rank loss has a pair to learn from."""
    return group.labels is not None and len(set(group.labels)) > 1
