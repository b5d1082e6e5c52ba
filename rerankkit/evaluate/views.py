"""A run as a comparison sees it: its measures, how far ties could move them, and what of it is judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from rerankkit.evaluate.marks import Marks, best_reranking, best_ties, worst_ties
from rerankkit.evaluate.matched import Matched, Side, matched
from rerankkit.evaluate.measure_names import Measure
from rerankkit.evaluate.measures import Evaluation, measured
from rerankkit.evaluate.undefined import without
from rerankkit.evaluate.vectorised import aggregated, values


@dataclass(frozen=True)
class View:
    """One run of a comparison, without its unjudged hits; `match` is the run beside the baseline, None of that."""

    evaluation: Evaluation
    marks: Marks
    tie_intervals: Mapping[str, tuple[float, float]]
    match: Matched | None = None

    @classmethod
    def of(cls, side: Side, measures: Sequence[Measure], baseline: Side | None = None) -> "View":
        """The view of a run."""
        match = None if baseline is None else matched(side, baseline, measures)
        return cls(side.evaluation, side.marks, _tie_intervals(side.evaluation, side.marks, measures), match)

    def without(self, measures: Sequence[Measure]) -> "View":
        """The view without some measures."""
        gone = {one.name for one in measures}
        return replace(
            self,
            evaluation=without(self.evaluation, measures),
            tie_intervals={name: ends for name, ends in self.tie_intervals.items() if name not in gone},
            match=None if self.match is None else self.match.without(measures),
        )

    @property
    def name(self) -> str:
        """By which the run is told from the others."""
        return self.evaluation.name

    @property
    def depth(self) -> int:
        """How many hits a judged query has at most."""
        return int(self.marks.lengths.max())

    def judged(self, depth: int) -> float:
        """The share of judged documents down to there, the mean over the judged queries that the run has."""
        found = values(Measure(f"Judged@{depth}", "Judged", depth), self.marks)
        return float(found[self.marks.lengths > 0].mean())

    def positives(self, rel: int, depth: int) -> tuple[int, int, float]:
        """How many positives stand down to there, of how many that are judged, and the mean share over queries."""
        recall = Measure(f"R@{depth}", "R", depth, rel)
        found = int(((self.marks.grade >= rel) & (self.marks.rank < depth)).sum())
        return found, int((self.marks.judgments.grade >= rel).sum()), aggregated(recall, values(recall, self.marks))

    def ceiling(self, measures: Sequence[Measure], depth: int) -> Mapping[str, float]:
        """The best value of each measure that any order of the run's hits down to there could have."""
        best = partial(best_reranking, depth=depth)
        return measured(self.marks, measures, self.name, best).values

    def judged_only(self, measure: Measure) -> float:
        """The measure's value were what is not judged not there."""
        condensed = replace(measure, judged_only=True)
        return aggregated(condensed, values(condensed, self.marks))


def _tie_intervals(
    evaluation: Evaluation, marks: Marks, measures: Sequence[Measure]
) -> Mapping[str, tuple[float, float]]:
    """The lowest and the highest value of each measure over all orders of equal scores."""
    found = [evaluation.values]
    if marks.tied:
        found += [measured(marks, measures, evaluation.name, order).values for order in (worst_ties, best_ties)]
    return {
        name: (float(np.min([one[name] for one in found])), float(np.max([one[name] for one in found])))
        for name in evaluation.values
    }
