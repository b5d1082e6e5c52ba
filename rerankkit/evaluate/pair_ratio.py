"""Pairs of a query's documents with different grades, and whether their scores agree."""

import math

import numpy as np


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
    concordant = discordant = 0
    for level in np.unique(grade)[1:]:
        above, below = score[grade == level], np.sort(score[grade < level])
        concordant += int(np.searchsorted(below, above, "left").sum())
        discordant += int((len(below) - np.searchsorted(below, above, "right")).sum())
    return PairRatio(concordant, discordant)
