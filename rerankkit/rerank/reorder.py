"""Groups to run: candidates in the order of their new scores, resumed query by query after a kill."""

from collections.abc import Iterable, Iterator
from itertools import tee
from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.journal import LineJournal
from rerankkit.roles import Reranker
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


def rerank(
    groups: Iterable[Group], reranker: Reranker, journal: "Journal | None" = None
) -> Iterator[tuple[str, list[Hit]]]:
    """Each group's qid and hits, in the order of the groups; queries that the journal has are not scored again."""
    done = journal.done if journal else {}
    ahead, behind = tee(groups)
    scores = reranker.score(group for group in ahead if group.query.qid not in done)
    for group in behind:
        qid = group.query.qid
        if qid in done:
            yield qid, done[qid]
            continue
        hits = reranked(group, next(scores))
        if journal:
            journal.add(qid, hits)
        yield qid, hits
    next(scores, None)  # lets the reranker say its last word


class Journal:
    """The finished queries of a reranking, kept beside its output until that is whole."""

    def __init__(self, output: Path, settings: dict[str, str]) -> None:
        """Opens `OUTPUT.journal`; one of other settings is started anew."""
        self._lines = LineJournal(output, settings)
        self.done = {
            record["qid"]: [Hit(docid, score) for docid, score in record["hits"]] for record in self._lines.done
        }

    def add(self, qid: str, hits: list[Hit]) -> None:
        """Writes a finished query down."""
        self._lines.add({"qid": qid, "hits": hits})

    def close(self) -> None:
        """Removes the journal: the output is whole."""
        self._lines.close()


def run_of(first_stage: Run, results: Iterable[tuple[str, list[Hit]]], depth: int | None, tail: bool, tag: str) -> Run:
    """The reranked run, each query with the first stage's tail below `depth` unless it is not wanted."""
    return Run.ranked(
        {
            qid: with_tail(hits, first_stage.docids(qid)[depth:] if tail and depth is not None else ())
            for qid, hits in results
        },
        tag,
    )
