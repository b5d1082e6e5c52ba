"""The measures of a command that evaluates, and how PNR counts what nobody judged."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from rerankkit.errors import InputError


def measure_options(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds `--measures` and `--unjudged-as`; `measure_names` reads both."""

    def added(command: Callable[..., Any]) -> Callable[..., Any]:
        command = click.option(
            "--unjudged-as",
            type=click.Choice(["0"]),
            help="PNR counts unjudged documents of the runs as this grade.  [default: they are in no pair]",
        )(command)
        return click.option(
            "--measures",
            multiple=True,
            default=[default],
            show_default=True,
            help="As ir_measures names them, and PNR; with spaces between, or the option repeated.",
        )(command)

    return added


def measure_names(measures: Sequence[str], unjudged_as: str | None) -> list[str]:
    """The measures' names as they are written everywhere.

    Raises InputError for an unknown measure, and for a grade of unjudged documents without PNR.
    """
    from rerankkit.evaluate.measure_names import parse_measures, with_unjudged

    wanted = parse_measures(measures)
    if unjudged_as is not None:
        if not any(one.kind == "PNR" for one in wanted):
            raise InputError(f"--unjudged-as {unjudged_as} is for PNR, which is not measured", "Add PNR to --measures")
        wanted = with_unjudged(wanted)
    return [one.name for one in wanted]
