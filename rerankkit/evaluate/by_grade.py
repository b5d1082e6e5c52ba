"""A run's scores against people's grades: how far apart it keeps them, and what it prefers to what was judged."""

import math
from dataclasses import dataclass

import numpy as np

from rerankkit.errors import InputError
from rerankkit.evaluate.distribution import Spread
from rerankkit.evaluate.flat import Scores, grades
from rerankkit.types import Qrels


@dataclass(frozen=True)
class GradeScores:
    """The scores of one grade's documents; the grade is None for those that nobody judged."""

    grade: int | None
    scores: Spread


@dataclass(frozen=True)
class Accuracy:
    """Pairs of one query's documents whose grades differ by `difference`, and how the scores order them."""

    difference: int
    concordant: int
    discordant: int
    tied: int

    @property
    def share(self) -> float:
        """The concordant pairs' share of both, as PNR counts them; NaN without either."""
        pairs = self.concordant + self.discordant
        return self.concordant / pairs if pairs else math.nan


@dataclass(frozen=True)
class AgainstGrades:
    """A run against qrels; a document is positive where its grade is above 0.

    `unjudged_above` are the unjudged candidates that stand above every positive of their query: likely false negatives
    when they are taken for negatives. `queries_with_unjudged_above` counts their queries, `queries_with_positives`
    those that have a positive among the candidates.
    """

    by_grade: tuple[GradeScores, ...]
    accuracy: tuple[Accuracy, ...]
    unjudged: int
    unjudged_above: int
    queries_with_unjudged_above: int
    queries_with_positives: int


def against_grades(scores: Scores, qrels: Qrels) -> AgainstGrades:
    """The run against the qrels; InputError where no candidate is judged."""
    grade = grades(scores, qrels)
    unjudged = np.isnan(grade)
    if unjudged.all():
        raise InputError("none of the candidates is judged", "Check that runs and qrels are for the same topics")
    levels = sorted(map(int, np.unique(grade[~unjudged])), reverse=True)
    spreads = [GradeScores(level, Spread.of(scores.values[grade == level])) for level in levels]
    if unjudged.any():
        spreads.append(GradeScores(None, Spread.of(scores.values[unjudged])))
    positive = np.where(grade > 0, scores.values, -np.inf)  # a NaN is not above 0
    best = scores.per_query(np.maximum, positive)
    has_positive = np.isfinite(best)
    above = unjudged & (scores.values > scores.spread_out(best)) & scores.spread_out(has_positive)
    return AgainstGrades(
        by_grade=tuple(spreads),
        accuracy=_accuracy(scores, grade),
        unjudged=int(unjudged.sum()),
        unjudged_above=int(above.sum()),
        queries_with_unjudged_above=int((scores.per_query(np.add, above.astype(int)) > 0).sum()),
        queries_with_positives=int(has_positive.sum()),
    )


def _accuracy(scores: Scores, grade: np.ndarray) -> tuple[Accuracy, ...]:
    judged = np.isfinite(grade)
    if not judged.any():
        return ()
    widest = int(np.nanmax(grade) - np.nanmin(grade))
    counts = np.zeros((widest + 1, 3), dtype=np.int64)  # [difference, discordant | tied | concordant]
    for start, end in scores.spans:
        known = judged[start:end]
        values, query_grades = scores.values[start:end][known], grade[start:end][known].astype(int)
        levels = np.unique(query_grades)
        for i, high in enumerate(levels):
            above = values[query_grades == high]
            for low in levels[:i]:
                below = np.sort(values[query_grades == low])
                smaller = int(np.searchsorted(below, above, "left").sum())
                not_larger = int(np.searchsorted(below, above, "right").sum())
                pairs = len(above) * len(below)
                counts[high - low] += (pairs - not_larger, not_larger - smaller, smaller)
    return tuple(
        Accuracy(difference, int(concordant), int(discordant), int(tied))
        for difference, (discordant, tied, concordant) in enumerate(counts)
        if discordant + tied + concordant
    )
