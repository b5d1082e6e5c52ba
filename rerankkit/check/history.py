"""How a run came about, from its side file and those of what it was made of."""

import logging
import os
from pathlib import Path
from typing import Any, NamedTuple

from rerankkit.check.tree import Tree
from rerankkit.digests import digest, digest_whole
from rerankkit.errors import InputError
from rerankkit.provenance import is_side_file, read_side_file, side_file

log = logging.getLogger(__name__)

RANKING = ("retrieve", "rerank", "fuse")
"""The commands that make runs; what others make, such as checkpoints, goes before."""
MOST_STEPS = 1000
"""How many steps a history may have."""


class _Visit(NamedTuple):
    """An output to look up; `used` is its hash, None where only samples of it were hashed."""

    output: Path
    used: str | None
    record: dict[str, Any] | None = None
    """The step itself, once all that it was made of has been visited."""


def history(output: Path, outside: bool = False) -> list[dict[str, Any]]:
    """The side files' content, the first step first, the output's own last; empty where it has none.

    A side file that belongs to another content than the one that was used is left out with a warning. So is one that
    lies neither in the current folder nor in the output's, unless `outside` allows it. Raises InputError for a side
    file with a missing or mistyped field, and for more than MOST_STEPS steps.
    """
    if not output.is_file() and not output.is_dir():  # a pipe was read, and cannot be read again
        return []
    tree = Tree.of(output.parent)
    steps: dict[Path, dict[str, Any]] = {}
    seen: set[Path] = set()
    visits = [_Visit(output, digest(output).sha256 if output.is_dir() else digest_whole(output))]
    while visits:
        visit = visits.pop()
        place = Path(os.path.realpath(side_file(visit.output)))
        if visit.record is not None:
            steps[place] = visit.record
            continue
        if place in seen or not place.is_file():
            continue
        seen.add(place)
        if len(seen) > MOST_STEPS:
            raise InputError(f"the history has more than {MOST_STEPS:,} steps", "Remove the side file", output)
        if not outside and not tree.holds(place):
            log.warning("%s lies outside %s: left out; --allow-outside reads it", place, tree.root)
            continue
        record = _record(visit, place)
        if record is None:
            continue
        visits.append(visit._replace(record=record))
        folder = place.parent / record["folder"]
        inputs = [_Visit(folder / one["path"], one["sha256"] if one["whole"] else None) for one in record["inputs"]]
        visits += reversed(inputs)
    return list(steps.values())


def _record(visit: _Visit, place: Path) -> dict[str, Any] | None:
    """The side file of an output; None for one of another program or another content."""
    if not is_side_file(place):
        log.warning("%s is no side file of rerankkit: left out", place)
        return None
    _, record = read_side_file(place)
    if visit.used is not None and record["output"]["whole"] and record["output"]["sha256"] != visit.used:
        log.warning("%s belongs to another content than the one that was used: left out", place)
        return None
    return record
