"""What a long work has finished, a line a record, kept beside its output until that is whole."""

import contextlib
import json
from pathlib import Path
from typing import Any


class LineJournal:
    """The finished records of a work; what a kill left half-written is dropped."""

    def __init__(self, output: Path, settings: dict[str, str]) -> None:
        """Opens `OUTPUT.journal`; one of other settings is started anew."""
        self.path = output.with_name(f"{output.name}.journal")
        self.done: list[Any] = []
        head = json.dumps(settings, sort_keys=True)
        lines = self.path.read_text("utf-8").split("\n") if self.path.is_file() else []
        kept = [head]
        if lines and lines[0] == head:
            with contextlib.suppress(ValueError):  # what follows a broken line is done again
                for line in lines[1:-1]:  # what follows the last line break was not written to its end
                    self.done.append(json.loads(line))
                    kept.append(line)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("\n".join(kept) + "\n", "utf-8")
        self._file = self.path.open("a", encoding="utf-8")

    def add(self, record: Any) -> None:
        """Writes a finished record down."""
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Removes the journal: the output is whole."""
        self._file.close()
        self.path.unlink(missing_ok=True)
