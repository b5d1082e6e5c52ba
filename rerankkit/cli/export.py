"""`rerankkit export`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rerankkit.cli.inputs import collection_of, collection_option, index_option, models_option, queries_of
from rerankkit.cli.places import MODEL, NAME, OUTPUT_FOLDER
from rerankkit.errors import InputError

if TYPE_CHECKING:
    from rerankkit.types import Collection, Group, Queries


@click.command(short_help="Write a checkpoint in a form that other programs serve.")
@click.option(
    "--model", type=MODEL, required=True, help="A checkpoint of --models by name, a folder, a Hugging Face id."
)
@click.option(
    "--format", "form", required=True, type=click.Choice(("openvino", "onnx", "merged")), help="What is written."
)
@click.option("--dtype", default="float32", show_default=True, help="float32, bf16, float16, int8.")
@click.option("--output", required=True, type=OUTPUT_FOLDER, help="The folder.")
@click.option("--run", "run_path", type=click.Path(path_type=Path), help="Lists to compare both models' scores by.")
@click.option("--topics", type=NAME, help="Their topics file, or a name that Pyserini knows.")
@index_option
@collection_option
@click.option("--qrels", type=click.Path(path_type=Path), help="Grades: tells the change of nDCG@10 too.")
@click.option("--calibrate", type=click.Path(path_type=Path), help="int8: lists that the scales are set by, a run.")
@click.option("--calibrate-topics", type=NAME, help="Their topics, where --topics does not hold them.")
@click.option("--queries", default=50, show_default=True, type=click.IntRange(1), help="How many lists are compared.")
@click.option("--depth", default=100, show_default=True, type=click.IntRange(2), help="How many candidates of each.")
@click.option("--force", is_flag=True, help="Write it even where it does not rank as the checkpoint does.")
@models_option
def command(
    model: str,
    form: str,
    dtype: str,
    output: Path,
    run_path: Path | None,
    topics: str | None,
    index: str | None,
    collection: Path | None,
    qrels: Path | None,
    calibrate: Path | None,
    calibrate_topics: str | None,
    queries: int,
    depth: int,
    force: bool,
    models: Path,
) -> None:
    """Write a checkpoint in a form that other programs serve, and tell how far it ranks as before.

    Every folder holds whole weights in safetensors, an adapter merged into its base, with configuration, tokenizer and
    card: sentence-transformers, Text Embeddings Inference and vLLM serve it. openvino and onnx add a compiled model,
    which `rerank` runs without torch; an LLM takes openvino alone, in float32 or bf16. Both models score lists, yours
    or built-in ones; where they disagree nothing is written and the exit code is 2. int8 sets its scales by
    --calibrate, or by every other list.

    \b
    Examples:
      rerankkit export --model bert-distilled --format openvino --dtype bf16 --output runs/models/bert-openvino
      rerankkit export --model bert-distilled --format openvino --dtype int8 --run runs/bm25.txt \\
        --topics topics.tsv --collection docs.jsonl --qrels qrels.txt --output runs/models/bert-int8
      rerankkit export --model runs/models/llm-teacher/adapter --format merged --output runs/models/teacher-whole
    """
    lists, calibration, measure = _inputs(
        _Given(run_path, topics, index, collection, calibrate, calibrate_topics), qrels, queries, depth
    )
    from rerankkit.rerank.exporting import Wanted, export
    from rerankkit.rerank.models import architecture_of, resolve

    wanted = Wanted(form, dtype, lists, calibration, measure, force)
    checkpoint = resolve(model, models)
    parity = export(checkpoint, architecture_of(checkpoint), wanted, output)
    click.echo(parity.told(), err=True)
    if not parity.passes(wanted.dtype):
        click.echo("Warning: it does not rank as the checkpoint does; written because of --force", err=True)
    click.echo(f"{output}")


class _Given:
    """Where the user's own lists are."""

    def __init__(
        self,
        run: Path | None,
        topics: str | None,
        index: str | None,
        collection: Path | None,
        calibrate: Path | None,
        calibrate_topics: str | None,
    ) -> None:
        self.run, self.topics, self.index, self.collection = run, topics, index, collection
        self.calibrate, self.calibrate_topics = calibrate, calibrate_topics or topics
        if run is None and (topics or index or collection or calibrate):
            raise InputError("no lists to compare by", "Give the run too: --run")
        if run is not None and topics is None:
            raise InputError("--run has no topics", "Give them: --topics")

    def groups(self, path: Path, topics: str, queries: int, depth: int, judged: set[str] | None) -> "list[Group]":
        """Some of a run's lists, spread over it; only judged ones where it is known which they are."""
        from rerankkit.groups.build import groups_of
        from rerankkit.run import Run
        from rerankkit.trec import read_run

        run = read_run(path)
        qids = [qid for qid in run if judged is None or qid in judged]
        if not qids:
            raise InputError("no query of the run is in the qrels", "Give the qrels of its topics", path)
        qids = qids[:: max(1, len(qids) // queries)][:queries]
        chosen = Run({qid: run[qid][:depth] for qid in qids}, run.tag)
        texts: Collection = collection_of(self.index, self.collection, chosen)
        known: Queries = queries_of(topics)
        return list(groups_of(chosen, known, texts))


def _inputs(
    given: _Given, qrels: Path | None, queries: int, depth: int
) -> "tuple[list[Group], list[Group], Callable | None]":
    """The lists to compare by, those to calibrate by, and what measures nDCG@10."""
    from rerankkit.rerank.probe import built_in_probe, halves

    if given.run is None or given.topics is None:
        if qrels is not None:
            raise InputError("--qrels is of no use without a run", "Give --run, --topics and the collection")
        calibration, lists = halves(built_in_probe())
        return lists, calibration, None
    from rerankkit.trec import read_qrels

    grades = None if qrels is None else read_qrels(qrels)
    lists = given.groups(given.run, given.topics, queries, depth, None if grades is None else set(grades))
    if given.calibrate is not None:
        calibration = given.groups(given.calibrate, given.calibrate_topics or given.topics, 40, 16, None)
    else:
        calibration, lists = halves(lists) if len(lists) > 1 else (lists, lists)
    if grades is None:
        return lists, calibration, None

    def measure(scores: "list[list[float]]") -> float:
        from rerankkit.evaluate.measures import evaluate
        from rerankkit.run import Run

        hits = {
            group.query.qid: list(zip((one.document.docid for one in group.candidates), of_query, strict=True))
            for group, of_query in zip(lists, scores, strict=True)
        }
        judged = {qid: grades[qid] for qid in hits}
        return evaluate(Run(hits, "export"), judged, ["nDCG@10"]).values["nDCG@10"]

    return lists, calibration, measure
