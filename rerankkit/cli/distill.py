"""`rerankkit distill`."""

from pathlib import Path
from typing import Any

import click

from rerankkit.cli.dev_options import DevFlags, dev_options
from rerankkit.cli.inputs import (
    all_queries,
    apart,
    collection_of,
    collection_option,
    held_out_options,
    index_option,
    merged,
    models_option,
    names_of,
    start_option,
)
from rerankkit.cli.places import NAME, OUTPUT_FOLDER
from rerankkit.cli.training import lora_names, loss_option, loss_options, parsed_options, tell, training_options
from rerankkit.errors import InputError


@click.command(short_help="Fit a student to a teacher's run.")
@click.option(
    "--run", "runs", type=NAME, multiple=True, required=True, help="The teacher's run, raw scores. May repeat."
)
@click.option("--topics", type=NAME, multiple=True, required=True, help="Topics of the runs. May repeat.")
@index_option
@collection_option
@click.option("--depth", type=click.IntRange(1), help="The run's first so many: the depth at which the teacher scored.")
@start_option("The student", "minilm-l6")
@click.option("--output", type=OUTPUT_FOLDER, required=True, help="Folder of the checkpoint.")
@loss_option("hybrid")
@click.option("--alpha", type=float, help="Hybrid: weight of the point term.  [default: 1]")
@click.option("--beta", type=float, help="Hybrid: weight of the margin term.  [default: 1]")
@dev_options
@held_out_options
@loss_options
@training_options
@models_option
def command(
    runs: tuple[str, ...],
    topics: tuple[str, ...],
    index: str | None,
    collection: Path | None,
    depth: int | None,
    model: str,
    output: Path,
    alpha: float | None,
    beta: float | None,
    held_out: tuple[str, ...],
    drop_overlap: bool,
    loss_option: tuple[str, ...],
    config: Path | None,
    models: Path,
    **flags: Any,
) -> None:
    """Distil a teacher's run into a student: the run's scores are what the student learns to give.

    Any run with scores teaches. A run that was reranked to a depth and keeps the first stage's tail below it needs
    that --depth, since a tail's scores are nobody's. Several teachers of the same queries are made one by `fuse` first.

    \b
    Examples:
      rerankkit distill --run runs/teacher.txt --topics topics.tsv --index runs/index \\
        --model minilm-l6 --alpha 1 --beta 1 --output runs/models/bert-distilled
      rerankkit distill --run runs/teacher.train.txt --run runs/teacher.more.txt --topics train.tsv \\
        --topics more.tsv --collection docs.jsonl --loss margin-mse --output runs/models/bert-margin
      rerankkit distill --run runs/teacher.txt --topics topics.tsv --collection docs.jsonl \\
        --sampling stratified --held-out test.tsv --drop-overlap --output runs/models/bert-stratified
      rerankkit distill --run runs/teacher.txt --topics topics.tsv --index runs/index \\
        --dev-run runs/bm25.dev.txt --dev-qrels qrels.dev.txt --dev-topics dev.tsv --early-stopping-patience 3 \\
        --output runs/models/bert-best
    """
    from rerankkit.groups.build import groups_of
    from rerankkit.groups.label import by_run
    from rerankkit.rerank.models import resolve
    from rerankkit.train.rank import Job, fit
    from rerankkit.train.settings import RankTraining, settings_from
    from rerankkit.trec import read_run

    dev_set = DevFlags.taken(flags)
    given = {"alpha": alpha, "beta": beta}
    options = {name: value for name, value in given.items() if value is not None}
    others = parsed_options(loss_option) or {}
    for name in options.keys() & others.keys():
        raise InputError(f"--{name} and --loss-option {name} say the same", "Give one of them")
    flags["loss_options"] = {**options, **others} or None
    settings = settings_from(RankTraining, lora_names(flags), config, loss="hybrid")
    settings.draws(teacher=True)
    start = resolve(model, models)
    queries = all_queries(topics)
    teacher = apart(merged([read_run(path) for path in runs]), queries, held_out, drop_overlap)
    groups = groups_of(teacher, queries, collection_of(index, collection, teacher), depth)
    dev = dev_set.read(topics, index, collection, settings.metric_for_best_model)
    sources = names_of(topics=topics, index=index, collection=collection, **{"teacher's run": runs})
    fit(Job(start, output, settings, True, dev, sources), by_run(groups, teacher))
    tell(output)
