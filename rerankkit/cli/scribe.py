"""The witness of what commands write: gives each output a side file that tells how it was made."""

import logging
import os
import time
from pathlib import Path

import click

from rerankkit.cli.places import inputs_of, outputs_of, same
from rerankkit.errors import InputError

log = logging.getLogger(__name__)


class Scribe:
    """Writes the side file of what the running command's parameters name as an output with one."""

    def __init__(self, words: list[str]) -> None:
        self._words, self._started = words, time.monotonic()

    def __call__(self, part: Path, path: Path) -> None:
        """Called when an output is whole; of torchrun's processes the first writes.

        An output whose side file cannot be written is kept; a former side file, which is not its own, is removed.
        """
        context = click.get_current_context(silent=True)
        if context is None or os.environ.get("RANK", "0") != "0":
            return
        outputs = outputs_of(context)
        made = next((one for one in outputs if one.side and same(one.path, path)), None)
        if made is None:
            return
        from rerankkit.provenance import Work, write_side_file

        inputs: dict[str, list[Path]] = {}
        for place in inputs_of(context):
            if place.path.is_dir() or place.path.is_file():  # a pipe was read, and cannot be read again
                inputs.setdefault(place.name, []).append(place.path)
        root = context.find_root().command_path  # of more than one word where Python was told to run a module
        verb, words = context.command_path.removeprefix(root).strip(), ["rerankkit", *self._words]
        work = Work(verb, words, context.params, inputs, made.option, time.monotonic() - self._started)
        try:
            write_side_file(work, part, path)
        except (OSError, ValueError, InputError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            log.warning("%s is kept without a side file, which could not be written: %s", path, reason)
            _forget(path)


def _forget(path: Path) -> None:
    """Removes a side file that tells of a former output."""
    from rerankkit.provenance import side_file

    if path.is_file():
        try:
            side_file(path).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s tells of the former output: it could not be removed: %s", side_file(path), error.strerror)
