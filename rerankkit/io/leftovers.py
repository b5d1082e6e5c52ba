"""Temporary names beside an output, and the removal of those that a killed process left.

A temporary name holds the process that made it: its number, its start time, the boot, and the host with its process
namespace. A process number alone is reused after a reboot, and is 1 in every container. The file or folder is also
locked (flock) while it is written, which tells across containers whether its writer still runs.
"""

import contextlib
import fcntl
import hashlib
import io
import itertools
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

LONGEST_NAME = 255
"""Bytes of a file's name."""
STALE = 7 * 86400
"""Seconds without a change after which a leftover of an unknown process is removed where locks do not work."""
SLACK = 2.0
"""Seconds by which the clocks of processes and files may differ."""
OWNER = re.compile(r"(?P<pid>[0-9]+)(-(?P<start>[0-9a-f]+)-(?P<boot>[0-9a-f]{6})-(?P<host>[0-9a-f]{6})-[0-9]+)?")
_number = itertools.count()


def temporary_name(path: Path, kind: str) -> Path:
    """A new hidden name beside a path; `kind` is `part` for what is written, `old` for what is moved away."""
    pid = os.getpid()
    owner = f"{pid}-{_started(pid) or 0:x}-{_boot()}-{_host()}-{next(_number)}"
    return path.with_name(f"{_prefix(path)}{owner}.{kind}")


def _prefix(path: Path) -> str:
    """What temporary names of a path begin with: its name, or a hash of a name near the limit of length."""
    name = path.name
    if len(os.fsencode(name)) > LONGEST_NAME - 80:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return f".{name}."


@contextmanager
def temporary_file(path: Path, mode: int) -> Iterator[Path]:
    """An empty, locked file beside a path; removed at the end unless it was renamed."""
    while True:
        part = temporary_name(path, "part")
        made = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode)
        if _locked(made, part):
            break
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)
        os.close(made)


@contextmanager
def temporary_folder(path: Path, mode: int) -> Iterator[Path]:
    """An empty, locked folder beside a path; removed at the end unless it was renamed."""
    while True:
        part = temporary_name(path, "part")
        part.mkdir(mode)
        made = os.open(part, os.O_RDONLY)
        if _locked(made, part):
            break
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
        os.close(made)


def _locked(made: int, part: Path) -> bool:
    """Locks a new file or folder; False where another process took it for a leftover before that, and removed it."""
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(made, fcntl.LOCK_EX)
    try:
        found = part.stat()
    except FileNotFoundError:
        os.close(made)
        return False
    return os.path.samestat(found, os.fstat(made))


def clear_leftovers(path: Path) -> None:
    """Removes what killed processes left beside a path; a folder that one had moved away takes its name again."""
    prefix = _prefix(path)
    for left in [entry.name for entry in os.scandir(path.parent) if entry.name.startswith(prefix)]:
        owner, _, kind = left[len(prefix) :].rpartition(".")
        match = OWNER.fullmatch(owner)
        if match is not None and kind in ("part", "old"):
            with contextlib.suppress(OSError):  # another process removes it at the same time, or it is not ours
                _clear(path.with_name(left), match, path if kind == "old" else None)


def _clear(left: Path, owner: re.Match[str], former: Path | None) -> None:
    live = _writer_lives(left, owner)
    if live:
        return
    with _lock_of(left) as free:
        if live is None and not free:
            return
        if former is not None and not former.exists():
            left.rename(former)
        elif left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _writer_lives(left: Path, owner: re.Match[str]) -> bool | None:
    """Whether the process that a temporary name holds still runs; None for one of another machine or container."""
    pid = int(owner["pid"])
    if owner["start"] is None:
        return _lives(pid) and not _reused(pid, left)
    if owner["host"] != _host():
        return None
    return owner["boot"] == _boot() and _lives(pid) and (_started(pid) or 0) == int(owner["start"], 16)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _reused(pid: int, left: Path) -> bool:
    """Whether a process began after a leftover's last change; that one, of an earlier version, names the number alone.

    False where the system does not tell when a process began.
    """
    started = _started(pid)
    if started is None:
        return False
    told = re.search(r"^btime ([0-9]+)$", _content("/proc/stat"), re.MULTILINE)
    began = int(told[1]) + started / os.sysconf("SC_CLK_TCK") if told else 0.0
    return began > _changed(left) + SLACK


def _changed(left: Path) -> float:
    """When a file, or a folder or anything in it, was changed last."""
    inside = left.rglob("*") if left.is_dir() else ()
    return max(one.lstat().st_mtime for one in (left, *inside))


@contextmanager
def _lock_of(left: Path) -> Iterator[bool]:
    """Holds a leftover's lock; False where a process holds it, or where nothing is known and the change is recent."""
    opened = os.open(left, os.O_RDONLY if left.is_dir() else os.O_RDWR)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        except OSError:
            yield time.time() - _changed(left) > STALE
        else:
            yield True
    finally:
        os.close(opened)


def _started(pid: int) -> int | None:
    """When a process began, in clock ticks since the boot; None where the system does not tell."""
    try:
        return int(_content(f"/proc/{pid}/stat").rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return None


def _content(name: str) -> str:
    with io.FileIO(name) as file:
        return file.read().decode("utf-8", "replace")


@lru_cache(maxsize=1)
def _boot() -> str:
    try:
        return _short(_content("/proc/sys/kernel/random/boot_id"))
    except OSError:
        return _short("")


@lru_cache(maxsize=1)
def _host() -> str:
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return _short(f"{os.uname().nodename} {namespace}")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]
