"""What several commands read: topics, the text of the documents that a run names, queries held out."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from rerankkit.cli.places import INDEX, MODEL, NAME, FileOrFolder, LookedIn
from rerankkit.errors import InputError
from rerankkit.rerank.pairs import LONG_QUERIES
from rerankkit.run import Run
from rerankkit.types import Collection, Group, Queries, Query

log = logging.getLogger(__name__)

index_option = click.option(
    "--index", type=INDEX, help="Lucene index folder, or a Pyserini prebuilt index, that holds the text."
)
collection_option = click.option(
    "--collection", type=FileOrFolder(), help="File or folder of documents that hold the text instead, as for `index`."
)
topics_option = click.option("--topics", type=NAME, required=True, help="Topics file, or a name that Pyserini knows.")
models_option = click.option(
    "--models",
    type=LookedIn(),
    default=Path("runs/models"),
    show_default=True,
    help="Folder of checkpoints that --model finds by name.",
)
backend_option = click.option(
    "--backend",
    default="auto",
    show_default=True,
    envvar="RERANKKIT_BACKEND",
    show_envvar=True,
    help="What computes: auto, torch, onnx, openvino.",
)

LONG_QUERIES_HELP = "A query too long for its pairs: cut it to half of their room at most, or stop with an error."
long_queries_option = click.option(
    "--long-queries", type=click.Choice(LONG_QUERIES), default="cut", show_default=True, help=LONG_QUERIES_HELP
)

LLMS, ENCODERS = "smollm2-135m, gemma3-270m", "minilm-l6, mpnet-base"
"""The weights from pip that --model knows by name, for help texts: the commands import nothing heavy."""

NAMED = 5
"""How many near-duplicates are named."""

PROBED = 32
"""How many of a run's lists compare a backend with torch, and how many candidates of each."""


def start_option(role: str, default: str | None = None, names: str = f"{LLMS}, {ENCODERS}") -> Callable[..., Any]:
    """`--model` of a command that trains."""
    told = f"{role}: a checkpoint of --models by name, {names}, a folder, a Hugging Face id."
    return click.option("--model", type=MODEL, required=default is None, default=default, show_default=True, help=told)


def queries_of(topics: str) -> Queries:
    """The queries of a topics file or registered name."""
    from rerankkit.collection.topics import load_topics

    return load_topics(topics)


def all_queries(names: Sequence[str]) -> Queries:
    """The queries of several topics files; InputError for a qid that two of them give different texts."""
    queries: dict[str, Query] = {}
    for topics in names:
        for qid, query in queries_of(topics).items():
            if queries.setdefault(qid, query).text != query.text:
                raise InputError(
                    f"query {qid} is {query.text!r} here, {queries[qid].text!r} in topics given before",
                    "Give each query an id of its own in topics and runs",
                    topics,
                )
    return queries


def collection_of(index: str | None, collection: Path | None, run: Run | None) -> Collection:
    """The documents of an index or of a JSONL collection; of the latter, those that the run names (all without one).

    Raises InputError unless exactly one of both is given.
    """
    if (index is None) == (collection is None):
        raise InputError("the documents' text comes from one place", "Give either --index or --collection")
    if collection is not None:
        from rerankkit.collection.documents import load_documents

        wanted = None if run is None else {docid for qid in run for docid in run.docids(qid)}
        return load_documents(collection, wanted)
    from rerankkit.collection.lucene import LuceneCollection

    return LuceneCollection(str(index))


