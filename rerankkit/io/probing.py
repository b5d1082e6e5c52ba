"""Whether an output can be written, found out before the work: its folder, its name, room, rights, its side file."""

import os
import re
import tempfile
from pathlib import Path

from rerankkit.digests import SIDE
from rerankkit.errors import InputError
from rerankkit.files import check_replaceable, open_stream
from rerankkit.io.leftovers import LONGEST_NAME

LEAST_ROOM = 1 << 20
"""Bytes that must be free for an output."""
REMEDIES = {
    **dict.fromkeys(("ENOSPC", "EDQUOT"), "Free some room, or choose another disk"),
    **dict.fromkeys(("EACCES", "EPERM"), "Choose a folder that you may write to"),
    "EROFS": "Choose a place on another file system",
    "EFBIG": "Raise the limit on file sizes (ulimit -f)",
    "ENAMETOOLONG": "Choose a shorter name",
    "ELOOP": "Remove the link, or choose another output",
    "EISDIR": "Choose another output",
    "ENOTDIR": "Check the path",
}
"""Error of the file system -> what to do about it."""


def remedy_of(error: OSError) -> str:
    """What to do about an error of the file system; empty where nothing is known."""
    import errno

    return REMEDIES.get(errno.errorcode.get(error.errno or 0, ""), "")


def probe_file(path: Path, side: bool = False) -> None:
    """Raises InputError where a file, or the side file beside it, could not be written or replaced.

    Makes no folder and leaves no file. Pipes, devices and open streams of the process pass.
    """
    target = _target(path)
    if target is None:
        return
    if target.is_dir():
        raise InputError("is a folder, where a file is to be written", path=path)
    _probe_place(path, target)
    if side:
        beside = side_place(target)
        _check_names(beside)
        if beside.is_dir():
            raise InputError("is a folder, where the output's side file is to be written", path=beside)
        check_replaceable(beside)


def side_place(target: Path) -> Path:
    """Where the side file of an output file lies."""
    return target.with_name(f"{target.name}.{SIDE}")


def probe_folder(path: Path, replaced: bool = True) -> None:
    """Raises InputError where a folder could not be written; `replaced` says that it takes the former one's place.

    Makes no folder and leaves no file.
    """
    target = _target(path)
    if target is None or (target.exists() and not target.is_dir()):
        raise InputError("is a file, where a folder is to be written", path=path)
    if replaced and target.is_dir() and Path.cwd().resolve().is_relative_to(target):
        raise InputError("holds the current folder, and would be replaced", "Choose a new folder in it", path)
    if replaced:
        _probe_place(path, target)
    else:
        _try_to_write(path, target)
        check_replaceable(target)


def _target(path: Path) -> Path | None:
    """The path without links; None for pipes, devices and open streams. Raises InputError for what is no path."""
    _check_names(path)
    try:
        if open_stream(path) is not None or (path.exists() and not path.is_file() and not path.is_dir()):
            return None
        return Path(os.path.realpath(path))
    except ValueError as error:
        raise InputError(f"{str(path)[:80]!r} is no path: {error}", "Check the path") from None
    except OSError as error:
        raise _refusal(path, error) from error


def _probe_place(path: Path, target: Path) -> None:
    """Raises InputError where a new file or folder could not be made beside the target and take its name."""
    _try_to_write(path, target.parent)
    if target.is_symlink():
        raise InputError("is a link to itself", "Remove the link, or choose another output", path)
    check_replaceable(target)
    if target.exists() and os.fsencode(target) in _mount_points():
        raise InputError("is a mount point, which cannot be replaced", "Choose a place inside it", path)


def _check_names(path: Path) -> None:
    for part in path.parts:
        if len(os.fsencode(part)) > LONGEST_NAME:
            problem = f"a name of {len(os.fsencode(part))} bytes, {LONGEST_NAME} is the limit"
            raise InputError(problem, "Choose a shorter name", path)


def _try_to_write(path: Path, folder: Path) -> None:
    """Writes a nameless file into the folder, or into the nearest one above it that exists."""
    try:
        while not folder.exists():
            if folder.is_symlink():
                raise InputError(f"{folder} is a link to itself", "Remove the link", path)
            folder = folder.parent
        if not folder.is_dir():
            raise InputError(f"{folder} is a file, not a folder", "Check the path", path)
        with tempfile.TemporaryFile(dir=folder) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, LEAST_ROOM)
            else:
                file.write(bytes(LEAST_ROOM))
    except OSError as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot be written: {error.strerror}", remedy_of(error), path)


def _mount_points() -> set[bytes]:
    """The mount points of the system; empty where it does not tell."""
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return set()
    return {re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), line.split()[4]) for line in lines}
