"""`rerankkit store`."""

import json
import re
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rerankkit.cli.places import OUTPUT_FILE, InPlace
from rerankkit.errors import InputError
from rerankkit.rerank.store import DEFAULT

if TYPE_CHECKING:
    from rerankkit.rerank.store_upkeep import Kept

UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400}

store_option = click.option(
    "--store",
    type=InPlace(DEFAULT),
    default=DEFAULT,
    show_default=True,
    help="The score store.",
)
model_option = click.option("--model", help="Only of this model, by the name in `stats`.")
identity_option = click.option("--identity", metavar="PREFIX", help="Only of the identity that begins like this.")


@click.group(short_help="Tell, prune and export the scores that rerank keeps.")
def command() -> None:
    """Tell, prune and export the scores that `rerank` keeps so that no pair is scored twice.

    A score belongs to an identity, the hash of a model's weights, template, lengths, precision and device, and to the
    hashes of two texts, the query's and the document's.

    \b
    Examples:
      rerankkit store stats
      rerankkit store prune --older-than 30d
      rerankkit store export --model bert-distilled --output runs/scores.parquet
    """


@command.command("stats", short_help="What the store holds.")
@store_option
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all that an identity follows from.")
def stats(store: Path, as_json: bool) -> None:
    """Tell the store's size, and of each identity how many scores it has, when it was made and used last.

    \b
    Examples:
      rerankkit store stats
      rerankkit store stats --store runs/demo/scores.sqlite --json
    """
    from rerankkit.rerank.store import Store
    from rerankkit.rerank.store_upkeep import file_size, kept

    with closing(Store(store, create=False)) as opened:
        rows, size = kept(opened), file_size(opened)
    if as_json:
        listed = [{name: value for name, value in one._asdict().items() if name != "id"} for one in rows]
        click.echo(json.dumps({"path": str(store), "bytes": size, "identities": listed}, indent=2))
        return
    click.echo(f"{store}: {size / 1e6:,.2f} MB, {sum(one.scores for one in rows):,} scores")
    if rows:
        click.echo(f"{'identity':12}  {'model':24} {'scores':>12}  {'made':10}  {'used':10}  settings")
    for one in rows:
        click.echo(_line(one))


def _line(one: "Kept") -> str:
    from rerankkit.rerank.store_upkeep import day

    told = " ".join(f"{name}={value}" for name, value in one.traits.items() if value is not None and name != "weights")
    line = f"{one.digest[:12]}  {one.model:24} {one.scores:12,}  {day(one.made)}  {day(one.used)}  {told}"
    return "".join(character if character.isprintable() else "?" for character in line)


@command.command("prune", short_help="Remove scores.")
@store_option
@click.option("--older-than", metavar="AGE", help="Only scores made longer ago: 30d, 12h, 8w.")
@model_option
@identity_option
@click.option("--keep", type=click.IntRange(0), help="Spare so many identities, those used last.")
def prune(store: Path, older_than: str | None, model: str | None, identity: str | None, keep: int | None) -> None:
    """Remove the scores that fit all that is asked, and make the file smaller.

    \b
    Examples:
      rerankkit store prune --older-than 30d
      rerankkit store prune --model bert-distilled --keep 1
      rerankkit store prune --identity 3fa90c
    """
    if older_than is None and model is None and identity is None and keep is None:
        raise InputError("nothing says which scores to remove", "Give --older-than, --model, --identity or --keep")
    before = None if older_than is None else int(time.time()) - seconds(older_than)
    from rerankkit.rerank.store import Store
    from rerankkit.rerank.store_upkeep import file_size, kept
    from rerankkit.rerank.store_upkeep import prune as remove

    with closing(Store(store, create=False)) as opened:
        size = file_size(opened)
        removed = remove(opened, kept(opened, model, identity)[keep or 0 :], before)
        click.echo(f"{removed:,} scores removed, {size / 1e6:,.2f} MB before, {file_size(opened) / 1e6:,.2f} MB now")


def seconds(age: str) -> int:
    """An age as 30d, 12h or 8w in seconds; InputError for anything else."""
    match = re.fullmatch(r"([0-9]{1,6})([hdw])", age.strip())
    if match is None:
        raise InputError(f"--older-than {age!r} is no age", "Give hours, days or weeks: 12h, 30d, 8w")
    return int(match[1]) * UNITS[match[2]]


@command.command("export", short_help="Scores to a Parquet file.")
@store_option
@model_option
@identity_option
@click.option("--output", required=True, type=OUTPUT_FILE, help="The Parquet file.")
def export(store: Path, model: str | None, identity: str | None, output: Path) -> None:
    """Write scores to a Parquet file: identity, model, query, document, score, made.

    Query and document are hashes of their texts; query_key and document_key of rerankkit.rerank.store give those of
    texts to join with.

    \b
    Examples:
      rerankkit store export --output runs/scores.parquet
      rerankkit store export --model bert-distilled --output runs/bert.parquet
    """
    from rerankkit.rerank.store import Store
    from rerankkit.rerank.store_upkeep import export as write
    from rerankkit.rerank.store_upkeep import kept

    with closing(Store(store, create=False)) as opened:
        written = write(opened, kept(opened, model, identity), output)
    click.echo(f"{written:,} scores", err=True)
    click.echo(f"{output}")
