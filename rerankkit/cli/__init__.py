"""The commands, one file each, imported only when called."""

import difflib
import importlib
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from rerankkit.cli.checking import checked
from rerankkit.cli.console import log_to_stderr, prepare_stdout
from rerankkit.cli.last_door import exit_code_of, past_click
from rerankkit.cli.scribe import Scribe
from rerankkit.files import witnessed
from rerankkit.io.streams import replayed

COMMANDS = {
    "index": "Documents to a Lucene index.",
    "retrieve": "Topics to a first-stage run.",
    "queries": "Queries without labels, for a teacher to score.",
    "cpt": "Continued pre-training of an LLM on clicks.",
    "sft": "Fine-tune a reranker on labels with a rank loss.",
    "distill": "Fit a student to a teacher's run.",
    "average": "Make one reranker of several that began alike.",
    "rerank": "Score a run's candidates with a reranker.",
    "tune": "Find the best reranking within a latency budget.",
    "export": "Write a checkpoint in a form that other programs serve.",
    "store": "Tell, prune and export the scores that rerank keeps.",
    "fuse": "Make one run of several: a committee of teachers, or fused first stages.",
    "lint": "Tell every way in which a run misleads.",
    "submit": "Make a run ready for a track: checked, packed, with its metadata.",
    "evaluate": "Measure runs against qrels.",
    "compare": "Tell how sure it is that systems differ from a baseline, and what to doubt.",
    "reproduce": "Make an output again from its side file, and tell whether it is the same.",
    "diagnose": "Tell from runs how good a teacher is and what its student keeps.",
    "models": "List the checkpoints that --model knows by name.",
    "doctor": "Tell what is installed, and how to get what is missing.",
    "demo": "The whole method on the documentation of installed libraries.",
}
"""Command -> its line in `--help`: the modules stay unread until one is called."""

NEAR = {
    "bm25": ("retrieve",),
    "check": ("lint", "submit"),
    "cite": ("reproduce",),
    "convert": ("export",),
    "finetune": ("sft", "distill"),
    "fit": ("sft", "distill"),
    "list": ("models",),
    "pretrain": ("cpt",),
    "score": ("rerank", "evaluate"),
    "search": ("retrieve",),
    "serve": ("export", "rerank"),
    "train": ("sft", "distill"),
    "version": ("--version",),
}
"""Names that other tools have for these commands."""


class LazyGroup(click.Group):
    """A group whose commands are modules of this folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return checked(importlib.import_module(f"rerankkit.cli.{cmd_name}").command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            raise click.UsageError(f"No such command {name!r}. {_nearest(name)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        with past_click():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with past_click():
            return super().invoke(ctx)

    def main(self, args: Sequence[str] | None = None, *rest: Any, standalone_mode: bool = True, **options: Any) -> Any:
        """Runs a command; every error ends in one line on stderr and an exit code, never in a traceback."""
        given = sys.argv[1:] if args is None else list(args)
        with witnessed(Scribe(given)), replayed():
            run = partial(super().main, given, *rest, standalone_mode=False, **options)
            if not standalone_mode:
                return run()
            prepare_stdout()
            code = exit_code_of(run, given)
        sys.exit(code)


def _nearest(name: str) -> str:
    """Which commands a user may have meant."""
    known = name.lower().replace("-", "").replace("_", "")
    close = NEAR.get(known) or difflib.get_close_matches(known, COMMANDS, 3, 0.6)
    starts = [command for command in COMMANDS if len(known) > 2 and command.startswith(known)]
    found = list(dict.fromkeys([*starts, *close]))
    if not found:
        return f"The commands are: {', '.join(COMMANDS)}"
    return f"Did you mean {' or '.join(found)}?"


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("-q", "--quiet", is_flag=True, help="No progress bars; warnings only.")
@click.option("-v", "--verbose", is_flag=True, help="Also the details.")
@click.version_option(package_name="rerankkit")
def main(quiet: bool, verbose: bool) -> None:
    """Turn an LLM's ranking skill into a BERT that a search engine can afford.

    \b
    Example, from documents to a measured run:
      rerankkit index --input docs.jsonl --index runs/index
      rerankkit retrieve --index runs/index --topics topics.tsv --output runs/bm25.txt
      rerankkit rerank --model bert-distilled --run runs/bm25.txt --topics topics.tsv \\
        --index runs/index --output runs/bert.txt
      rerankkit evaluate runs/bm25.txt runs/bert.txt --qrels qrels.txt
    """
    level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
    log_to_stderr()
    logging.getLogger("rerankkit").setLevel(level)
    if not sys.warnoptions:  # what libraries warn each other of is not for users
        warnings.simplefilter("ignore", FutureWarning)
    if quiet:
        os.environ["RERANKKIT_QUIET"] = "1"
