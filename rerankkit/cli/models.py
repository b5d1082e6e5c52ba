"""`rerankkit models`."""

from pathlib import Path

import click

from rerankkit.cli.inputs import models_option


@click.command(short_help="List the checkpoints that --model knows by name.")
@models_option
def command(models: Path) -> None:
    """List the rerankers that `rerank --model` knows by name.

    \b
    Examples:
      rerankkit models
      rerankkit models --models /data/checkpoints
    """
    from rerankkit.rerank.models import known_models

    click.echo(f"{'name':24} {'architecture':14} {'parameters':>12}  started from")
    click.echo(f"{'bm25':24} {'identity':14} {0:12,}  the first stage's own scores")
    for known in known_models(models):
        click.echo(f"{known.name:24} {known.architecture:14} {known.parameters:12,}  {known.base}")
