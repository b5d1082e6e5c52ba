"""A run's scores against people's grades: how far apart it keeps them, and what it prefers to what was judged."""

import math
from collections import Counter
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
    counts: Counter[tuple[int, int]] = Counter()  # (difference, place in a row of _counted) -> pairs
    for start, end in scores.spans:
        known = judged[start:end]
        for difference, *pairs in _counted(scores.values[start:end][known], grade[start:end][known]).tolist():
            counts.update({(difference, place): count for place, count in enumerate(pairs)})
    differences = sorted({difference for difference, _ in counts})
    return tuple(Accuracy(one, *(counts[one, place] for place in range(3))) for one in differences)


def _counted(values: np.ndarray, grade: np.ndarray) -> np.ndarray:
    """One query's pairs, a row a difference of grades: the difference, concordant, discordant, tied.

    It searches once a grade, not once a pair of grades.
    """
    levels, place, sizes = np.unique(grade, return_inverse=True, return_counts=True)
    order = np.argsort(values)
    values, place = values[order], place[order]
    rows = []
    for low, level in enumerate(levels[:-1]):
        below, higher = values[place == low], place > low
        smaller, not_larger = (
            np.bincount(place[higher], np.searchsorted(below, values[higher], side), len(levels))[low + 1 :]
            for side in ("left", "right")
        )
        pairs = sizes[low + 1 :] * len(below)
        rows.append(np.stack([levels[low + 1 :] - level, smaller, pairs - not_larger, not_larger - smaller]))
    found = np.concatenate(rows, axis=1) if rows else np.zeros((4, 0))
    differences, group = np.unique(found[0], return_inverse=True)
    sums = [np.bincount(group, counted, len(differences)) for counted in found[1:]]
    return np.stack([differences, *sums], axis=1).astype(np.int64)
