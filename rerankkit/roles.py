"""What a stage must be able to do."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from rerankkit.run import Run
from rerankkit.types import Group, Query


class Retriever(Protocol):
    """A first stage: finds candidates in a collection."""

    def retrieve(self, queries: Iterable[Query], depth: int) -> Run:
        """The `depth` best hits of each query."""


class Reranker(Protocol):
    """A second stage: scores candidates against their query; a teacher is one, and so is its student."""

    def score(self, groups: Iterable[Group]) -> Iterator[Sequence[float]]:
        """One list of raw scores a group, in the order of the groups and of their candidates."""


OnBatch = Callable[[Sequence[int], Sequence[float]], None]
"""Told of a batch: the places of its candidates, counted over all groups from the call of `score`, and the scores."""


@runtime_checkable
class Storable(Reranker, Protocol):
    """A Reranker whose scores follow from its weights, its traits, and the texts of query and document alone."""

    def traits(self) -> dict[str, Any]:
        """What beside the weights tells its scores from another's, such as lengths, template, precision; JSON."""


@runtime_checkable
class Batched(Reranker, Protocol):
    """A Reranker that calls `on_batch`, where it is set, after each batch of its model."""

    on_batch: OnBatch | None


@runtime_checkable
class Splitting(Reranker, Protocol):
    """A Reranker that knows where a text's tokens lie, so that a long one can be cut into windows."""

    @property
    def max_length(self) -> int:
        """Tokens of what it reads at once."""

    def spans(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int]]]:
        """Where each token of each text lies in it, from character to character; special tokens have no place."""


@runtime_checkable
class Forgetting(Reranker, Protocol):
    """A Reranker that keeps what it made of a text for the next query, and can let go of it."""

    def forget(self) -> None:
        """Drops it: what comes next takes as long as in a new process."""
