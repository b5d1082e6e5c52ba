"""The commands, one file each, imported only when called."""

import importlib
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import click

from rerankkit.cli.scribe import Scribe
from rerankkit.errors import InputError
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

LONGEST = 2000
"""Characters of a message: what a user's file holds may be of any length."""


class LazyGroup(click.Group):
    """A group whose commands are modules of this folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(f"rerankkit.cli.{cmd_name}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Runs a command; wrong input ends in a message on stderr and exit code 2, never in a traceback."""
        given = sys.argv[1:] if args is None else list(args)
        try:
            with witnessed(Scribe(given)), replayed():
                return super().main(given, *rest, **options)
        except InputError as error:
            problem = str(error)
        except OSError as error:
            problem = f"{error.filename or 'input or output'}: {error.strerror or error}"
        click.echo(f"Error: {problem if len(problem) <= LONGEST else problem[:LONGEST] + '…'}", err=True)
        sys.exit(2)


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
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("rerankkit").setLevel(level)
    if not sys.warnoptions:  # what libraries warn each other of is not for users
        warnings.simplefilter("ignore", FutureWarning)
    if quiet:
        os.environ["RERANKKIT_QUIET"] = "1"
