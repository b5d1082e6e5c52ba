"""The identity: a candidate's score is the one that the first stage gave it."""

from collections.abc import Iterable, Iterator

from rerankkit.rerank.scoring import Scoring
from rerankkit.types import Group


class FirstStage:
    """A Reranker that keeps the first stage's scores, and so its order."""

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        """The candidates' own scores."""
        for group in groups:
            yield [candidate.score for candidate in group.candidates]


def load(checkpoint: str, scoring: Scoring) -> FirstStage:
    """The identity; it has no checkpoint and runs nowhere."""
    return FirstStage()
