"""What a stage must be able to do."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

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
