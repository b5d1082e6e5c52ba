"""What each option of a command names: an output, an input, or neither; and the check of all of them before the work.

Every option that may name a file or folder has one of the types below; a plain click.Path is an input file.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import click

from rerankkit.errors import InputError
from rerankkit.io.probing import probe_file, probe_folder, side_place


class Output(click.Path):
    """Names what a command writes.

    `kind` is `file`, `folder` (which replaces a former one), `into` (a folder that files are added to), or `either` of
    the first two. `side` says that a side file tells how the output was made.
    """

    def __init__(self, kind: str, side: bool = False) -> None:
        super().__init__(path_type=Path, readable=False)
        self.kind, self.side = kind, side

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if self.kind == "file" and isinstance(value, str) and value.endswith("/") and value.strip("/"):
            self.fail(f"{value!r} names a folder, where a file is to be written", param, ctx)
        return super().convert(value, param, ctx)


class InPlace(click.Path):
    """Names a file that a command reads and changes where it lies; `usual` is taken where nothing is given."""

    def __init__(self, usual: Path) -> None:
        super().__init__(path_type=Path)
        self.usual = usual


class LookedIn(click.Path):
    """Names a folder in which models are looked up by name; neither an input nor an output itself."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, file_okay=False)


class FileOrFolder(click.Path):
    """Names a file, or a folder whose files are read."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)


class NameOrPath(click.types.StringParamType):
    """Names something known, or a file or folder; `model` says that --models is looked in too."""

    def __init__(self, folder: bool = False, model: bool = False) -> None:
        self.folder, self.model = folder, model


OUTPUT_FILE, OUTPUT_FOLDER = Output("file", side=True), Output("folder", side=True)
NAME, INDEX, MODEL = NameOrPath(), NameOrPath(folder=True), NameOrPath(folder=True, model=True)


class Place(NamedTuple):
    """A file or folder that an option names."""

    option: str
    path: Path
    name: str = ""
    """The parameter."""
    kind: str = "file"
    side: bool = False
    folder: bool = False
    """An input: a folder is read, not refused."""

    def __str__(self) -> str:
        return f"{self.option} {self.path}"


def outputs_of(context: click.Context) -> list[Place]:
    """What a command's parameters name as its outputs; `{model}` in a name stands for each model's."""
    found = []
    for param in context.command.params:
        kind = param.type
        if isinstance(kind, Output):
            for path in _paths(context.params.get(str(param.name))):
                for one in _by_model(path, context.params):
                    found.append(Place(_option(param), one, str(param.name), kind.kind, kind.side))
    return found


def inputs_of(context: click.Context) -> Iterator[Place]:
    """What a command's parameters name as its inputs and exists; a model is also looked for in --models."""
    for param in context.command.params:
        model = isinstance(param.type, NameOrPath) and param.type.model
        folder = isinstance(param.type, FileOrFolder) or (isinstance(param.type, NameOrPath) and param.type.folder)
        if isinstance(param.type, NameOrPath | FileOrFolder) or type(param.type) is click.Path:
            for path in _paths(context.params.get(str(param.name))):
                places = [path, *([context.params["models"] / path] if model and "models" in context.params else [])]
                for place in [one for one in places if _exists(one, model)][:1]:
                    yield Place(_option(param), place, str(param.name), folder=folder)


def _in_place(context: click.Context) -> Iterator[Place]:
    for param in context.command.params:
        if isinstance(param.type, InPlace) and not context.params.get("no_store"):
            yield Place(_option(param), context.params.get(str(param.name)) or param.type.usual, str(param.name))


def _future_models(context: click.Context) -> Iterator[Place]:
    """Where weights that are installed by name are prepared: `MODELS/NAME`, which need not exist yet."""
    for param in context.command.params:
        if isinstance(param.type, NameOrPath) and param.type.model and "models" in context.params:
            for path in _paths(context.params.get(str(param.name))):
                if not _exists(path, True):
                    yield Place(_option(param), context.params["models"] / path, str(param.name))


def _option(param: click.Parameter) -> str:
    return param.opts[0] if isinstance(param, click.Option) else str(param.human_readable_name)


def _paths(value: Any) -> list[Path]:
    if isinstance(value, tuple | list):
        return [path for item in value for path in _paths(item)]
    return [Path(value)] if isinstance(value, str | Path) and str(value) else []


def _by_model(path: Path, params: dict[str, Any]) -> list[Path]:
    names = params.get("model") or ()
    if "{model}" not in str(path) or isinstance(names, str):
        return [path]
    return [Path(str(path).replace("{model}", Path(name).absolute().name)) for name in names]


def _exists(place: Path, model: bool) -> bool:
    """Whether something is there; a model is always a folder."""
    try:
        return place.is_dir() if model else place.exists()
    except (OSError, ValueError):  # a text that no path can be
        return False


def check_places(context: click.Context) -> None:
    """Raises InputError where an output of the command is one of its inputs, or could not be written.

    Links, hard links and other spellings of a path count as the same; so does what lies in a folder that is read or
    replaced, and the side file of an output. Nothing is made.
    """
    outputs = outputs_of(context)
    read = [*inputs_of(context), *_future_models(context)]
    changed = list(_in_place(context))
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


def same(one: Path, other: Path) -> bool:
    """Whether two paths name the same file or folder, through links and other spellings; neither need exist."""
    try:
        return os.path.realpath(one) == os.path.realpath(other) or one.samefile(other)
    except (OSError, ValueError):
        return False


def inside(path: Path, folder: Path) -> bool:
    """Whether a path lies in a folder, at any depth."""
    return any(same(above, folder) for above in Path(os.path.realpath(path)).parents)


def checked(command: click.Command) -> click.Command:
    """The command, whose places are checked before its work; of a group every subcommand."""
    if isinstance(command, click.Group):
        for one in command.commands.values():
            checked(one)
    work: Callable[..., Any] | None = command.callback
    if work is not None and not getattr(work, "places_are_checked", False):

        @wraps(work)
        def checking(*given: Any, **options: Any) -> Any:
            check_places(click.get_current_context())
            return work(*given, **options)

        checking.places_are_checked = True  # type: ignore[attr-defined]
        command.callback = checking
    return command
