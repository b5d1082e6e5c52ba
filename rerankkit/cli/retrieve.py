"""`rerankkit retrieve`."""

import dataclasses
from pathlib import Path
from types import ModuleType
from typing import Any

import click
from click.core import ParameterSource

from rerankkit.cli.inputs import check_tag
from rerankkit.cli.places import INDEX, NAME, OUTPUT_FILE
from rerankkit.errors import InputError

FLAGS = ("k1", "b", "rm3", "rocchio", "threads", "batch_size", "language", "remove_query")
"""The options that are settings of a first stage, where it has them."""


@click.command(short_help="Topics to a first-stage run.")
@click.option("--index", type=INDEX, required=True, help="Lucene index folder, or a Pyserini prebuilt index.")
@click.option("--topics", type=NAME, required=True, help="Topics file, or a name that Pyserini knows.")
@click.option("--output", required=True, type=OUTPUT_FILE, help="The run, TREC format.")
@click.option("--method", default="bm25", show_default=True, help="The first stage.")
@click.option("--hits", default=1000, show_default=True, type=click.IntRange(1), help="Hits of each topic.")
@click.option("--tag", help="The run's tag; the method's name by default.")
@click.option("--k1", type=float, help="BM25's k1; with --b, or neither for the index's own (0.9).")
@click.option("--b", type=float, help="BM25's b (0.4).")
@click.option("--rm3", is_flag=True, help="Expand queries by RM3.")
@click.option("--rocchio", is_flag=True, help="Expand queries by Rocchio.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Queries searched at a time.")
@click.option("--batch-size", type=click.IntRange(1), help="Queries given to Java at once; what fits by default.")
@click.option("--fields", multiple=True, metavar="NAME=WEIGHT…", help="Fields to search, such as title=2 contents=1.")
@click.option("--language", help="The topics' language; the index's own by default.")
@click.option("--remove-query", is_flag=True, help="Drop the hit that bears the topic's own id.")
@click.argument("more", nargs=-1, metavar="")
@click.pass_context
def command(
    context: click.Context,
    index: str,
    topics: str,
    output: Path,
    method: str,
    hits: int,
    tag: str | None,
    fields: tuple[str, ...],
    more: tuple[str, ...],
    **flags: Any,
) -> None:
    """Search an index for each topic and write the hits as a run, in Lucene's order.

    \b
    Examples:
      rerankkit retrieve --index runs/index --topics topics.tsv --output runs/bm25.txt
      rerankkit retrieve --index runs/index --topics topics.tsv --k1 1.2 --b 0.75 --rm3 --hits 100 \\
        --output runs/rm3.txt
      rerankkit retrieve --index runs/index --topics topics.tsv --fields title=2 contents=1 \\
        --output runs/fields.txt
      rerankkit retrieve --index msmarco-v1-passage --topics dl19-passage --threads 4 --output runs/dl19.txt
    """
    if more and not fields:
        raise click.UsageError(f"Got unexpected extra argument ({more[0]})")
    tag = tag or method
    check_tag(tag)
    from rerankkit.collection.topics import load_topics
    from rerankkit.plugins import load_plugin
    from rerankkit.trec import write_run

    given = {name: flags[name] for name in FLAGS if context.get_parameter_source(name) != ParameterSource.DEFAULT}
    if fields:
        given["fields"] = _weights(" ".join([*fields, *more]).split())
    stage = load_plugin("retrieve", method)
    settings = _settings(stage, method, given)
    queries = load_topics(topics)
    run = stage.retriever(index, settings).retrieve(queries.values(), hits)
    if not run:
        raise InputError("no topic has a hit", "See that the topics, their language and the index fit", topics)
    run.tag = tag
    write_run(run, output)
    click.echo(f"{output}")


def _weights(pairs: list[str]) -> dict[str, float]:
    weights = {}
    for pair in pairs:
        name, _, weight = pair.partition("=")
        try:
            weights[name] = float(weight)
        except ValueError:
            raise InputError(f"--fields {pair} is no NAME=WEIGHT", "Such as: --fields title=2 contents=1") from None
    return weights


def _settings(stage: ModuleType, method: str, given: dict[str, Any]) -> Any:
    """The first stage's settings; those left open are its own defaults."""
    known = {field.name for field in dataclasses.fields(stage.Settings)}
    for name in given:
        if name not in known:
            raise InputError(f"--{name.replace('_', '-')} is no setting of {method}", "Leave it out")
    return stage.Settings(**given)
