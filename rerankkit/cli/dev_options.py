"""The options of commands that measure a model while it is trained: on what, how often, and when to stop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rerankkit.cli.inputs import all_queries, collection_of
from rerankkit.cli.places import NAME
from rerankkit.errors import InputError

if TYPE_CHECKING:
    from rerankkit.train.dev import DevSet

OPTIONS: tuple[tuple[str, Any, str], ...] = (
    ("--dev-run", click.Path(path_type=Path), "First-stage run of dev queries: the best weights on it are kept."),
    ("--dev-qrels", click.Path(path_type=Path), "Their grades."),
    ("--dev-topics", NAME, "Their topics, where --topics does not hold them: others judged do not count."),
    ("--dev-depth", click.IntRange(1), "Candidates of each dev query that are scored; all by default."),
)
SETTINGS: tuple[tuple[str, Any, str], ...] = (
    ("--eval-steps", int, "Steps between two looks at dev; by default a tenth of all."),
    ("--metric-for-best-model", str, "Any measure of `evaluate`.  [default: nDCG@10]"),
    ("--early-stopping-patience", int, "Stop after so many looks at dev without gain."),
)


def dev_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options; `DevFlags.taken` gathers the first four again, the others are settings."""
    for name, kind, text in reversed(OPTIONS + SETTINGS):
        command = click.option(name, type=kind, help=text)(command)
    return command


@dataclass(frozen=True, slots=True)
class DevFlags:
    """What was said of the dev set."""

    dev_run: Path | None
    dev_qrels: Path | None
    dev_topics: str | None
    dev_depth: int | None

    @classmethod
    def taken(cls, flags: dict[str, Any]) -> "DevFlags":
        """The dev set's options, taken out of a command's flags; InputError where one lacks another."""
        told = cls(*(flags.pop(option.removeprefix("--").replace("-", "_"), None) for option, _, _ in OPTIONS))
        given = [option for option, _, _ in OPTIONS if getattr(told, option[2:].replace("-", "_")) is not None]
        if given and (told.dev_run is None or told.dev_qrels is None):
            raise InputError(f"{given[0]} alone makes no dev set", "Give --dev-run and --dev-qrels")
        for option, _, _ in SETTINGS if told.dev_run is None else ():
            if flags[option[2:].replace("-", "_")] is not None:
                raise InputError(f"{option} needs a dev set", "Give --dev-run and --dev-qrels")
        return told

    def read(self, topics: Sequence[str], index: str | None, collection: Path | None, measure: str) -> "DevSet | None":
        """The dev set, its text from where the training's comes; None where none was asked for."""
        if self.dev_run is None or self.dev_qrels is None:
            return None
        from rerankkit.groups.build import groups_of
        from rerankkit.train.dev import DevSet, one_measure
        from rerankkit.trec import read_qrels, read_run

        one_measure(measure)
        run, qrels = read_run(self.dev_run), read_qrels(self.dev_qrels)
        names = topics if self.dev_topics is None else [self.dev_topics]
        queries = all_queries(names)
        if self.dev_topics is not None:  # one file of qrels often judges other queries too
            qrels = {qid: grades for qid, grades in qrels.items() if qid in queries}
        groups = groups_of(run, queries, collection_of(index, collection, run), self.dev_depth)
        try:
            return DevSet.of(groups, qrels, measure)
        except InputError as error:
            raise InputError(error.problem, error.remedy, error.path or self.dev_run, error.line) from error
