"""Room on the disk for an index, estimated before any document is read."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from rerankkit.collection.forms import PACKED
from rerankkit.errors import InputError
from rerankkit.io.streams import is_regular

GROWTH = 1.5
"""Bytes on disk for each byte of documents, at the least: their copy for Lucene, and the index."""
UNPACKED = 3
"""How far text unpacks, at the least."""


def check_room(files: Sequence[Path], index: Path) -> None:
    """Raises InputError where the disk is too small for an index of the files; pipes are not counted."""
    sizes = [
        file.stat().st_size * (UNPACKED if file.suffix.lower() in PACKED else 1)
        for file in map(Path, files)
        if is_regular(file)
    ]
    needed = int(GROWTH * sum(sizes))
    place = next(folder for folder in (index.absolute(), *index.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if needed > free:
        problem = f"the index needs at least {_told(needed)} while it is made, {_told(free)} are free"
        raise InputError(problem, "Free room on its disk, or choose another for --index", index)


def _told(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
