"""The check of a command's places before its work: no output is an input, and all can be written."""

import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from rerankkit.cli.places import Place, future_models, in_place, inputs_of, inside, outputs_of, same
from rerankkit.errors import InputError
from rerankkit.files import FULL, NO_ROOM
from rerankkit.io.probing import probe_file, probe_folder, side_place


def check_places(context: click.Context) -> None:
    """Raises InputError where an output of the command is one of its inputs, or could not be written.

    Links, hard links and other spellings of a path count as the same; so does what lies in a folder that is read or
    replaced, and the side file of an output. Nothing is made.
    """
    outputs = outputs_of(context)
    read = [*inputs_of(context), *future_models(context)]
    changed = list(in_place(context))
    for output in outputs:
        for other in (*read, *changed):
            _check_apart(output, other)
    for store in changed:
        for other in read:
            if same(store.path, other.path):
                raise InputError(f"{store.option} and {other.option} name the same file", "Choose another", store.path)
    for i, output in enumerate(outputs):
        for other in outputs[:i]:
            if output.name != other.name:  # a command checks by itself what one option names
                _check_both_fit(output, other)
    _check_stdout(read)
    for output in outputs:
        probe(output)


def probe(output: Place) -> None:
    """Raises InputError where an output could not be written."""
    if output.kind == "file" or (output.kind == "either" and not output.path.is_dir()):
        probe_file(output.path, output.side)
    else:
        probe_folder(output.path, output.kind != "into")


def _check_apart(output: Place, other: Place) -> None:
    """Raises InputError where writing an output would change what is read."""
    remedy = f"Choose another {output.option}"
    if same(output.path, other.path) and output.kind != "into":
        raise InputError(f"{output.option} would overwrite {other}", remedy, output.path)
    if output.side and output.kind != "folder":
        side = side_place(Path(os.path.realpath(output.path)))
        if same(side, other.path):
            raise InputError(f"the side file {side.name} would overwrite {other}", remedy, output.path)
    if output.kind in ("folder", "either") and inside(other.path, output.path):
        raise InputError(f"{output.option} would replace the folder that holds {other}", remedy, output.path)
    if other.folder and other.path.is_dir() and inside(output.path, other.path):
        raise InputError(f"{output.option} lies in the folder that is read: {other}", remedy, output.path)


def _check_both_fit(output: Place, other: Place) -> None:
    """Raises InputError where one output would overwrite another."""
    one, two = ({place.path, *_side(place)} for place in (output, other))
    both_into = output.kind == other.kind == "into"
    within = any(
        first.kind in ("folder", "either") and inside(second.path, first.path)
        for first, second in ((output, other), (other, output))
    )
    if within or (not both_into and any(same(first, second) for first in one for second in two)):
        raise InputError(
            f"{output.option} and {other.option} would overwrite each other", "Choose another place", output.path
        )


def _side(output: Place) -> list[Path]:
    return [side_place(Path(os.path.realpath(output.path)))] if output.side and output.kind == "file" else []


def _check_stdout(read: list[Place]) -> None:
    """Raises InputError where standard output is appended to an input, which would never end or be changed."""
    if sys.__stdout__ is None:
        return
    with suppress(OSError):
        out = os.fstat(sys.__stdout__.fileno())
        for place in read if stat.S_ISREG(out.st_mode) else ():
            if place.path.is_file() and os.path.samestat(out, place.path.stat()):
                raise InputError("standard output goes to this input", "Choose another file", place.path)


class _NamingTheFullDisk:
    """Names, where an error tells of a full disk but not which, the command's place with the least room."""

    def __init__(self, context: click.Context) -> None:
        self.places = [*(one.path for one in (*outputs_of(context), *in_place(context))), Path(tempfile.gettempdir())]

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        nameless = isinstance(error, OSError) and error.errno in NO_ROOM[:2] and error.filename is None
        of_a_library = isinstance(error, Exception) and not isinstance(
            error, OSError | InputError | click.ClickException
        )
        if nameless or (of_a_library and FULL.search(str(error))):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(min(self.places, key=_free))) from error


def _free(path: Path) -> int:
    """Bytes that are free where a path lies, or will lie."""
    place = next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
    return shutil.disk_usage(place).free


def checked(command: click.Command) -> click.Command:
    """The command, whose places are checked before its work; of a group every subcommand."""
    if isinstance(command, click.Group):
        for one in command.commands.values():
            checked(one)
    work: Callable[..., Any] | None = command.callback
    if work is not None and not getattr(work, "places_are_checked", False):

        @wraps(work)
        def checking(*given: Any, **options: Any) -> Any:
            context = click.get_current_context()
            check_places(context)
            with _NamingTheFullDisk(context):
                return work(*given, **options)

        checking.places_are_checked = True  # type: ignore[attr-defined]
        command.callback = checking
    return command
