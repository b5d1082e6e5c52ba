"""How a run came about, from its side file and those of what it was made of."""

from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.provenance import read_side_file, side_file

RANKING = ("retrieve", "rerank", "fuse")
"""The commands that make runs; what others make, such as checkpoints, goes before."""


def history(output: Path) -> list[dict[str, Any]]:
    """The side files' content, the first step first, the output's own last; empty where it has none."""
    steps: dict[Path, dict[str, Any]] = {}
    _collect(output, steps, set())
    return list(steps.values())


def _collect(output: Path, steps: dict[Path, dict[str, Any]], seen: set[Path]) -> None:
    place = side_file(output).resolve()
    if place in seen or not place.is_file():
        return
    seen.add(place)
    try:
        _, told = read_side_file(output)
    except InputError:  # somebody else's file of that name
        return
    for one in told["inputs"]:
        _collect(place.parent / told["folder"] / one["path"], steps, seen)
    steps[place] = told
