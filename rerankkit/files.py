"""Files and folders written whole or not at all."""

import contextlib
import errno
import gzip
import io
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

from rerankkit.errors import InputError
from rerankkit.io.leftovers import clear_leftovers, temporary_file, temporary_folder, temporary_name

Witness = Callable[[Path, Path], None]
"""Callback(temporary path, final path), run on each output that is whole, just before it is renamed."""
_witnesses: list[Witness] = []

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a file system that takes no more."""
FULL = re.compile(r"No space left on device|StorageFull|Disk quota exceeded|os error (28|122)|disk is full")
"""How libraries name them in exceptions of their own."""
OWN_STREAM = re.compile(r"/(?:dev|proc/(?:self|thread-self|[0-9]+))/fd/([0-9]+)")
STREAMS = {"/dev/stdout": 1, "/dev/stderr": 2}
RENAME_EXCHANGE, CURRENT_FOLDER = 2, -100
ATTEMPTS = 20
"""How often a folder is put in its place while other processes do the same."""


@contextmanager
def witnessed(witness: Witness) -> Iterator[None]:
    """Calls a witness for every file and folder that is written whole in the block; of several the innermost."""
    _witnesses.append(witness)
    try:
        yield
    finally:
        _witnesses.remove(witness)


def _tell(part: Path, path: Path) -> None:
    if _witnesses:
        _witnesses[-1](part, path)


class _Naming:
    """Names the output in errors of the file system that name its temporary file, or none for lack of room."""

    def __init__(self, path: Path, given: Path) -> None:
        self.path, self.given = path, given

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, OSError) and error.errno is not None:
            hidden = f"{os.sep}.{self.path.name}."
            if hidden in str(error.filename or "") or (error.filename is None and error.errno in NO_ROOM):
                error.filename, error.filename2 = str(self.given), None
        elif isinstance(error, Exception) and FULL.search(str(error)) and not isinstance(error, InputError):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.given)) from error


def open_stream(path: Path) -> int | None:
    """The number of the open stream that /dev/stdout, /dev/fd/N and their like name; None for any other path."""
    name = os.path.normpath(path)
    match = OWN_STREAM.fullmatch(name)
    return int(match[1]) if match else STREAMS.get(name)


def check_replaceable(path: Path) -> None:
    """Raises InputError for a file or folder that its owner, or the lack of permission, keeps from being replaced."""
    former = _former(path)
    if former is not None and not (former.st_mode & 0o222 and os.access(path, os.W_OK)):
        raise InputError("is read-only", "Make it writable (chmod u+w), or choose another output", path)


def _former(path: Path) -> os.stat_result | None:
    """The state of what stands at a path; None where nothing does, or another process moved it away."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


@contextmanager
def whole_file(path: str | Path, binary: bool = False) -> Iterator[IO]:
    """A file to write that takes its name only when the block ends well; `.gz` is packed.

    The former content stays as it was when the block raises or the process dies; its mode and, where permitted, its
    owner pass to the new file. A link keeps its place, and its target is written. A stream, such as /dev/stdout or a
    pipe, is written directly. A character that UTF-8 cannot hold, as of a file name in another encoding, is escaped.
    """
    given = path = Path(path)
    number = open_stream(path)
    if number is not None or (path.exists() and not path.is_file() and not path.is_dir()):
        with _stream(path, number, binary) as out:
            yield out
        return
    if path.is_dir():
        raise InputError("is a folder, where a file is to be written", path=path)
    path = Path(os.path.realpath(path))
    check_replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_leftovers(path)
    former = _former(path)
    with _Naming(path, given), temporary_file(path, 0o600 if former else 0o666) as part:
        if former:
            _pass_on(part, former)
        with part.open("wb") as raw:
            packed = gzip.GzipFile("", "wb", 6, raw, mtime=0) if path.suffix == ".gz" else None
            out = packed or raw  # type: ignore[assignment]
            if not binary:
                out = _text(out)
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


def _text(out: IO) -> io.TextIOWrapper:
    return io.TextIOWrapper(out, encoding="utf-8", errors="backslashreplace", newline="\n")


@contextmanager
def _stream(path: Path, number: int | None, binary: bool) -> Iterator[IO]:
    """A pipe or device by its name, or an open stream of this process from where it stands."""
    sys.stdout.flush()
    raw = path.open("wb") if number is None else os.fdopen(os.dup(number), "wb")
    with raw if binary else _text(raw) as out:
        yield out


def _pass_on(part: Path, former: os.stat_result) -> None:
    """Gives a new file or folder the owner, the group and the mode of the former one.

    Where the group cannot be kept, the new group gets no more rights than all others.
    """
    mode, now = stat.S_IMODE(former.st_mode), part.stat()
    if (former.st_uid, former.st_gid) != (now.st_uid, now.st_gid):
        try:
            os.chown(part, former.st_uid, former.st_gid)
        except OSError:
            try:
                os.chown(part, -1, former.st_gid)
            except OSError:
                mode &= 0o7707 | (mode & 0o007) << 3
    part.chmod(mode)


@contextmanager
def unwitnessed_file(path: str | Path) -> Iterator[IO]:
    """A whole file that no witness is called for."""
    with witnessed(lambda part, path: None), whole_file(path) as file:
        yield file


@contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """A folder to fill that takes its name, and its predecessor's place, only when the block ends well.

    The former folder's mode and, where permitted, its owner pass to the new one, and the modes of its files to those of
    the same names. A link to a folder keeps its place, and the folder is replaced.
    """
    given = Path(path)
    path = Path(os.path.realpath(given))
    if path.exists() and not path.is_dir():
        raise InputError("is a file, where a folder is to be written", path=given)
    check_replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_leftovers(path)
    former = _former(path)
    with _Naming(path, given), temporary_folder(path, 0o700 if former else 0o777) as part:
        yield part
        _tell(part, path)
        if former:
            _pass_on(part, former)
        _set_modes(part, path)
        _put_in_place(part, path)


def _set_modes(part: Path, former: Path) -> None:
    """Gives files the modes of the former ones of their names; others are readable to all who may read the folder.

    safetensors writes weights for their owner alone.
    """
    may = part.stat().st_mode & 0o666
    for path in part.rglob("*"):
        if path.is_file() and not path.is_symlink():
            before = _former(former / path.relative_to(part))
            path.chmod(stat.S_IMODE(path.stat().st_mode | may if before is None else before.st_mode))


def _put_in_place(part: Path, path: Path) -> None:
    """Renames a folder to a name that may be taken; the former folder is removed.

    Both are exchanged at once where the system can do that; else the former one is moved away first, and comes back
    when a process dies in between.
    """
    old = temporary_name(path, "old")
    try:
        for attempt in range(ATTEMPTS):
            if path.exists():
                if _exchanged(part, path):
                    return
                with contextlib.suppress(FileNotFoundError):  # another process moved it away
                    path.rename(old)
            try:
                part.rename(path)
                return
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or attempt == ATTEMPTS - 1:
                    raise
            shutil.rmtree(old, ignore_errors=True)  # another process's folder stands there now
    finally:
        if old.exists() and not path.exists():
            with contextlib.suppress(OSError):  # another process put its own there
                old.rename(path)
        shutil.rmtree(old, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchanges two names at once; False where the system or the file system cannot."""
    import ctypes

    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    return not rename(CURRENT_FOLDER, os.fsencode(one), CURRENT_FOLDER, os.fsencode(other), RENAME_EXCHANGE)
