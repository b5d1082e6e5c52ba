"""The grid: every configuration at every depth, and every cascade of two, from scores and times measured once."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rerankkit.evaluate.measures import evaluate
from rerankkit.progress import progress
from rerankkit.rerank.cascade import hits_of, reordered, then
from rerankkit.rerank.reorder import run_of
from rerankkit.run import Run
from rerankkit.tune.measured import Lists, Measured
from rerankkit.tune.points import Point, Stage, percentile_of
from rerankkit.types import Group, Qrels

NOTHING = (("(nothing found)", 0.0),)
"""What a judged query that the run lacks has: no docid holds a space, so every measure counts it as found nothing."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A first stage's run of judged queries, the grades, and the measure that decides."""

    first_stage: Run
    qrels: Qrels
    measure: str

    def worth(self, run: Mapping[str, Sequence[tuple[str, float]]]) -> tuple[float, dict[str, float]]:
        """The measure's value, and each query's."""
        hits = {qid: run.get(qid) or NOTHING for qid in self.qrels}
        found = evaluate(Run.ranked(hits, "tune"), self.qrels, [self.measure])
        return found.values[self.measure], dict(found.by_query[self.measure])


def lists_of(groups: Sequence[Group], depths: Sequence[int], timed: int, seed: int) -> Lists:
    """The groups at the greatest depth; those that are timed are drawn, first of the lists that are as deep."""
    asked = [replace(group, candidates=group.candidates[: depths[-1]], labels=None) for group in groups]
    drawn = random.Random(seed).sample(asked, len(asked))
    drawn.sort(key=lambda group: len(group.candidates) < depths[-1])
    return Lists(asked, drawn[:timed], depths)


def points(measured: Sequence[Measured], lists: Lists, judged: Judged, cascades: bool) -> list[Point]:
    """The first stage, each configuration at each depth, and the cascades where they are asked for."""
    grid = [((one, depth),) for one in measured for depth in lists.depths]
    chains = [*grid, *(_cascades(measured, lists.depths) if cascades else ())]
    value, by_query = judged.worth({qid: judged.first_stage[qid] for qid in judged.first_stage})
    found = [Point((), value, 0.0, 0.0, by_query)]
    for chain in progress(chains, "evaluating", len(chains)):
        found.append(_point(chain, lists, judged))
    return found


Chain = tuple[tuple[Measured, int], ...]


def _cascades(measured: Sequence[Measured], depths: Sequence[int]) -> Iterator[Chain]:
    """A model and a slower one for less than what the first has scored."""
    for one in measured:
        for other in measured:
            if one.configuration.model != other.configuration.model and _cost(one, depths) < _cost(other, depths):
                yield from (((one, deep), (other, less)) for deep in depths for less in depths if less < deep)


def _cost(measured: Measured, depths: Sequence[int]) -> float:
    return percentile_of(measured.times[depths[-1]], 0.5)


def _point(chain: Chain, lists: Lists, judged: Judged) -> Point:
    """What a chain is worth, by the very steps of `rerank`, and the sum of its stages' times query by query."""
    (first, depth), *later = chain
    ranked: Iterable[Group] = reordered(
        (replace(group, candidates=group.candidates[:depth]) for group in lists.groups), first
    )
    for other, less in later:
        ranked = then(ranked, other, less)
    run = run_of(judged.first_stage, hits_of(ranked), depth, True, "tune")
    value, by_query = judged.worth({qid: run[qid] for qid in run})
    taken = [sum(of_query) for of_query in zip(*(one.times[less] for one, less in chain), strict=True)]
    stages = tuple(Stage(one.configuration, less) for one, less in chain)
    return Point(stages, value, percentile_of(taken, 0.5), percentile_of(taken, 0.95), by_query)
