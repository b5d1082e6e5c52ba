"""Room on the disk for an index, looked for before the work."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from rerankkit.collection.forms import PACKED
from rerankkit.errors import InputError

TIMES = 3
"""Bytes on disk for a byte of documents: the copy that Lucene reads, and the index with text, positions and vectors."""
UNPACKED = 4
"""Bytes of text in a byte of a compressed file."""


def room_needed(files: Sequence[Path]) -> int:
    """About how many bytes an index of the files takes while it is made."""
    sizes = (file.stat().st_size * (UNPACKED if file.name.lower().endswith(PACKED) else 1) for file in files)
    return TIMES * sum(sizes)


def check_room(files: Sequence[Path], index: Path) -> None:
    """Raises InputError where the disk of the index has less room than it takes, by an estimate."""
    needed = room_needed([file for file in files if file.is_file()])
    folder = next(above for above in (index.absolute(), *index.absolute().parents) if above.exists())
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InputError(
            f"the index needs about {needed / 1e9:.1f} GB while it is made, {free / 1e9:.1f} GB are free",
            "Free room on its disk, or choose another",
            index,
        )
