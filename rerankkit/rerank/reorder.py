"""Groups to run: candidates in the order of their new scores, resumed query by query after a kill."""

import json
from collections.abc import Iterable, Iterator
from itertools import tee
from pathlib import Path

from rerankkit.errors import InputError
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
        """Opens `OUTPUT.journal`; one of other settings is started anew, a line cut by a kill is dropped."""
        self.path = output.with_name(f"{output.name}.journal")
        self.done: dict[str, list[Hit]] = {}
        head = json.dumps(settings, sort_keys=True)
        lines = self.path.read_text("utf-8").split("\n") if self.path.is_file() else []
        kept = [head]
        if lines and lines[0] == head:
            for line in lines[1:-1]:  # what follows the last line break was not written to its end
                record = json.loads(line)
                self.done[record["qid"]] = [Hit(docid, score) for docid, score in record["hits"]]
                kept.append(line)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("\n".join(kept) + "\n", "utf-8")
        self._file = self.path.open("a", encoding="utf-8")

    def add(self, qid: str, hits: list[Hit]) -> None:
        """Writes a finished query down."""
        self._file.write(json.dumps({"qid": qid, "hits": hits}) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Removes the journal: the output is whole."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def run_of(first_stage: Run, results: Iterable[tuple[str, list[Hit]]], depth: int | None, tail: bool, tag: str) -> Run:
    """The reranked run, each query with the first stage's tail below `depth` unless it is not wanted."""
    return Run.ranked(
        {
            qid: with_tail(hits, first_stage.docids(qid)[depth:] if tail and depth is not None else ())
            for qid, hits in results
        },
        tag,
    )
