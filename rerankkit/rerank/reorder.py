"""Groups to run: candidates in the order of their new scores."""

from collections.abc import Iterable

from rerankkit.errors import InputError
from rerankkit.run import Run
from rerankkit.types import Group, Hit


def reranked(group: Group, scores: Iterable[float]) -> list[Hit]:
    """A query's hits by falling score, equal ones in the first stage's order.

    Raises InputError for a score that is no finite number, naming query and document.
    """
    hits = [Hit(candidate.document.docid, score) for candidate, score in zip(group.candidates, scores, strict=True)]
    for hit in hits:
        if not abs(hit.score) < float("inf"):
            raise InputError(
                f"query {group.query.qid}, document {hit.docid}: the model's score is {hit.score}",
                "Try --dtype float32; if it stays, the checkpoint is broken",
            )
    return sorted(hits, key=lambda hit: -hit.score)


def with_tail(hits: list[Hit], tail: Iterable[str]) -> list[Hit]:
    """The hits, and below them what the reranker did not see, in the order it came."""
    floor = hits[-1].score if hits else 0.0
    return [*hits, *(Hit(docid, floor - 1 - place) for place, docid in enumerate(tail))]


def run_of(first_stage: Run, results: Iterable[tuple[str, list[Hit]]], depth: int | None, tail: bool, tag: str) -> Run:
    """The reranked run, each query with the first stage's tail below `depth` unless it is not wanted."""
    return Run.ranked(
        {
            qid: with_tail(hits, first_stage.docids(qid)[depth:] if tail and depth is not None else ())
            for qid, hits in results
        },
        tag,
    )
