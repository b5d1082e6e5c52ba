"""The options of commands that learn from clicks: where they come from, and what one is worth."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from rerankkit.cli.inputs import queries_of
from rerankkit.collection.click_weights import (
    KINDS,
    ClickWeight,
    Shown,
    displayed,
    top_as_clicks,
    with_ranks,
    worth_by_query,
)
from rerankkit.collection.clicks import Click, read_clicks
from rerankkit.errors import InputError
from rerankkit.trec import read_run

OPTIONS: tuple[tuple[str, Any, str], ...] = (
    ("--click-weight", click.Choice(KINDS), "What a click is worth; ipw: clicks * rank ^ bias.  [default: binary]"),
    ("--position-bias", float, "With ipw: eta of the propensity (1 / rank) ^ eta.  [default: 1]"),
    ("--displayed", click.Path(path_type=Path), "Run as users saw it: ranks of clicks that have none."),
    ("--clicked-top", click.IntRange(1), "No --clicks: the first N of --displayed count as clicked N, N - 1, … times."),
)


def click_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options; `ClickFlags.taken` gathers them again."""
    for name, kind, text in reversed(OPTIONS):
        command = click.option(name, type=kind, help=text)(command)
    return command


@dataclass(frozen=True, slots=True)
class ClickFlags:
    """What was said of clicks; `topics` are those of the displayed run."""

    clicks: Path | None
    topics: str | None
    click_weight: str | None = None
    position_bias: float | None = None
    displayed: Path | None = None
    clicked_top: int | None = None

    @classmethod
    def taken(cls, clicks: Path | None, topics: str | None, flags: dict[str, Any]) -> "ClickFlags":
        """The click options, taken out of a command's flags.

        Raises InputError where two exclude each other, or one lacks what it needs.
        """
        names = (option.removeprefix("--").replace("-", "_") for option, _, _ in OPTIONS)
        told = cls(clicks, topics, **{name: flags.pop(name, None) for name in names})
        if told.clicked_top is not None and (clicks is not None or told.displayed is None):
            raise InputError("--clicked-top takes a displayed run for clicks", "Give --displayed RUN and no --clicks")
        if told.clicked_top is not None and told.weight.by_rank:
            raise InputError("--clicked-top has no position bias to undo", "Give --click-weight binary or count")
        if told.click_weight is not None and not told.given:
            raise InputError("--click-weight has no clicks to weigh", "Give --clicks, or --displayed and --clicked-top")
        if told.position_bias is not None and not told.weight.by_rank:
            raise InputError("--position-bias is for --click-weight ipw and log-ipw", "Give one of them")
        if told.displayed is not None and told.clicked_top is None and not told.weight.by_rank:
            raise InputError("--displayed is for --click-weight ipw, log-ipw and --clicked-top", "Give one of them")
        return told

    @property
    def given(self) -> bool:
        """Whether there are clicks to read."""
        return self.clicks is not None or self.clicked_top is not None

    @property
    def weight(self) -> ClickWeight:
        """What a click is worth."""
        eta = 1.0 if self.position_bias is None else self.position_bias
        return ClickWeight(self.click_weight or "binary", eta)

    def read(self) -> Iterator[Click]:
        """The clicks, with ranks where they have or need them."""
        shown = self._shown()
        if self.clicked_top is not None:
            yield from top_as_clicks(shown, self.clicked_top)
        elif self.clicks is not None:
            yield from with_ranks(read_clicks(self.clicks), shown)

    def labels(self) -> dict[str, dict[str, float]]:
        """Query text -> docid -> what its clicks are worth."""
        with self.told_of_file():
            return worth_by_query(self.read(), self.weight)

    @contextmanager
    def told_of_file(self) -> Iterator[None]:
        """Names the clicks' file in an InputError that names none."""
        try:
            yield
        except InputError as error:
            raise InputError(error.problem, error.remedy, error.path or self.clicks, error.line) from error

    def _shown(self) -> Shown:
        if self.displayed is None:
            return {}
        if self.topics is None:
            raise InputError("--displayed names queries by their ids", "Give their texts with --topics", self.displayed)
        run = read_run(self.displayed)
        try:
            return displayed(run, queries_of(self.topics))
        except InputError as error:
            raise InputError(error.problem, error.remedy, error.path or self.displayed, error.line) from error
