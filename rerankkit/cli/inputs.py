"""What several commands read: topics, and the text of the documents that a run names."""

from pathlib import Path

import click

from rerankkit.errors import InputError
from rerankkit.run import Run
from rerankkit.types import Collection, Queries

index_option = click.option("--index", help="Lucene index folder, or a Pyserini prebuilt index, that holds the text.")
collection_option = click.option(
    "--collection", type=click.Path(path_type=Path), help="JSONL file or folder that holds the text instead."
)
topics_option = click.option("--topics", required=True, help="Topics file, or a name that Pyserini knows.")
models_option = click.option(
    "--models",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs/models"),
    show_default=True,
    help="Folder of checkpoints that --model finds by name.",
)


def queries_of(topics: str) -> Queries:
    """The queries of a topics file or registered name."""
    from rerankkit.collection.topics import load_topics

    return load_topics(topics)


def collection_of(index: str | None, collection: Path | None, run: Run | None) -> Collection:
    """The documents of an index or of a JSONL collection; of the latter, those that the run names (all without one).

    Raises InputError unless exactly one of both is given.
    """
    if (index is None) == (collection is None):
        raise InputError("the documents' text comes from one place", "Give either --index or --collection")
    if collection is not None:
        from rerankkit.collection.jsonl import load_documents

        wanted = None if run is None else {docid for qid in run for docid in run.docids(qid)}
        return load_documents(collection, wanted)
    from rerankkit.collection.lucene import LuceneCollection

    return LuceneCollection(str(index))


def merged(runs: list[Run]) -> Run:
    """Several runs of different queries as one; InputError where two hold the same query."""
    hits: dict[str, list[tuple[str, float]]] = {}
    for run in runs:
        for qid in run:
            if qid in hits:
                raise InputError(f"query {qid} stands in two of the runs", "Give runs of different queries")
            hits[qid] = list(zip(run.docids(qid), run.scores(qid), strict=True))
    return runs[0] if len(runs) == 1 else Run(hits, runs[0].tag)
