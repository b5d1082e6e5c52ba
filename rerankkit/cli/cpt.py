"""`rerankkit cpt`."""

from pathlib import Path
from typing import Any

import click

from rerankkit.cli.inputs import collection_of, collection_option, index_option, models_option
from rerankkit.cli.training import lora_names, training_options


@click.command(short_help="Continued pre-training of an LLM on clicks.")
@click.option(
    "--clicks", type=click.Path(path_type=Path), required=True, help="query, docid[, clicks] or query, title, summary."
)
@index_option
@collection_option
@click.option("--model", required=True, help="The LLM: a folder, smollm2-135m, a Hugging Face id.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Folder of the trained LLM.")
@training_options
@models_option
def command(
    clicks: Path,
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

    \b
    Examples:
      rerankkit cpt --clicks clicks.jsonl --index runs/index --model smollm2-135m --lora-r 16 \\
        --output runs/models/cpt
      rerankkit cpt --clicks clicks.tsv.gz --collection docs.jsonl --model runs/models/smollm2-135m \\
        --learning-rate 2e-5 --num-train-epochs 2 --output runs/models/cpt
    """
    from rerankkit.collection.clicks import read_clicks
    from rerankkit.train.cpt import clicked_documents, continue_pretraining
    from rerankkit.train.settings import Training, settings_from
    from rerankkit.train.weights import base_model

    settings = settings_from(Training, lora_names(flags), config, per_device_train_batch_size=8)
    told = list(read_clicks(clicks))
    named = any(one.document is None for one in told)
    texts = collection_of(index, collection, None) if named else {}
    continue_pretraining(base_model(model, models), clicked_documents(told, texts), output, settings)
    click.echo(f"{output}")
