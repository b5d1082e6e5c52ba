"""What the scripts with tables share: their options, a look for the data, the stages that are left, the tables."""

import argparse
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from click import Abort
from seeds import Table, write_tables

from rerankkit.cli import main
from rerankkit.demo.resume import Stage, go_on
from rerankkit.errors import InputError


class Experiment(Protocol):
    """Stages in order, and the tables of the runs that they leave."""

    def stages(self) -> Iterator[Stage]:
        """Everything, in order."""

    def tables(self) -> Mapping[str, Table]:
        """A table a collection."""


@contextmanager
def told_in_words() -> Iterator[None]:
    """Shows the log, and ends wrong input in its message (2), Ctrl-C in a word (1)."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        yield
    except InputError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
    except (Abort, KeyboardInterrupt):
        print("Aborted! The same command goes on from here.", file=sys.stderr)
        sys.exit(1)


def conduct(
    made: Callable[[Path, Path], Experiment], needed: Callable[[Path], Iterable[Path]], told: str | None, output: str
) -> None:
    """Reads the command line, runs the stages that are not done yet, then writes and prints the tables."""
    parser = argparse.ArgumentParser(description=told, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the collections")
    parser.add_argument("--output", type=Path, default=Path(output), help="where everything goes")
    given = parser.parse_args()
    with told_in_words():
        for path in needed(given.data):
            if not path.is_file():
                raise InputError("no such file", "See scripts/README.md for what the folders hold", path)
        given.output.mkdir(parents=True, exist_ok=True)
        experiment = made(given.data, given.output)
        go_on(given.output, experiment.stages(), lambda args: main(args, standalone_mode=False))
        write_tables(experiment.tables(), given.output)
