"""`rerankkit sft`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from rerankkit.cli.click_options import ClickFlags, click_options
from rerankkit.cli.dev_options import DevFlags, dev_options
from rerankkit.cli.inputs import (
    apart,
    collection_of,
    collection_option,
    held_out_options,
    index_option,
    models_option,
    names_of,
    queries_of,
    start_option,
    topics_option,
)
from rerankkit.cli.places import NAME, OUTPUT_FOLDER
from rerankkit.cli.training import (
    lora_names,
    loss_option,
    loss_options,
    parsed_options,
    people_options,
    tell,
    training_options,
)
from rerankkit.errors import InputError


@click.command(short_help="Fine-tune a reranker on labels with a rank loss.")
@click.option(
    "--run",
    "runs",
    type=NAME,
    multiple=True,
    required=True,
    help="First-stage run: candidates and negatives. May repeat: the lists of a query are interleaved.",
)
@topics_option
@index_option
@collection_option
@click.option("--qrels", type=click.Path(path_type=Path), help="Labels: grades.")
@click.option("--clicks", type=click.Path(path_type=Path), help="Labels: clicks, matched by the query's text.")
@click_options
@click.option("--judged-only", is_flag=True, help="Only judged candidates; otherwise an unjudged one is grade 0.")
@click.option("--depth", type=click.IntRange(1), help="Candidates of each query that are considered.")
@start_option("Where to start")
@click.option("--output", type=OUTPUT_FOLDER, required=True, help="Folder of the checkpoint.")
@loss_option("ranknet")
@click.option("--suspects", type=click.Path(path_type=Path), help="A teacher's run: tells likely false negatives.")
@click.option("--drop-suspects", is_flag=True, help="Leave the likely false negatives of --suspects out.")
@dev_options
@held_out_options
@people_options
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
    suspects: Path | None,
    drop_suspects: bool,
    held_out: tuple[str, ...],
    drop_overlap: bool,
    loss_option: tuple[str, ...],
    config: Path | None,
    models: Path,
    **flags: Any,
) -> None:
    """Fine-tune a reranker on people's labels: groups from a first-stage run, a rank loss over each.

    An LLM is scored by its last token, an encoder by its first. Killed, the same command goes on where it stopped.
    A likely false negative is an unjudged candidate that the run of --suspects (reranked with --no-tail) puts above at
    least half of its query's positives.

    \b
    Examples:
      rerankkit sft --run runs/bm25.txt --topics topics.tsv --index runs/index --qrels qrels.txt \\
        --model smollm2-135m --lora-r 16 --loss ranknet --output runs/models/llm-teacher
      rerankkit sft --run runs/bm25.txt --topics topics.tsv --collection docs.jsonl --clicks clicks.jsonl \\
        --model minilm-l6 --loss lce --output runs/models/bert-clicks
      rerankkit sft --run runs/bm25.txt --topics topics.tsv --collection docs.jsonl --clicks log.tsv \\
        --click-weight ipw --displayed runs/shown.txt --model minilm-l6 --output runs/models/bert-ipw
      rerankkit sft --run runs/bm25.txt --run runs/dense.txt --topics topics.tsv --index runs/index \\
        --qrels qrels.txt --suspects runs/teacher.txt --drop-suspects --held-out test.tsv --drop-overlap \\
        --loss lce --positives 1 --negatives 10-100 --model minilm-l6 --output runs/models/bert-lce
      rerankkit sft --run runs/bm25.txt --topics topics.tsv --index runs/index --qrels qrels.txt \\
        --dev-run runs/bm25.dev.txt --dev-qrels qrels.dev.txt --dev-topics dev.tsv --eval-steps 100 \\
        --early-stopping-patience 3 --model minilm-l6 --output runs/models/bert-best
      torchrun --nproc-per-node 2 -m -- rerankkit sft --run runs/bm25.txt --topics topics.tsv \\
        --index runs/index --qrels qrels.txt --model minilm-l6 --output runs/models/bert-labels
    """
    told, dev_set = ClickFlags.taken(clicks, topics, flags), DevFlags.taken(flags)
    if (qrels is None) != told.given:
        raise InputError("labels come from one place", "Give either --qrels or --clicks")
    if drop_suspects and suspects is None:
        raise InputError("--drop-suspects has no scores to go by", "Give a teacher's run: --suspects")
    from rerankkit.groups.build import groups_of
    from rerankkit.groups.candidates import union
    from rerankkit.groups.label import by_clicks, by_qrels
    from rerankkit.groups.suspects import examined
    from rerankkit.rerank.models import resolve
    from rerankkit.train.rank import Job, fit
    from rerankkit.train.settings import RankTraining, settings_from
    from rerankkit.trec import read_qrels, read_run

    flags["loss_options"] = parsed_options(loss_option)
    settings = settings_from(RankTraining, lora_names(flags), config)
    start = resolve(model, models)
    queries = queries_of(topics)
    run = apart(union([read_run(path) for path in runs]), queries, held_out, drop_overlap)
    groups = groups_of(run, queries, collection_of(index, collection, run), depth)
    judged: Mapping[str, Mapping[str, float]]
    if qrels is not None:
        judged = grades = read_qrels(qrels)
        labelled = by_qrels(groups, grades, judged_only)
    else:
        clicked = told.labels()
        judged = {qid: clicked.get(query.text, {}) for qid, query in queries.items()}
        labelled = by_clicks(groups, clicked)
    if suspects is not None:
        labelled = examined(labelled, read_run(suspects), judged, drop_suspects)
    dev = dev_set.read([topics], index, collection, settings.metric_for_best_model)
    labels = {"qrels": qrels, "clicks": clicks, "displayed run": told.displayed}
    texts = {"index": index, "collection": collection}
    fit(Job(start, output, settings, False, dev, names_of(run=runs, topics=topics, **labels, **texts)), labelled)
    tell(output)
