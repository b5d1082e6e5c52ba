"""A run's hits joined with the texts of queries and documents."""

from collections.abc import Iterator

from rerankkit.errors import InputError
from rerankkit.run import Run
from rerankkit.types import Candidate, Collection, Document, Group, Queries


def groups_of(run: Run, queries: Queries, collection: Collection, depth: int | None = None) -> Iterator[Group]:
    """A group for each of the run's queries, its candidates in the run's order, `depth` at the most.

    Raises InputError where the run names a query or document that is not there, or an empty document.
    """
    unknown = [qid for qid in run if qid not in queries]
    if unknown:
        raise InputError(
            f"{len(unknown)} of the run's {len(run)} queries are not in the topics, first: {unknown[0]}",
            "Give the topics that this run was made for",
        )
    for qid in run:
        pairs = zip(run.docids(qid)[:depth], run.scores(qid)[:depth], strict=True)
        candidates = tuple(
            Candidate(_document(collection, docid, qid), score, rank) for rank, (docid, score) in enumerate(pairs, 1)
        )
        yield Group(queries[qid], candidates)


def _document(collection: Collection, docid: str, qid: str) -> Document:
    try:
        document = collection[docid]
    except KeyError:
        raise InputError(
            f"document {docid} of query {qid} is not in the collection", "Give the collection that was searched"
        ) from None
    if not document.title and not document.text:
        raise InputError(f"document {docid} of query {qid} is empty", "Give it a text, or take it out of the run")
    return document
