"""Groups to scores a window at a time: its pairs are encoded, scored together by length, and handed out in order."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from rerankkit.rerank.batches import windows
from rerankkit.rerank.pairs import Pair, PairEncoder
from rerankkit.roles import OnBatch
from rerankkit.types import Group

SCORES = 1
"""Raised when the same weights give the same texts other scores than before: stored ones are then not taken."""


class Windowed:
    """A Reranker of pairs; a subclass computes their logits, by whatever engine."""

    encoder: PairEncoder
    on_batch: OnBatch | None

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        """One list of logits a group, in order; batches are cut across the queries of a window."""
        first = 0
        for window in windows(groups):
            pairs = [
                self.encoder.encode(group.query, [candidate.document for candidate in group.candidates])
                for group in window
            ]
            flat = [pair for of_query in pairs for pair in of_query]
            scores = iter(self.logits(flat, first))
            first += len(flat)
            for of_query in pairs:
                yield list(islice(scores, len(of_query)))
        self.encoder.tell_cuts()

    def logits(self, pairs: Sequence[Pair], first: int = 0) -> list[float]:
        """The raw scores of pairs, in their order; `first` is the place of the first one for `on_batch`."""
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
