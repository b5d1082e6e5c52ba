"""Stages that are kept: a later call goes on behind the last one that was finished."""

import contextlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.files import whole_file
from rerankkit.io.foreign import Fields, read_json
from rerankkit.progress import stage
from rerankkit.surroundings import packages

log = logging.getLogger(__name__)

WRITES = {"index": "--index"}
"""The option that names what a command writes, where it is not --output; evaluate prints."""

DOCUMENTED = ("numpy", "scipy", "pandas", "scikit-learn", "matplotlib")
"""The libraries whose documentation the demo searches."""

Invoke = Callable[[list[str]], None]
"""Runs one rerankkit command."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A step with a name: a command's arguments, or work of the demo's own."""

    name: str
    does: list[str] | Callable[[], object]

    def told(self) -> str:
        """What would run, as one line."""
        return "rerankkit " + " ".join(self.does) if isinstance(self.does, list) else self.name

    def is_gone(self) -> bool:
        """Whether what the command wrote is no longer there."""
        if not isinstance(self.does, list) or self.does[0] == "evaluate":
            return False
        option = WRITES.get(self.does[0], "--output")
        return option in self.does and not Path(self.does[self.does.index(option) + 1]).exists()


def go_on(folder: Path, steps: Iterator[Stage], invoke: Invoke) -> list[str]:
    """Runs the stages that are not done yet, in order, and returns the names of those that it skipped.

    A stage whose command changed, or whose output is gone, is run again, and so is all that follows it. All are run
    again where Python, rerankkit or a library is of another version: they make the collection and the scores.
    """
    record, versions = folder / "stages.json", {**packages(), **_documented()}
    done, every = _read(record, versions), list(steps)
    kept: dict[str, str] = {}
    skipped: list[str] = []
    for number, one in enumerate(every, 1):
        before = len(skipped) == len(kept) == number - 1
        if before and done.get(one.name) == one.told() and not one.is_gone():
            kept[one.name] = one.told()
            skipped.append(one.name)
            continue
        if len(skipped) == number - 1 and skipped:
            log.info("skipped, done before: %s", ", ".join(skipped))
        with stage(number, len(every)) as prefix:
            log.info("%s%s", prefix, one.told())
            if isinstance(one.does, list):
                invoke(one.does)
            else:
                one.does()
        kept[one.name] = one.told()
        with whole_file(record) as file:
            json.dump({"versions": versions, "stages": kept}, file, indent=1)
    if skipped and len(skipped) == len(kept):
        log.info("skipped, done before: all %d stages", len(skipped))
    return skipped


def _documented() -> dict[str, str]:
    """The versions of the libraries whose documentation is the collection, of those that are installed."""
    found = {}
    for name in DOCUMENTED:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _read(record: Path, versions: dict[str, str]) -> dict[str, str]:
    """What was done by these versions; a record that cannot be read counts as nothing done.

    One of an earlier rerankkit names no versions: these are taken for it.
    """
    if not record.is_file():
        return {}
    try:
        told = read_json(record, "a record of stages")
        fields = Fields(told if "stages" in told else {"stages": told, "versions": versions}, "a record", record)
        stages, before = fields.table("stages"), fields.table("versions")
    except (InputError, TypeError):
        log.warning("%s cannot be read: starting from the first stage", record)
        return {}
    if before == versions:
        return stages
    changed = sorted(name for name in before.keys() | versions if before.get(name) != versions.get(name))
    log.warning("Warning: all stages are run again, for another version of %s", ", ".join(changed))
    return {}
