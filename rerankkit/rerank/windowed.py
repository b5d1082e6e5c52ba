"""Groups to scores a window at a time: its pairs are encoded, scored together by length, and handed out in order."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from rerankkit.errors import InputError
from rerankkit.rerank.batches import windows
from rerankkit.rerank.pairs import Pair, PairEncoder
from rerankkit.roles import OnBatch
from rerankkit.types import Group

SCORES = 1
"""Raised when the same weights give the same texts other scores than before: stored ones are then not taken."""


class NotFiniteError(ValueError):
    """A score that is no finite number, with its pair's place among those that are scored together."""

    def __init__(self, place: int, score: float) -> None:
        super().__init__(f"pair {place} has the score {score}")
        self.place, self.score = place, score


def check_finite(scores: Iterable[float], places: Sequence[int]) -> None:
    """Raises NotFiniteError for the first score that is no finite number."""
    for place, score in zip(places, scores, strict=True):
        if not math.isfinite(score):
            raise NotFiniteError(place, score)


def not_a_score(score: float, group: Group, candidate: int) -> InputError:
    """The error for a pair whose score is no finite number."""
    docid = group.candidates[candidate].document.docid
    return InputError(
        f"query {group.query.qid}, document {docid}: the model's score is {score}",
        "Try --dtype float32; if it stays, the checkpoint is broken",
    )


def named(error: NotFiniteError, groups: Sequence[Group]) -> InputError:
    """The error for a window's pair by its place among the candidates of these groups."""
    place = error.place
    for group in groups:
        if place < len(group.candidates):
            return not_a_score(error.score, group, place)
        place -= len(group.candidates)
    raise error


class Windowed:
    """A Reranker of pairs; a subclass computes their logits, by whatever engine."""

    encoder: PairEncoder
    on_batch: OnBatch | None

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        """One list of logits a group, in order; batches are cut across the queries of a window.

        Raises InputError that names the pair whose score is no finite number.
        """
        first = 0
        for window in windows(groups):
            pairs = [
                self.encoder.encode(group.query, [candidate.document for candidate in group.candidates])
                for group in window
            ]
            flat = [pair for of_query in pairs for pair in of_query]
            try:
                scores = iter(self.logits(flat, first))
            except NotFiniteError as error:
                raise named(error, window) from error
            first += len(flat)
            for of_query in pairs:
                yield list(islice(scores, len(of_query)))
        self.encoder.tell_cuts()

    def logits(self, pairs: Sequence[Pair], first: int = 0) -> list[float]:
        """The raw scores of pairs, in their order; `first` is the place of the first one for `on_batch`.

        Raises NotFiniteError before `on_batch` sees such a score.
        """
        raise NotImplementedError

    @property
    def max_length(self) -> int:
        """Tokens of a pair at the most, special tokens included."""
        return self.encoder.lengths.max_length

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Where each token of each text lies in it, from character to character."""
        return self.encoder.spans(texts)

    def forget(self) -> None:
        """Drops what the encoder kept of earlier pairs."""
        self.encoder.forget()
