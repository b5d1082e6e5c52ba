"""What a long writing has finished, kept beside its output until that is whole."""

import json
from pathlib import Path


class WindowJournal:
    """The finished windows of a query writer."""

    def __init__(self, output: Path, settings: dict[str, str]) -> None:
        """Opens `OUTPUT.journal`; one of other settings is started anew, a line cut by a kill is dropped."""
        self.path = output.with_name(f"{output.name}.journal")
        self.done: list[list[str]] = []
        head = json.dumps(settings, sort_keys=True)
        lines = self.path.read_text("utf-8").split("\n") if self.path.is_file() else []
        kept = lines[1:-1] if lines and lines[0] == head else []  # after the last line break: not written to its end
        self.done = [json.loads(line) for line in kept]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("\n".join([head, *kept]) + "\n", "utf-8")
        self._file = self.path.open("a", encoding="utf-8")

    def add(self, window: list[str]) -> None:
        """Writes a finished window down."""
        self._file.write(json.dumps(window, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Removes the journal: the output is whole."""
        self._file.close()
        self.path.unlink(missing_ok=True)
