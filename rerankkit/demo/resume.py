"""Stages that are kept: a later call goes on behind the last one that was finished."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rerankkit.files import whole_file

log = logging.getLogger(__name__)

WRITES = {"index": "--index"}
"""The option that names what a command writes, where it is not --output; evaluate prints."""

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

    A stage whose command changed, or whose output is gone, is run again, and so is all that follows it.
    """
    record = folder / "stages.json"
    done = _read(record)
    kept: dict[str, str] = {}
    skipped: list[str] = []
    for number, stage in enumerate(steps, 1):
        before = len(skipped) == len(kept) == number - 1
        if before and done.get(stage.name) == stage.told() and not stage.is_gone():
            kept[stage.name] = stage.told()
            skipped.append(stage.name)
            continue
        if len(skipped) == number - 1 and skipped:
            log.info("skipped, done before: %s", ", ".join(skipped))
        log.info("[%d] %s", number, stage.told())
        if isinstance(stage.does, list):
            invoke(stage.does)
        else:
            stage.does()
        kept[stage.name] = stage.told()
        with whole_file(record) as file:
            json.dump(kept, file, indent=1)
    if skipped and len(skipped) == len(kept):
        log.info("skipped, done before: all %d stages", len(skipped))
    return skipped


def _read(record: Path) -> dict[str, str]:
    """What was done; a record that cannot be read counts as nothing done."""
    try:
        return json.loads(record.read_text("utf-8")) if record.is_file() else {}
    except ValueError:
        log.warning("%s cannot be read: starting from the first stage", record)
        return {}
