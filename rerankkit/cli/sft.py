"""`rerankkit sft`."""

from pathlib import Path
from typing import Any

import click

from rerankkit.cli.inputs import (
    collection_of,
    collection_option,
    index_option,
    merged,
    models_option,
    queries_of,
    topics_option,
)
from rerankkit.cli.training import lora_names, loss_options, parsed_options, training_options
from rerankkit.errors import InputError


@click.command(short_help="Fine-tune a reranker on labels with a rank loss.")
@click.option(
    "--run", "runs", multiple=True, required=True, help="First-stage run: candidates and negatives. May repeat."
)
@topics_option
@index_option
@collection_option
@click.option("--qrels", type=click.Path(path_type=Path), help="Labels: grades.")
@click.option("--clicks", type=click.Path(path_type=Path), help="Labels: clicks, matched by the query's text.")
@click.option("--judged-only", is_flag=True, help="Only judged candidates; otherwise an unjudged one is grade 0.")
@click.option("--depth", type=int, help="Candidates of each query that are considered.")
@click.option("--model", required=True, help="Where to start: a folder, smollm2-135m, minilm-l6, a Hugging Face id.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Folder of the checkpoint.")
@click.option("--loss", help="hinge, ranknet (default), lce, or a plug-in.")
@loss_options
@training_options
@models_option
def command(
    runs: tuple[str, ...],
    topics: str,
    index: str | None,
    collection: Path | None,
    qrels: Path | None,
    clicks: Path | None,
    judged_only: bool,
    depth: int | None,
    model: str,
    output: Path,
    loss_option: tuple[str, ...],
    config: Path | None,
    models: Path,
    **flags: Any,
) -> None:
    """Fine-tune a reranker on people's labels: groups from a first-stage run, a rank loss over each.

    An LLM is scored by its last token, an encoder by its first. Killed, the same command goes on where it stopped.

    \b
    Examples:
      rerankkit sft --run runs/bm25.txt --topics topics.tsv --index runs/index --qrels qrels.txt \\
        --model smollm2-135m --lora-r 16 --loss ranknet --output runs/models/llm-teacher
      rerankkit sft --run runs/bm25.txt --topics topics.tsv --collection docs.jsonl --clicks clicks.jsonl \\
        --model minilm-l6 --loss lce --output runs/models/bert-clicks
      torchrun --nproc-per-node 2 -m -- rerankkit sft --run runs/bm25.txt --topics topics.tsv \\
        --index runs/index --qrels qrels.txt --model minilm-l6 --output runs/models/bert-labels
    """
    if (qrels is None) == (clicks is None):
        raise InputError("labels come from one place", "Give either --qrels or --clicks")
    from rerankkit.collection.clicks import clicks_by_query
    from rerankkit.groups.build import groups_of
    from rerankkit.groups.label import by_clicks, by_qrels
    from rerankkit.train.rank import Job, fit
    from rerankkit.train.settings import RankTraining, settings_from
    from rerankkit.train.weights import base_model
    from rerankkit.trec import read_qrels, read_run

    flags["loss_options"] = parsed_options(loss_option)
    settings = settings_from(RankTraining, lora_names(flags), config)
    run = merged([read_run(path) for path in runs])
    groups = groups_of(run, queries_of(topics), collection_of(index, collection, run), depth)
    if qrels is not None:
        labelled = by_qrels(groups, read_qrels(qrels), judged_only)
    else:
        labelled = by_clicks(groups, clicks_by_query(clicks or ""))
    fit(Job(base_model(model, models), output, settings, teacher=False), labelled)
    click.echo(f"{output}")
