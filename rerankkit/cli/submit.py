"""`rerankkit submit`."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rerankkit.cli.console import message
from rerankkit.cli.inputs import queries_of
from rerankkit.cli.places import NAME, OUTPUT_FOLDER
from rerankkit.errors import InputError

if TYPE_CHECKING:
    from rerankkit.check.submission import Checked
    from rerankkit.check.track import Track

SUMS = "SHA256SUMS"
"""The checksums of a submission's files, as `sha256sum -c` reads them."""


@click.command(short_help="Make a run ready for a track: checked, packed, with its metadata.")
@click.argument("run_path", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--track", type=NAME, required=True, help="The rules: a track's name, or a TOML file of your own.")
@click.option("--output", type=OUTPUT_FOLDER, help="The folder to hand in; without it, only check.")
@click.option("--tag", help="The run's tag; its own by default.")
@click.option("--topics", type=NAME, help="The track's topics: a file, or a name that Pyserini knows.")
@click.option("--team", help="Who hands it in, for the metadata.")
@click.option("--manual", is_flag=True, help="A person had a hand in it: for the metadata.")
@click.option("--allow-outside", is_flag=True, help="Also read side files outside the current and the run's folder.")
@click.pass_context
def command(
    context: click.Context,
    run_path: Path,
    track: str,
    output: Path | None,
    tag: str | None,
    topics: str | None,
    team: str | None,
    manual: bool,
    allow_outside: bool,
) -> None:
    """Check a run against a track's rules and write what is handed in: run, metadata, checksums.

    What is safe is mended and told: ranks, equal scores, line ends, depth. The order is never changed; what would need
    a choice is refused with its remedy. The folder holds the packed run, its ir_metadata (commands, models, machine,
    from the side files of the run and of what it was made of) and SHA256SUMS. Exit code 1: the run is refused.

    \b
    Examples:
      rerankkit submit runs/bert.txt --track trec-dl-2022-passages --topics dl22 --tag bert1 --team us \\
        --output runs/submission
      rerankkit submit runs/bert.txt --track generic
      rerankkit submit runs/bert.txt --track rules.toml --output runs/submission
    """
    from rerankkit.check.history import history
    from rerankkit.check.submission import checked
    from rerankkit.check.track import load_track

    rules = load_track(track)
    if output is not None:
        _check_folder(output)
    known = frozenset(queries_of(topics)) if topics else None
    result = checked(run_path, rules, known, tag)
    name, shown = message(rules.name), message(str(run_path))
    for refusal in result.refusals:
        click.echo(f"Refused: {message(refusal)}", err=True)
    for mended in result.mended if result.run is not None else ():
        click.echo(f"Mended: {mended}", err=True)
    if result.run is None:
        click.echo(f"{shown} is not taken by {name}", err=True)
        context.exit(1)
    if rules.runs_per_group:
        click.echo(f"{name} takes {rules.runs_per_group} runs of a group", err=True)
    if rules.all_topics and known is None and not rules.topics:
        click.echo("Not checked: whether all topics are there; give --topics", err=True)
    if output is None:
        click.echo(f"{shown} is taken by {name}")
        return
    steps = history(run_path, allow_outside)
    if not steps:
        click.echo(f"No side file tells how {shown} was made: the metadata says nothing of it", err=True)
    _write(result, rules, output, steps, topics, (team, not manual))
    click.echo(f"{output}")


def _check_folder(output: Path) -> None:
    if output.is_dir() and any(output.iterdir()) and not (output / SUMS).is_file():
        raise InputError("the folder holds something else than a submission", "Choose a new folder", output)


def _write(
    result: "Checked",
    track: "Track",
    output: Path,
    steps: list[dict[str, Any]],
    topics: str | None,
    who: tuple[str | None, bool],
) -> None:
    """Writes the folder, whole or not at all."""
    from rerankkit.check.ir_metadata import About, ir_metadata
    from rerankkit.files import whole_folder
    from rerankkit.trec import write_run

    assert result.run is not None
    tag = result.run.tag
    with whole_folder(output) as folder:
        write_run(result.run, folder / f"{tag}.txt.gz")
        (folder / f"{tag}.ir_metadata.yaml").write_text(ir_metadata(About(tag, *who), track, steps, topics), "utf-8")
        sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(folder.iterdir())]
        (folder / SUMS).write_text("".join(sums), "utf-8")
