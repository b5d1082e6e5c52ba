"""A plug-in is a module found by name; third parties add theirs by entry point."""

import hashlib
import importlib
import logging
import pkgutil
import re
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from rerankkit.digests import digest
from rerankkit.errors import InputError

log = logging.getLogger(__name__)

VERBS = {"rerank": "load", "retrieve": "retriever", "losses": "loss"}
"""Each kind's folder, and the function that makes one of its modules a plug-in."""

GROUPS = {"rerank": "rerankkit.rerankers", "retrieve": "rerankkit.retrievers", "losses": "rerankkit.losses"}
"""Each kind's entry point group."""

_told: set[str] = set()
"""The warnings that this process has given."""


def plugin_names(kind: str) -> list[str]:
    """The names of a kind's plug-ins (`rerank`, `retrieve`, `losses`) with `-` for `_`, none of them imported."""
    own = _own_names(kind)
    points = _points(kind)
    for name in points.keys() & set(own):
        _warn(f"the {kind} plug-in {name} of {_origin(points[name][0])} is not used: rerankkit has one of that name")
    return sorted({*own, *points})


def _own_names(kind: str) -> list[str]:
    folders = _own_folders(kind)
    defines = re.compile(rf"^def {VERBS[kind]}\(", re.MULTILINE)
    return [
        module.name.replace("_", "-")
        for module in pkgutil.iter_modules(folders)
        if defines.search((Path(folders[0]) / f"{module.name}.py").read_text("utf-8"))
    ]


def _own_folders(kind: str) -> list[str]:
    spec = find_spec(f"rerankkit.{kind}")
    return list(spec.submodule_search_locations or []) if spec else []


def _points(kind: str) -> dict[str, list[EntryPoint]]:
    """The entry points of a kind by name, `_` written as `-`; several where distributions differ about a name."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUPS[kind]):
        same = found.setdefault(point.name.replace("_", "-"), [])
        if point.value not in [one.value for one in same]:  # a distribution may be found at two places of the path
            same.append(point)
    return found


def load_plugin(kind: str, name: str) -> ModuleType:
    """The module of a kind that bears the name, `_` and `-` alike.

    Raises InputError with the known names where there is none, where two distributions bring one of the name, and for
    a module that cannot be imported or lacks the kind's function.
    """
    name = name.replace("_", "-")
    if name in _own_names(kind):  # first: reading every installed package's entry points takes 0.1 s
        return importlib.import_module(f"rerankkit.{kind}.{name.replace('-', '_')}")
    points = _points(kind).get(name, [])
    if not points:
        raise InputError(f"no {kind} plug-in named {name!r}", f"Known: {', '.join(plugin_names(kind))}")
    if len(points) > 1:
        origins = " and ".join(_origin(point) for point in points)
        raise InputError(f"two {kind} plug-ins are named {name}: of {origins}", "Uninstall one of them")
    return _imported(kind, name, points[0])


def _imported(kind: str, name: str, point: EntryPoint) -> ModuleType:
    what = f"the {kind} plug-in {name} of {_origin(point)}"
    try:
        module = point.load()
    except (Exception, SystemExit) as error:  # a stranger's module may raise anything at import
        reason = str(error).strip().splitlines()
        told = f"{type(error).__name__}: {reason[0]}" if reason else type(error).__name__
        raise InputError(f"{what} cannot be imported ({told})", "Repair or uninstall it") from error
    if not callable(getattr(module, VERBS[kind], None)):
        raise InputError(f"{what} defines no function {VERBS[kind]}", "Repair or uninstall it")
    return module


def _origin(point: EntryPoint) -> str:
    """The distribution of an entry point with its version, and its module."""
    return f"{point.dist.name} {point.dist.version} ({point.value})" if point.dist else point.value


def _warn(text: str) -> None:
    if text not in _told:
        _told.add(text)
        log.warning("Warning: %s", text)


def code_digest(kind: str, name: str) -> str:
    """A hash of the code of a plug-in: all files of the package that it lives in, or its one module.

    Of a plug-in in rerankkit's own folder these are the folder's files; of another distribution its name and version
    count too. What the code imports from other distributions does not count.
    """
    name = name.replace("_", "-")
    hashed = hashlib.sha256(f"{kind} {name}\n".encode())
    if name in _own_names(kind):
        files = [(Path(folder), path) for folder in _own_folders(kind) for path in _files(Path(folder))]
    else:
        points = _points(kind).get(name, [])
        hashed.update("\n".join(map(_origin, points)).encode())
        files = [found for point in points for found in _files_of_module(point.module)]
    for root, path in files:
        hashed.update(f"{path.relative_to(root).as_posix()} {digest(path).sha256}\n".encode())
    return hashed.hexdigest()


def _files_of_module(module: str) -> list[tuple[Path, Path]]:
    """The files of the outermost package that holds a module, or the module's own one; each with its root.

    Packages without `__init__.py` are shared between distributions: the outermost one within is meant.
    """
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        try:
            spec = find_spec(".".join(parts[:depth]))
        except (ImportError, ValueError):  # no such module; one that was made in memory
            return []
        if spec is None:
            return []
        if spec.origin is not None and Path(spec.origin).is_file():
            path = Path(spec.origin)
            folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
            return [(one, file) for one in folders for file in _files(one)] or [(path.parent, path)]
    return []


def _files(folder: Path) -> Iterator[Path]:
    """A package's files by name; bytecode and what is hidden left out."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in parts):
            yield path
