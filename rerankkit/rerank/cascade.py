"""A cascade: one reranker's order, the top of which another one reorders, as from a small model to a large one."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import tee

from rerankkit.rerank.reorder import reranked
from rerankkit.roles import Reranker
from rerankkit.types import Candidate, Group, Hit


def reordered(groups: Iterable[Group], reranker: Reranker) -> Iterator[Group]:
    """The groups with their candidates in the reranker's order and under its scores; equal ones as they came."""
    ahead, behind = tee(groups)
    scores = reranker.score(ahead)
    for group in behind:
        yield _by(group, reranked(group, next(scores)))
    next(scores, None)  # lets the reranker say its last word


def then(groups: Iterable[Group], reranker: Reranker, depth: int) -> Iterator[Group]:
    """The groups with their first `depth` candidates in the reranker's order and under its scores, the rest below.

    The rest keeps its order and the differences of its scores: all are moved by what puts the first of them one below
    the last of the reranker's.
    """
    ahead, behind = tee(groups)
    tops = reordered((replace(group, candidates=group.candidates[:depth], labels=None) for group in ahead), reranker)
    for group in behind:
        top = next(tops).candidates
        rest = group.candidates[depth:]
        if rest:
            by = top[-1].score - 1 - rest[0].score
            rest = tuple(candidate._replace(score=candidate.score + by) for candidate in rest)
        yield replace(group, candidates=(*top, *rest), labels=None)
    next(tops, None)


def hits_of(groups: Iterable[Group]) -> Iterator[tuple[str, list[Hit]]]:
    """Each group's qid, and its candidates as hits."""
    for group in groups:
        hits = [Hit(candidate.document.docid, candidate.score) for candidate in group.candidates]
        yield group.query.qid, hits


def _by(group: Group, hits: Iterable[Hit]) -> Group:
    """The group in the order of the hits."""
    documents = {candidate.document.docid: candidate.document for candidate in group.candidates}
    return replace(group, candidates=tuple(Candidate(documents[hit.docid], hit.score) for hit in hits), labels=None)
