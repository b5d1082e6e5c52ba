"""The nouns: what is asked, what is found, what is compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Query(NamedTuple):
    """What a user asks."""

    qid: str
    text: str


class Document(NamedTuple):
    """What is searched; `text` is the summary, snippet or body."""

    docid: str
    title: str
    text: str


class Hit(NamedTuple):
    """One line of a run."""

    docid: str
    score: float


class Candidate(NamedTuple):
    """A document that a first stage found, with the score it gave and its rank in that list, from 1 (0: not told)."""

    document: Document
    score: float
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """A query with its candidates, best first, and a label for each once labelled."""

    query: Query
    candidates: tuple[Candidate, ...]
    labels: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.labels is not None and len(self.labels) != len(self.candidates):
            raise ValueError(f"query {self.query.qid}: {len(self.labels)} labels for {len(self.candidates)} candidates")


Collection = Mapping[str, Document]
"""docid -> document."""

Queries = Mapping[str, Query]
"""qid -> query."""

Qrels = Mapping[str, Mapping[str, int]]
"""qid -> docid -> grade."""