def probe_of(run: Run, topics: str, texts: Collection) -> Callable[[], list[Group]]:
    """What gives lists of the user's own to compare backends by: PROBED of the run, spread over it, of so many each."""

    def probe() -> list[Group]:
        from rerankkit.groups.build import groups_of

        qids = list(run)[:: max(1, len(run) // PROBED)][:PROBED]
        return list(groups_of(Run({qid: run[qid] for qid in qids}, run.tag), queries_of(topics), texts, PROBED))

    return probe


def check_tag(tag: str | None) -> None:
    """Raises InputError for a tag that a run's last column cannot hold."""
    if tag is not None and len(tag.split()) != 1:
        raise InputError(f"--tag must be one word: {tag!r}", "Write it without spaces")


def check_distinct(given: Sequence[str | Path]) -> None:
    """Raises InputError where one input is given twice: it would count double without a word."""
    seen: set[Path] = set()
    for one in given:
        path = Path(one).resolve()
        if path in seen:
            raise InputError("is given twice", "Give each once; --weights says how much one counts", path=Path(one))
        seen.add(path)


def numbers_of(weights: str | None) -> list[float] | None:
    """What `--weights` holds; InputError for what is no number."""
    if weights is None:
        return None
    try:
        return [float(part) for part in weights.split(",")]
    except ValueError:
        raise InputError(f"--weights {weights!r}", "Expected numbers by commas, one of each, e.g. 2,1") from None


def names_of(**given: str | Path | Sequence[str | Path] | None) -> dict[str, str]:
    """What the inputs hold -> their names without folders, those that were given."""
    found = {}
    for what, paths in given.items():
        each = [paths] if isinstance(paths, str | Path) else list(paths or ())
        if each:
            found[what] = ", ".join(Path(path).name for path in each)
    return found


def merged(runs: list[Run]) -> Run:
    """Several runs of different queries as one; InputError where two hold the same query."""
    hits: dict[str, list[tuple[str, float]]] = {}
    for run in runs:
        for qid in run:
            if qid in hits:
                raise InputError(
                    f"query {qid} stands in two of the runs",
                    "Give runs of different queries, or combine them first: rerankkit fuse",
                )
            hits[qid] = list(zip(run.docids(qid), run.scores(qid), strict=True))
    return runs[0] if len(runs) == 1 else Run(hits, runs[0].tag)


def held_out_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what tells `apart` of the queries that the training must not see."""
    command = click.option("--drop-overlap", is_flag=True, help="Leave the near-duplicates of --held-out out.")(command)
    return click.option(
        "--held-out",
        type=NAME,
        multiple=True,
        metavar="TOPICS",
        help="Dev or test topics: tells which training queries are near-duplicates of them. May repeat.",
    )(command)


def apart(run: Run, queries: Queries, held_out: Sequence[str], drop: bool) -> Run:
    """The run, without the queries that are near-duplicates of held-out topics where `drop` says so; tells how many.

    Raises InputError where no query would be left, and where there is nothing to drop by.
    """
    if not held_out:
        if drop:
            raise InputError("--drop-overlap has nothing to compare with", "Give the dev or test topics: --held-out")
        return run
    from rerankkit.groups.overlap import near_duplicates
    from rerankkit.progress import progress

    others = [query for topics in held_out for query in queries_of(topics).values()]
    ours = [queries[qid] for qid in run if qid in queries]
    found = list(near_duplicates(progress(ours, "looking for near-duplicates", len(ours)), others))
    if not found:
        log.info("none of %d training queries is a near-duplicate of a held-out one", len(ours))
        return run
    named = "; ".join(f"{one.query.qid} {one.query.text!r} of {one.held_out.text!r}" for one in found[:NAMED])
    log.warning(
        "%d of %d training queries are near-duplicates of held-out ones%s: %s%s",
        *(len(found), len(ours), ", left out" if drop else ""),
        *(named, "; …" if len(found) > NAMED else ""),
    )
    if not drop:
        return run
    gone = {one.query.qid for one in found}
    if gone.issuperset(run):
        raise InputError("every training query is a near-duplicate of a held-out one", "Train on other queries")
    return Run({qid: run[qid] for qid in run if qid not in gone}, run.tag)


def run_names(runs: tuple[Path, ...]) -> list[str]:
    """The runs' file names, or their whole paths where two files bear the same name."""
    if len(set(runs)) < len(runs):
        raise InputError("a run is given twice", "Name each run once")
    short = [path.name for path in runs]
    return short if len(set(short)) == len(short) else [str(path) for path in runs]


def judged_topics(qrels: dict[str, dict[str, int]], topics: Path | None) -> dict[str, dict[str, int]]:
    """The judgments of the topics' queries, or all of them without topics."""
    from rerankkit.trec import read_topics

    if topics is None:
        return qrels
    kept = {qid: qrels[qid] for qid in read_topics(topics) if qid in qrels}
    if not kept:
        raise InputError("none of the topics is judged", "Check that topics and qrels belong together", topics)
    return kept
