"""A Reranker before which a score store stands: only what the store lacks is scored."""

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from rerankkit.progress import Counts
from rerankkit.rerank.batches import windows
from rerankkit.rerank.store import Store, StoreFullError, document_key, query_key
from rerankkit.roles import Batched, Reranker
from rerankkit.types import Candidate, Group

log = logging.getLogger(__name__)

WINDOW = 512
"""Candidates that are looked up together.

No more than the reranker itself sorts by length together: what a kill left of a window then falls into the very
batches that were to come, and with them into the very scores.
"""


Pair = tuple[bytes, bytes]
"""The keys of a query and a document."""


class _Asked(NamedTuple):
    """A group with its keys, and the scores by document, as far as they are known."""

    group: Group
    query: bytes
    documents: list[bytes]
    scores: dict[bytes, float]


class Stored:
    """A Reranker that asks a store first; each finished batch of another's scores is kept at once.

    `found` counts the scores that were there or already asked for, `computed` the others. Where the disk is full, a
    warning says so, and no more scores are kept.
    """

    def __init__(self, reranker: Reranker, store: Store, identity: int) -> None:
        self.reranker, self.store, self.identity = reranker, store, identity
        self.found = self.computed = 0
        self.full = False
        self._looked_up = self._scored = 0

    def score(self, groups: Iterable[Group]) -> Iterator[Sequence[float]]:
        """One list of raw scores a group, in order."""
        for window in windows(groups, WINDOW):
            asked = [self._look_up(group) for group in window]
            self._compute(asked)
            for one in asked:
                yield [one.scores[document] for document in one.documents]
        for _ in self.reranker.score(()):  # lets the reranker say its last word
            pass

    def counts(self) -> Counts:
        """How many pairs have a score so far, in the middle of a window too, and how many of them from the store."""
        return Counts(self._looked_up + self._scored, self._looked_up)

    def _look_up(self, group: Group) -> _Asked:
        query = query_key(group.query.text)
        documents = [document_key(candidate.document) for candidate in group.candidates]
        found = self.store.find(self.identity, query, list(dict.fromkeys(documents)))
        self._looked_up += len(found)
        return _Asked(group, query, documents, found)

    def _compute(self, asked: Sequence[_Asked]) -> None:
        """Fills in the scores that are missing; a pair that stands twice is scored once."""
        lacking: list[tuple[Group, list[Pair]]] = []
        seen: set[Pair] = set()
        for one in asked:
            chosen: dict[Pair, Candidate] = {}
            for document, candidate in zip(one.documents, one.group.candidates, strict=True):
                if document not in one.scores and (one.query, document) not in seen:
                    chosen.setdefault((one.query, document), candidate)
            if chosen:
                seen.update(chosen)
                lacking.append((replace(one.group, candidates=tuple(chosen.values()), labels=None), list(chosen)))
        self.computed += len(seen)
        self.found += sum(len(one.documents) for one in asked) - len(seen)
        new: dict[Pair, float] = {}
        if lacking:
            for (_, pairs), scores in zip(lacking, self._scores(lacking), strict=True):
                new.update(zip(pairs, scores, strict=True))
        self._looked_up, self._scored = self.found, self.computed  # a pair that stands twice is now counted twice
        for one in asked:
            one.scores.update({key: new[one.query, key] for key in one.documents if key not in one.scores})

    def _scores(self, lacking: Sequence[tuple[Group, list[Pair]]]) -> Iterator[Sequence[float]]:
        """The reranker's scores of each group, kept by the batch where it tells of batches, else by the group."""
        flat = [pair for _, pairs in lacking for pair in pairs]
        batched = self.reranker if isinstance(self.reranker, Batched) else None
        if batched:
            batched.on_batch = lambda places, scores: self._keep([flat[place] for place in places], scores)
        try:
            of_groups = self.reranker.score([group for group, _ in lacking])
            # `lacking` first: the reranker is left before its last word
            for (_, pairs), scores in zip(lacking, of_groups, strict=False):
                if not batched:
                    self._keep(pairs, scores)
                yield scores
        finally:
            if batched:
                batched.on_batch = None

    def _keep(self, pairs: Iterable[Pair], scores: Iterable[float]) -> None:
        """Writes scores down; one that is no finite number is not worth it."""
        pairs = list(pairs)
        self._scored += len(pairs)
        rows = [(*pair, score) for pair, score in zip(pairs, scores, strict=True) if math.isfinite(score)]
        if not rows or self.full:
            return
        try:
            self.store.add(self.identity, rows)
        except StoreFullError as error:
            self.full = True
            log.warning("Warning: no more scores are kept, a rerun computes them anew: %s", error)
