"""`rerankkit cpt`."""

from pathlib import Path
from typing import Any

import click

from rerankkit.cli.click_options import ClickFlags, click_options
from rerankkit.cli.inputs import (
    LLMS,
    collection_of,
    collection_option,
    index_option,
    models_option,
    names_of,
    start_option,
)
from rerankkit.cli.places import NAME, OUTPUT_FOLDER
from rerankkit.cli.training import lora_names, tell, training_options
from rerankkit.errors import InputError


@click.command(short_help="Continued pre-training of an LLM on clicks.")
@click.option(
    "--clicks", type=click.Path(path_type=Path), help="query, docid or query, title, summary[, clicks[, rank]]."
)
@click_options
@click.option("--topics", type=NAME, help="With --displayed: the queries of that run.")
@index_option
@collection_option
@start_option("The LLM", names=LLMS)
@click.option("--output", type=OUTPUT_FOLDER, required=True, help="Folder of the trained LLM.")
@training_options
@models_option
def command(
    clicks: Path | None,
    topics: str | None,
    index: str | None,
    collection: Path | None,
    model: str,
    output: Path,
    config: Path | None,
    models: Path,
    **flags: Any,
) -> None:
    """Continue an LLM's pre-training on clicks: given the query, it learns the clicked title and summary.

    Clicks that name documents need --index or --collection for the text. `sft` then starts from the output.
    A line counts once, or with --click-weight as often as it was clicked.

    \b
    Examples:
      rerankkit cpt --clicks clicks.jsonl --index runs/index --model smollm2-135m --lora-r 16 \\
        --output runs/models/cpt
      rerankkit cpt --clicks clicks.tsv.gz --collection docs.jsonl --model runs/models/smollm2-135m \\
        --learning-rate 2e-5 --num-train-epochs 2 --output runs/models/cpt
      rerankkit cpt --clicks clicks.jsonl --click-weight log-count --index runs/index --model smollm2-135m \\
        --output runs/models/cpt
      rerankkit cpt --displayed runs/shown.txt --topics topics.tsv --clicked-top 3 --collection docs.jsonl \\
        --model smollm2-135m --output runs/models/cpt
    """
    told = ClickFlags.taken(clicks, topics, flags)
    if not told.given:
        raise InputError("there is nothing to learn", "Give --clicks, or --displayed with --clicked-top")
    from rerankkit.rerank.models import resolve
    from rerankkit.train.cpt import clicked_documents, continue_pretraining
    from rerankkit.train.settings import Training, settings_from

    settings = settings_from(Training, lora_names(flags), config, per_device_train_batch_size=8)
    start = resolve(model, models)
    with told.told_of_file():
        read = list(told.read())
    named = any(one.document is None for one in read)
    texts = collection_of(index, collection, None) if named else {}
    with told.told_of_file():
        learnt = clicked_documents(read, texts, told.weight)
    sources = names_of(clicks=clicks, index=index, collection=collection, **{"displayed run": told.displayed})
    continue_pretraining(start, learnt, output, settings, sources)
    tell(output)
