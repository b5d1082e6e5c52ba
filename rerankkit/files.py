"""Files read with line numbers, and written whole or not at all."""

import glob
import gzip
import io
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rerankkit.errors import InputError

Witness = Callable[[Path, Path], None]
"""Told of each output, as it lies ready under a passing name, and of the name that it is about to take."""
_witnesses: list[Witness] = []

LONGEST_LINE = 64 << 20
"""Bytes; a longer line is no line of a text file."""


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


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file that are not blank, with their numbers from 1; `.gz` is unpacked.

    Raises InputError where the file is missing, a folder, empty, not UTF-8, or not gzip.
    """
    with _unpacked(path) as file:
        lines = numbered(file, path)
        first = next(lines, None)
        if first is None:
            raise empty(path)
        yield first
        yield from lines


def read_blocks(path: str | Path, size: int) -> Iterator[tuple[int, bytes]]:
    """The file in blocks of whole lines, of `size` bytes or a line more, with the number of each block's first line.

    Raises InputError where the file is missing, a folder, or not gzip.
    """
    number = 1
    with _unpacked(path) as file:
        while block := file.read(size):
            block += file.readline(LONGEST_LINE)
            if len(block) > LONGEST_LINE:
                raise InputError("a line of over 64 MB", "Expected lines of text", path, number)
            yield number, block
            number += block.count(b"\n")


def numbered(lines: Iterable[bytes], path: str | Path, first: int = 1) -> Iterator[tuple[int, str]]:
    """The lines that are not blank as text, with their numbers from the first one's; InputError where not UTF-8."""
    number = first
    try:
        for number, raw in enumerate(lines, first):
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            if line and not line.isspace():
                yield number, line
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise InputError(f"not UTF-8 (byte 0x{byte:02x})", "Convert the file: iconv -t UTF-8", path, number) from error


def empty(path: str | Path) -> InputError:
    """What a file without a line that says something deserves."""
    return InputError("the file is empty", "Check the step that wrote it", path)


@contextmanager
def _unpacked(path: str | Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked where its name ends in .gz."""
    path = Path(path)
    if path.is_dir():
        raise InputError("is a folder, where a file is expected", path=path)
    if not path.exists():
        raise InputError("no such file", "Check the path", path)
    try:
        with path.open("rb") as file:
            yield gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file  # type: ignore[misc]
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError("not a whole gzip file", "Pack or copy it again", path) from error


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
