"""One configuration on the user's lists: the scores of all candidates, once, and the time that a query takes."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from rerankkit.progress import progress
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.paid import behind
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.store import Store
from rerankkit.roles import Forgetting, Reranker, Storable
from rerankkit.tune.points import Configuration
from rerankkit.types import Group

WARMING = 2
"""Queries that are scored before the clock counts."""

PROBED = 16
"""How many lists compare a backend with torch, and how many candidates of each."""

Times = Mapping[int, Sequence[float]]
"""Depth -> milliseconds of each timed query, in the same order for all depths."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a configuration gives to each candidate, by qid and docid, and how long it takes."""

    configuration: Configuration
    scores: Mapping[str, Mapping[str, float]]
    times: Times

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        """The known scores again, so that it stands for the Reranker that gave them."""
        for group in groups:
            known = self.scores[group.query.qid]
            yield [known[candidate.document.docid] for candidate in group.candidates]


@dataclass(frozen=True, slots=True)
class Lists:
    """Candidate groups at the greatest depth, those that are timed, and the depths."""

    groups: Sequence[Group]
    timed: Sequence[Group]
    depths: Sequence[int]

    def probe(self) -> list[Group]:
        """Some of them, spread over all, to compare a backend with torch by: of each so many candidates."""
        some = self.groups[:: max(1, len(self.groups) // PROBED)][:PROBED]
        return [replace(group, candidates=group.candidates[:PROBED]) for group in some]


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where models are found, how all of them are run, and where scores are kept; without a place they are not."""

    models: Path
    scoring: Scoring
    store: Path | None


def measure(configuration: Configuration, lists: Lists, workshop: Workshop) -> Measured:
    """Loads the configuration, scores what the store lacks, and times one query after another."""
    scoring = configuration.scoring(workshop.scoring)
    reranker = load_reranker(configuration.model, scoring, workshop.models, lists.probe)
    with ExitStack() as stack:
        paid: Reranker = reranker
        if workshop.store is not None and isinstance(reranker, Storable):
            store = stack.enter_context(closing(Store(workshop.store)))
            paid = behind(store, reranker, configuration.model, workshop.models)
        scores = _scores(paid, lists.groups, f"scoring by {configuration}")
    return Measured(configuration, scores, times(reranker, lists, str(configuration)))


def _scores(reranker: Reranker, groups: Sequence[Group], what: str) -> dict[str, dict[str, float]]:
    """Scores by qid and docid."""
    scores = {}
    for group, of_group in progress(zip(groups, reranker.score(groups), strict=True), what, len(groups)):
        docids = (candidate.document.docid for candidate in group.candidates)
        scores[group.query.qid] = dict(zip(docids, of_group, strict=True))
    return scores


def times(reranker: Reranker, lists: Lists, name: str = "") -> Times:
    """Each depth's milliseconds a query, one query at a time, with nothing kept from the query before."""
    for group in lists.timed[:WARMING]:
        for depth in (lists.depths[0], lists.depths[-1]):
            seconds(reranker, group, depth)
    taken: dict[int, list[float]] = {depth: [] for depth in lists.depths}
    for group in progress(lists.timed, f"timing {name}", len(lists.timed)):
        for depth in lists.depths:
            taken[depth].append(1000 * seconds(reranker, group, depth))
    return taken


def seconds(reranker: Reranker, group: Group, depth: int) -> float:
    """How long the reranker takes for the first candidates of a query, texts to scores."""
    asked = replace(group, candidates=group.candidates[:depth], labels=None)
    if isinstance(reranker, Forgetting):
        reranker.forget()
    started = time.perf_counter()
    next(iter(reranker.score([asked])))  # left before its last word, which is for logs
    return time.perf_counter() - started
