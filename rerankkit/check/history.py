"""How a run came about, from its side file and those of what it was made of."""

import logging
from pathlib import Path
from typing import Any

from rerankkit.digests import digest, digest_whole
from rerankkit.errors import InputError
from rerankkit.provenance import read_side_file, side_file

log = logging.getLogger(__name__)

RANKING = ("retrieve", "rerank", "fuse")
"""The commands that make runs; what others make, such as checkpoints, goes before."""


def history(output: Path) -> list[dict[str, Any]]:
    """The side files' content, the first step first, the output's own last; empty where it has none.

    A side file that tells of another content than the one that was used is left out, and that is told.
    """
    steps: dict[Path, dict[str, Any]] = {}
    if output.exists():
        used = digest(output).sha256 if output.is_dir() else digest_whole(output)
        _collect(output, used, steps, set())
    return list(steps.values())


def _collect(output: Path, used: str | None, steps: dict[Path, dict[str, Any]], seen: set[Path]) -> None:
    """Takes in the steps that led to an output; `used` is its hash, None where only samples of it were hashed."""
    place = side_file(output).resolve()
    if place in seen or not place.is_file():
        return
    seen.add(place)
    try:
        _, told = read_side_file(output)
    except InputError:  # somebody else's file of that name
        return
    if used is not None and told["output"].get("whole") and told["output"]["sha256"] != used:
        log.warning("%s tells of another content than was used: left out", place)
        return
    for one in told["inputs"]:
        _collect(place.parent / told["folder"] / one["path"], one["sha256"] if one["whole"] else None, steps, seen)
    steps[place] = told
