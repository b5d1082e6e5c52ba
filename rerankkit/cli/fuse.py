"""`rerankkit fuse`."""

from pathlib import Path

import click

from rerankkit.cli.inputs import check_output
from rerankkit.errors import InputError


@click.command(short_help="Make one run of several: a committee of teachers, or fused first stages.")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--method",
    type=click.Choice(["committee", "rrf", "combsum", "combmnz"]),
    default="committee",
    show_default=True,
    help="committee: mean of scores standardised a run; the others fuse ranks or scores a query.",
)
@click.option("--weights", help="One number a run, by commas; equal by default.")
@click.option("--k", type=float, help="rrf: how little the first ranks stand out.  [default: 60]")
@click.option("--depth", type=click.IntRange(1), help="Keep so many hits of each query.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="The run, TREC format.")
@click.option("--tag", help="The run's tag; the method's name by default.")
def command(
    runs: tuple[Path, ...],
    method: str,
    weights: str | None,
    k: float | None,
    depth: int | None,
    output: Path,
    tag: str | None,
) -> None:
    """Combine runs of the same queries.

    A committee's run is a teacher's run like any other: its members scored the same candidates, each is standardised
    by one mean and deviation over all its scores, and candidates that one of them did not score are left out. A
    committee of one is its run standardised, so that teachers of different queries can be distilled together.

    \b
    Examples:
      rerankkit fuse runs/llm.txt runs/bert.txt runs/bi-encoder.txt --output runs/committee.txt
      rerankkit fuse runs/llm.txt runs/bert.txt --weights 2,1 --output runs/committee.txt
      rerankkit fuse runs/bm25.txt runs/dense.txt --method rrf --depth 100 --output runs/fused.txt
    """
    check_output(output, tag)
    if k is not None and method != "rrf":
        raise InputError(f"--k is for --method rrf, not {method}", "Leave it out")
    from rerankkit.retrieve.fusion import METHODS
    from rerankkit.run import Run
    from rerankkit.trec import read_run, write_run

    members = [read_run(path) for path in runs]
    for path, run in zip(runs, members, strict=True):
        run.tag = path.name  # by which a message names it
    options = {} if k is None else {"k": k}
    fused = METHODS[method](members, _numbers(weights), **options)
    kept = {qid: list(zip(fused.docids(qid)[:depth], fused.scores(qid)[:depth], strict=True)) for qid in fused}
    write_run(Run.ranked(kept, tag or method), output)
    click.echo(f"{output}")


def _numbers(weights: str | None) -> list[float] | None:
    if weights is None:
        return None
    try:
        return [float(part) for part in weights.split(",")]
    except ValueError:
        raise InputError(f"--weights {weights!r}", "Expected numbers by commas, one a run, e.g. 2,1") from None
