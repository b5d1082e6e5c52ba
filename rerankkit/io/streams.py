"""Files opened for reading; pipes and devices are read once, however often they are opened."""

import io
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError

KEPT = 4 << 20
"""Bytes of a stream that are kept in memory; what follows is kept on disk."""
_streams: dict[tuple[int, int], "_Stream"] | None = None


class _Stream:
    """A pipe or device whose bytes are kept as they are read, so that a second reader finds them too."""

    def __init__(self, path: Path) -> None:
        self.live = path.open("rb", buffering=0)
        self.kept = tempfile.SpooledTemporaryFile(KEPT)  # noqa: SIM115
        self.length = 0

    def close(self) -> None:
        """Lets go of the stream and of what was kept."""
        self.live.close()
        self.kept.close()


class _Reader(io.RawIOBase):
    """A stream from its beginning."""

    def __init__(self, stream: _Stream, alone: bool) -> None:
        self._stream, self._alone, self._place = stream, alone, 0

    def close(self) -> None:
        """Closes the stream too where no other reader can come."""
        if self._alone:
            self._stream.close()
        super().close()

    def seek(self, place: int, whence: int = 0) -> int:
        """Goes to a place that was read before."""
        self._place = place
        return place

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer at least in part; 0 at the end."""
        stream = self._stream
        if self._place < stream.length:
            stream.kept.seek(self._place)
            data = stream.kept.read(min(len(buffer), stream.length - self._place))
        else:
            data = stream.live.read(len(buffer)) or b""
            stream.kept.seek(stream.length)
            stream.kept.write(data)
            stream.length += len(data)
        self._place += len(data)
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def replayed() -> Iterator[None]:
    """Within the block, a pipe or device that is opened again gives its bytes again.

    Without it each opening of a FIFO waits for a new writer, as it does elsewhere.
    """
    global _streams
    if _streams is not None:
        yield
        return
    _streams = {}
    try:
        yield
    finally:
        opened, _streams = _streams, None
        for stream in opened.values():
            stream.close()


def is_regular(path: str | Path) -> bool:
    """Whether the path is a file on disk, which can be read again, measured and hashed."""
    try:
        return stat.S_ISREG(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return False


def open_bytes(path: str | Path) -> io.RawIOBase:
    """The bytes of a file or stream, which can go back to their beginning.

    Raises InputError with the reason where it cannot be opened.
    """
    path = Path(path)
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise InputError("is a folder, where a file is expected", path=path)
        if stat.S_ISSOCK(found.st_mode):
            raise InputError("is a socket, where a file is expected", "Write it to a file first", path)
        if stat.S_ISREG(found.st_mode):
            return path.open("rb", buffering=0)
        if _streams is None:
            return _Reader(_Stream(path), True)
        key = (found.st_dev, found.st_ino)
        if key not in _streams:
            _streams[key] = _Stream(path)
        return _Reader(_streams[key], False)
    except FileNotFoundError:
        raise InputError("no such file", "Check the path", path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", "Check the path and its permissions", path) from error
    except ValueError as error:  # a NUL byte in the name
        raise InputError(f"{str(path)!r} is no path: {error}", "Check the path") from error
