"""`rerankkit average`."""

from pathlib import Path

import click

from rerankkit.cli.inputs import check_distinct, models_option, numbers_of
from rerankkit.cli.places import MODEL, OUTPUT_FOLDER


@click.command(short_help="Make one reranker of several that began alike: the mean of their weights.")
@click.argument("checkpoints", nargs=-1, required=True, type=MODEL)
@click.option("--weights", help="One number a checkpoint, by commas; equal by default.")
@click.option("--output", required=True, type=OUTPUT_FOLDER, help="The folder.")
@models_option
def command(checkpoints: tuple[str, ...], weights: str | None, output: Path, models: Path) -> None:
    """Average the weights of checkpoints that were trained from one start.

    Students of several seeds make one that ranks at the cost of one; so do students of several collections, each by
    its share of the weights. Checkpoints that did not begin alike have no mean that ranks: measure it (rerankkit
    evaluate).

    \b
    Examples:
      rerankkit average bert-0 bert-1 bert-2 --output runs/models/bert-distilled
      rerankkit average runs/models/bert-web runs/models/bert-products --weights 4,1 --output runs/models/bert-general
    """
    from rerankkit.rerank.models import resolve
    from rerankkit.train.average import average

    found = [resolve(checkpoint, models) for checkpoint in checkpoints]
    check_distinct(found)
    click.echo(f"{average(found, numbers_of(weights), output)}")
