"""`rerankkit fuse`."""

from pathlib import Path

import click

from rerankkit.cli.inputs import check_distinct, check_tag, numbers_of
from rerankkit.cli.places import OUTPUT_FILE
from rerankkit.errors import InputError

OPTIONS = {"k": ("rrf",), "alpha": ("interpolation",), "norm": ("interpolation", "combsum", "combmnz")}
"""Which methods have an option."""


@click.command(short_help="Make one run of several: a committee of teachers, or fused first stages.")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--method",
    type=click.Choice(["committee", "rrf", "interpolation", "combsum", "combmnz"]),
    default="committee",
    show_default=True,
    help="committee: mean of scores standardised a run; the others fuse ranks or scores a query.",
)
@click.option(
    "--norm",
    type=click.Choice(["min-max", "max", "sum", "z", "rank", "borda", "none"]),
    help="How a query's scores are brought to one scale.  [default: min-max; interpolation: none]",
)
@click.option("--alpha", type=float, help="interpolation: the first run's share.  [default: 0.5]")
@click.option("--weights", help="One number a run, by commas; equal by default.")
@click.option("--k", type=float, help="rrf: how little the first ranks stand out.  [default: 60]")
@click.option("--depth", type=click.IntRange(1), help="Keep so many hits of each query.")
@click.option("--output", required=True, type=OUTPUT_FILE, help="The run, TREC format.")
@click.option("--tag", help="The run's tag; the method's name by default.")
def command(
    runs: tuple[Path, ...],
    method: str,
    norm: str | None,
    alpha: float | None,
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

    The others take the union of what the runs found: rrf sums 1 / (k + rank), interpolation and combsum sum scores,
    combmnz multiplies the sum by the number of runs that found the document.

    \b
    Examples:
      rerankkit fuse runs/llm.txt runs/bert.txt runs/bi-encoder.txt --output runs/committee.txt
      rerankkit fuse runs/llm.txt runs/bert.txt --weights 2,1 --output runs/committee.txt
      rerankkit fuse runs/bm25.txt runs/dense.txt --method rrf --depth 100 --output runs/fused.txt
      rerankkit fuse runs/bert.txt runs/bm25.txt --method interpolation --alpha 0.8 --norm min-max \\
        --output runs/mixed.txt
    """
    check_tag(tag)
    check_distinct(runs)
    options = _options(method, {"k": k, "alpha": alpha, "norm": norm})
    from rerankkit.retrieve.fusion import METHODS
    from rerankkit.run import Run
    from rerankkit.trec import read_run, write_run

    members = [read_run(path) for path in runs]
    for path, run in zip(runs, members, strict=True):
        run.tag = path.name  # by which a message names it
    fused = METHODS[method](members, numbers_of(weights), **options)
    kept = {qid: list(zip(fused.docids(qid)[:depth], fused.scores(qid)[:depth], strict=True)) for qid in fused}
    write_run(Run.ranked(kept, tag or method), output)
    click.echo(f"{output}")


def _options(method: str, given: dict[str, float | str | None]) -> dict[str, float | str]:
    """The options that were given; InputError for one that the method does not have."""
    options = {name: value for name, value in given.items() if value is not None}
    for name in options:
        if method not in OPTIONS[name]:
            raise InputError(f"--{name} is for --method {' and '.join(OPTIONS[name])}, not {method}", "Leave it out")
    return options
