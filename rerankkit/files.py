"""Files and folders written whole or not at all."""

import glob
import gzip
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rerankkit.errors import InputError

Witness = Callable[[Path, Path], None]
"""Told of each output, as it lies ready under a passing name, and of the name that it is about to take."""
_witnesses: list[Witness] = []


@contextmanager
def witnessed(witness: Witness) -> Iterator[None]:
    """Has a witness told of every file and folder that is written whole in the block; of several the innermost."""
    _witnesses.append(witness)
    try:
        yield
    finally:
        _witnesses.remove(witness)


def _tell(part: Path, path: Path) -> None:
    if _witnesses:
        _witnesses[-1](part, path)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{suffix}")


def _clear(path: Path) -> None:
    """Removes what a killed process left beside a path; a folder that it had moved away comes back."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
        pid, _, kind = left.name[len(path.name) + 2 :].partition(".")
        if kind not in ("part", "old") or not pid.isdigit() or _lives(int(pid)):
            continue
        if kind == "old" and not path.exists():
            left.replace(path)
        elif left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def whole_file(path: str | Path, binary: bool = False) -> Iterator[IO]:
    """A file to write that takes its name only when the block ends well; `.gz` is packed.

    The previous content stays as it was when the block raises or the process dies. What is no file of its own, as
    /dev/stdout or a pipe, is written as it comes.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError("is a folder, where a file is to be written", path=path)
    if path.exists() and not path.is_file():  # before it is resolved: a pipe's own name is no path
        with path.open("wb") if binary else path.open("w", encoding="utf-8", newline="\n") as stream:
            yield stream
        return
    path = path.resolve() if path.is_symlink() else path
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear(path)
    part = _beside(path, "part")
    try:
        with part.open("wb") as raw:
            packed = gzip.GzipFile("", "wb", 6, raw, mtime=0) if path.suffix == ".gz" else None
            out: IO = packed or raw  # type: ignore[assignment]
            if not binary:
                out = io.TextIOWrapper(out, encoding="utf-8", newline="\n")
            yield out
            out.flush()
            if not binary:
                out.detach()  # type: ignore[attr-defined]
            if packed is not None:
                packed.close()
            raw.flush()
            os.fsync(raw.fileno())
        _tell(part, path)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def unwitnessed_file(path: str | Path) -> Iterator[IO]:
    """A whole file that no witness is told of."""
    with witnessed(lambda part, path: None), whole_file(path) as file:
        yield file


def _open_to_readers(folder: Path) -> None:
    """Lets all read a folder's files who may read the folder: safetensors writes weights for their owner alone."""
    may = folder.stat().st_mode & 0o666
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(path.stat().st_mode | may)


@contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """A folder to fill that takes its name, and its predecessor's place, only when the block ends well."""
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise InputError("is a file, where a folder is to be written", path=path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear(path)
    part, old = _beside(path, "part"), _beside(path, "old")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
        _tell(part, path)
        _open_to_readers(part)
        if path.exists():
            path.replace(old)
        part.replace(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if old.exists() and not path.exists():
            old.replace(path)
        shutil.rmtree(old, ignore_errors=True)
