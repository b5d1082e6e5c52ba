"""Ways to bring a query's scores of different runs to one scale before they are summed."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from rerankkit.run import Run

Scores = dict[str, float]
"""docid -> score of one query."""


class Listed(NamedTuple):
    """One run's list of a query, best first, and how many documents all runs found for it together."""

    docids: list[str]
    scores: list[float]
    union: int

    @classmethod
    def of(cls, run: Run, qid: str, union: int) -> "Listed":
        """The list as doubles."""
        return cls(run.docids(qid), list(run.scores(qid)), union)


def _none(listed: Listed) -> list[float]:
    """The scores as they are."""
    return listed.scores


def _min_max(listed: Listed) -> list[float]:
    """The least becomes 0, the greatest 1; all become 1 where they are equal, as in Pyserini."""
    low, width = listed.scores[-1], listed.scores[0] - listed.scores[-1]
    return [(score - low) / width if width else 1.0 for score in listed.scores]


def _max(listed: Listed) -> list[float]:
    """The share of the greatest: for scores of at least 0; those of a list without a positive one are kept."""
    high = listed.scores[0]
    return [score / high for score in listed.scores] if high > 0 else listed.scores


def _sum(listed: Listed) -> list[float]:
    """The least becomes 0 and the sum 1 (Montague and Aslam 2001); equal scores share it."""
    low = listed.scores[-1]
    total = math.fsum(score - low for score in listed.scores)
    return [(score - low) / total if total else 1 / len(listed.scores) for score in listed.scores]


def _z(listed: Listed) -> list[float]:
    """Mean 0 and deviation 1 (ZMUV of Montague and Aslam 2001); 0 where all are equal."""
    mean = math.fsum(listed.scores) / len(listed.scores)
    deviation = math.sqrt(math.fsum((score - mean) ** 2 for score in listed.scores) / len(listed.scores))
    return [(score - mean) / deviation if deviation else 0.0 for score in listed.scores]


def _rank(listed: Listed) -> list[float]:
    """`1 - (rank - 1) / n` of n documents (Renda and Straccia 2003)."""
    return [1 - place / len(listed.scores) for place in range(len(listed.scores))]


def _borda(listed: Listed) -> list[float]:
    """`1 - (rank - 1) / n` of the n documents that all runs found together (Renda and Straccia 2003)."""
    return [1 - place / listed.union for place in range(len(listed.scores))]


NORMS: Mapping[str, Callable[[Listed], list[float]]] = {
    "min-max": _min_max,
    "max": _max,
    "sum": _sum,
    "z": _z,
    "rank": _rank,
    "borda": _borda,
    "none": _none,
}
"""What `rerankkit fuse --norm` knows."""


def normalised(listed: Listed, norm: str) -> Scores:
    """docid -> score on the common scale; an empty list has none."""
    if not listed.docids:
        return {}
    return dict(zip(listed.docids, NORMS[norm](listed), strict=True))


def unfound(listed: Listed, norm: str) -> float:
    """What a document is worth that this run has not found: 0, but in Borda's count a share of what is left."""
    if norm != "borda" or not listed.union:
        return 0.0
    return 0.5 - (len(listed.docids) - 1) / (2 * listed.union)
