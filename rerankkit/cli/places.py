"""What each option of a command names: an output, an input, or neither.

Every option that may name a file or folder has one of the types below; a plain click.Path is an input file.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click

from rerankkit.digests import SIDE


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
        if self.kind == "file" and str(value).endswith(f".{SIDE}"):
            self.fail(f"{value!r} is the name of a side file, which tells how an output was made", param, ctx)
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


class SideFile(click.Path):
    """Names a side file or the output beside it: both are inputs."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)


class NameOrPath(click.types.StringParamType):
    """Names something known, or a file or folder; `model` says that --models is looked in too."""

    def __init__(self, folder: bool = False, model: bool = False) -> None:
        self.folder, self.model = folder, model

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("the text is empty; give a name or a path", param, ctx)
        return super().convert(value, param, ctx)


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
        if isinstance(param.type, NameOrPath | FileOrFolder | SideFile) or type(param.type) is click.Path:
            paths = _paths(context.params.get(str(param.name)))
            if isinstance(param.type, SideFile):
                paths += [path.with_name(path.name.removesuffix(f".{SIDE}")) for path in paths]
            for path in paths:
                places = [path, *([context.params["models"] / path] if model and "models" in context.params else [])]
                for place in [one for one in places if _exists(one, model)][:1]:
                    yield Place(_option(param), place, str(param.name), folder=folder)


def in_place(context: click.Context) -> Iterator[Place]:
    for param in context.command.params:
        if isinstance(param.type, InPlace) and not context.params.get("no_store"):
            yield Place(_option(param), context.params.get(str(param.name)) or param.type.usual, str(param.name))


def future_models(context: click.Context) -> Iterator[Place]:
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


def same(one: Path, other: Path) -> bool:
    """Whether two paths name the same file or folder, through links and other spellings; neither need exist."""
    try:
        return os.path.realpath(one) == os.path.realpath(other) or one.samefile(other)
    except (OSError, ValueError):
        return False


def inside(path: Path, folder: Path) -> bool:
    """Whether a path lies in a folder, at any depth."""
    return any(same(above, folder) for above in Path(os.path.realpath(path)).parents)
