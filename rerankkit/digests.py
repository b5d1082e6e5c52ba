"""What a file or folder holds, as a hash: whole where that is quick, sampled where it is not."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

WHOLE = 128 << 20
"""Bytes of a file, or of a folder's files together, that are hashed whole: a quarter of a second."""
SMALL = 1 << 20
"""Bytes of a file that is hashed whole in every folder: an index's own list of its parts is one."""
BLOCKS, BLOCK = 64, 16 << 10
"""How many blocks of a larger file are read, evenly spread, and how many bytes each."""
SIDE = "meta.json"
"""The file in a folder, or the ending of one beside a file, that tells how it was made; no part of the content."""
IGNORED = (SIDE, "write.lock")


class Digest(NamedTuple):
    """A hash, the bytes it stands for, and whether all of them were read."""

    sha256: str
    bytes: int
    whole: bool


def digest(path: Path) -> Digest:
    """The hash of a file's content, or of a folder's names, sizes and contents."""
    if path.is_dir():
        return _of_folder(path)
    size = path.stat().st_size
    return Digest(_of_file(path, size <= WHOLE), size, size <= WHOLE)


def digest_whole(path: Path) -> str:
    """The hash of all that a file holds."""
    return _of_file(path, True)


def content(folder: Path) -> Iterator[Path]:
    """The folder's files by name, at any depth; what is hidden, or says how the folder was made, left out."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") for part in parts) and path.name not in IGNORED:
            yield path


def _of_folder(folder: Path) -> Digest:
    sizes = {path: path.stat().st_size for path in content(folder)}
    total = sum(sizes.values())
    hashed, whole = hashlib.sha256(), True
    for path, size in sizes.items():
        fully = total <= WHOLE or size <= SMALL
        whole &= fully
        hashed.update(f"{path.relative_to(folder).as_posix()} {size} {_of_file(path, fully)}\n".encode())
    return Digest(hashed.hexdigest(), total, whole)


def _of_file(path: Path, whole: bool) -> str:
    with path.open("rb") as file:
        if whole:
            return hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        hashed = hashlib.sha256(str(size).encode())
        for block in range(BLOCKS):
            file.seek((size - BLOCK) * block // (BLOCKS - 1))
            hashed.update(file.read(BLOCK))
        return hashed.hexdigest()
