"""Tells of every command's output how it was made: the witness of what `rerankkit` writes."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

OUTPUTS = ("output", "index")
"""The parameters that name what a command makes."""
NO_INPUTS = ("models", "store", "plots", "report")
"""The parameters that name what a command uses on its way; `models` is a place to look in."""


class Scribe:
    """Writes the side file of what the running command's parameters name as its output."""

    def __init__(self, words: list[str]) -> None:
        self._words, self._started = words, time.monotonic()

    def __call__(self, part: Path, path: Path) -> None:
        """Called when an output lies ready; of torchrun's processes the first writes."""
        context = click.get_current_context(silent=True)
        if context is None or os.environ.get("RANK", "0") != "0":
            return
        made = next((name for name in OUTPUTS if _names(context.params.get(name), path)), None)
        if made is None:
            return
        from rerankkit.provenance import Work, write_side_file

        inputs = {
            name: found
            for name, value in context.params.items()
            if name not in (*NO_INPUTS, made)
            and (found := list(_places(value, context.params if name == "model" else {})))
        }
        option = next(param.opts[0] for param in context.command.params if param.name == made)
        root = context.find_root().command_path  # of more than one word where Python was told to run a module
        verb, words = context.command_path.removeprefix(root).strip(), ["rerankkit", *self._words]
        write_side_file(Work(verb, words, context.params, inputs, option, time.monotonic() - self._started), part, path)


def _names(value: Any, path: Path) -> bool:
    return isinstance(value, str | Path) and Path(value).resolve() == path.resolve()


def _places(value: Any, params: dict[str, Any]) -> Iterator[Path]:
    """The files and folders that a parameter names; a model's name is also looked up under `--models`."""
    if isinstance(value, tuple | list):
        for item in value:
            yield from _places(item, params)
    elif isinstance(value, str | Path) and str(value):
        places = [Path(value), *([params["models"] / value] if params.get("models") else [])]
        yield from [place for place in places if _exists(place)][:1]


def _exists(place: Path) -> bool:
    try:
        return place.is_dir() or place.is_file()
    except (OSError, ValueError):  # a text that no path can be
        return False
