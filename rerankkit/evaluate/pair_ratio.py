"""Pairs of a query's documents with different grades, and whether their scores agree."""

import math

import numpy as np

from rerankkit.evaluate.counting import smaller_between

FEW = 8
"""Up to so many grades, a loop over them is faster than `smaller_between`."""


class PairRatio(float):
    """Concordant over discordant pairs: infinite without a discordant one, NaN without any."""

    concordant: int
    discordant: int

    def __new__(cls, concordant: int, discordant: int) -> "PairRatio":
        ratio = concordant / discordant if discordant else math.inf if concordant else math.nan
        value = super().__new__(cls, ratio)
        value.concordant, value.discordant = concordant, discordant
        return value

    def __getnewargs__(self) -> tuple[int, int]:  # type: ignore[override]
        return self.concordant, self.discordant  # for copies and pickles

    def share(self) -> float:
        """The concordant pairs' share of both, 0 to 1; NaN without pairs."""
        pairs = self.concordant + self.discordant
        return self.concordant / pairs if pairs else math.nan


def count_pairs(score: np.ndarray, grade: np.ndarray) -> PairRatio:
    """The ratio of one query, from its judged documents' scores and grades; equal scores are neither."""
    levels = np.unique(grade)
    if len(levels) > FEW:
        return _many_grades(score, grade)
    concordant = discordant = 0
    for level in levels[1:]:
        above, below = score[grade == level], np.sort(score[grade < level])
        concordant += int(np.searchsorted(below, above, "left").sum())
        discordant += int((len(below) - np.searchsorted(below, above, "right")).sum())
    return PairRatio(concordant, discordant)


def _many_grades(score: np.ndarray, grade: np.ndarray) -> PairRatio:
    order = np.argsort(grade, kind="stable")
    score, grade = score[order], grade[order]
    lower = np.searchsorted(grade, grade, "left")  # how many have a lower grade
    none = np.zeros_like(lower)
    smaller = int(smaller_between(score, none, lower, score).sum())
    not_larger = int(smaller_between(score, none, lower, score, "right").sum())
    return PairRatio(smaller, int(lower.sum()) - not_larger)
