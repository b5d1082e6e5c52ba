"""A plug-in is a module found by name; third parties add theirs by entry point."""

import importlib
import pkgutil
import re
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from rerankkit.errors import InputError

VERBS = {"rerank": "load", "retrieve": "retriever", "losses": "loss"}
"""Each kind's folder, and the function that makes one of its modules a plug-in."""

GROUPS = {"rerank": "rerankkit.rerankers", "retrieve": "rerankkit.retrievers", "losses": "rerankkit.losses"}
"""Each kind's entry point group."""


def plugin_names(kind: str) -> list[str]:
    """The names of a kind's plug-ins (`rerank`, `retrieve`, `losses`), none of them imported."""
    return sorted({*_own_names(kind), *(point.name for point in entry_points(group=GROUPS[kind]))})


def _own_names(kind: str) -> list[str]:
    spec = find_spec(f"rerankkit.{kind}")
    folders = list(spec.submodule_search_locations or []) if spec else []
    defines = re.compile(rf"^def {VERBS[kind]}\(", re.MULTILINE)
    return [
        module.name.replace("_", "-")
        for module in pkgutil.iter_modules(folders)
        if defines.search((Path(folders[0]) / f"{module.name}.py").read_text("utf-8"))
    ]


def load_plugin(kind: str, name: str) -> ModuleType:
    """The module of a kind that bears the name, `_` and `-` alike.

    Raises InputError with the known names where there is none.
    """
    name = name.replace("_", "-")
    if name in _own_names(kind):  # first: reading every installed package's entry points takes 0.1 s
        return importlib.import_module(f"rerankkit.{kind}.{name.replace('-', '_')}")
    for point in entry_points(group=GROUPS[kind]):
        if point.name == name:
            return point.load()
    raise InputError(f"no {kind} plug-in named {name!r}", f"Known: {', '.join(plugin_names(kind))}")
