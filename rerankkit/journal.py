"""What a long work has finished, a line a record, kept beside its output until that is whole."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from rerankkit.errors import InputError
from rerankkit.files import unwitnessed_file
from rerankkit.io.foreign import parse_json

LONGEST_LINE = 1 << 20
"""Bytes of a line; a longer one is none of a journal."""


class LineJournal:
    """The finished records of a work; what a kill left half-written is dropped."""

    def __init__(
        self, output: Path, settings: dict[str, str], fits: Callable[[Any], bool] = lambda record: True
    ) -> None:
        """Opens `OUTPUT.journal`; one of other settings is started anew.

        `fits` says whether a record is one of this work; one that is not, or that is damaged, is done again with all
        that follow it. Raises InputError for a file of that name that is no journal.
        """
        self.path = output.with_name(f"{output.name}.journal")
        head = json.dumps(settings, sort_keys=True)
        self.done = self._read(head, fits)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with unwitnessed_file(self.path) as file:
            file.writelines(f"{line}\n" for line in (head, *map(json.dumps, self.done)))
        self._file = self.path.open("a", encoding="utf-8")

    def _read(self, head: str, fits: Callable[[Any], bool]) -> list[Any]:
        """The finished records; none of another work's journal."""
        if not self.path.exists():
            return []
        if not self.path.is_file():
            raise InputError("is no regular file, where a journal is to be written", "Move it away", self.path)
        with self.path.open("rb") as file:
            first = file.readline(LONGEST_LINE)
            if not first.lstrip().startswith(b"{") and first.strip():
                raise InputError("is no journal of rerankkit", "Move it away, or choose another output", self.path)
            return list(_records(file, fits)) if first == head.encode() + b"\n" else []

    def add(self, record: Any) -> None:
        """Writes a finished record down."""
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Removes the journal: the output is whole."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def _records(file: IO[bytes], fits: Callable[[Any], bool]) -> Iterator[Any]:
    """The records up to the first that is damaged, cut, or none of the work's."""
    while (line := file.readline(LONGEST_LINE)).endswith(b"\n"):
        try:
            record = parse_json(line.decode())
        except ValueError:
            return
        if not fits(record):
            return
        yield record
