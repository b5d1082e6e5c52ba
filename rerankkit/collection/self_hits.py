"""Queries that find themselves: a sign that the queries were indexed as documents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

FIRST = 3
"""How many documents of a list are looked at: a query that was indexed is found at the top."""
SHARE = 0.1
"""Share of the queries above which self-hits are no accident of numbers that both topics and documents bear."""
LEAST = 2
REMEDY = "Were the queries indexed as documents? Index the corpus alone, or retrieve with --remove-query"


@dataclass
class SelfHits:
    """How many queries of a run have a document with their own id, or their own text, among the first."""

    same_text: Callable[[str, str], bool] | None = None
    queries: int = 0
    found: int = 0

    def add(self, qid: str, docids: Sequence[str]) -> None:
        """Counts a query's list in, best document first."""
        first = docids[:FIRST]
        self.queries += 1
        self.found += qid in first or (self.same_text is not None and any(self.same_text(qid, one) for one in first))

    def told(self) -> str:
        """A sentence where there are too many for chance, else an empty text."""
        if self.found < LEAST or self.found <= SHARE * self.queries:
            return ""
        return f"{self.found:,} of {self.queries:,} queries find themselves among their first {FIRST} documents"
