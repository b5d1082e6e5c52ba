"""Compressed files unpacked by content, whatever their names end in, in bounded steps."""

import bz2
import importlib
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

from rerankkit.errors import InputError

STEP = 256 << 10
"""Bytes that one step unpacks at most."""
PACKED = 64 << 10
"""Packed bytes that are read at once."""
ZSTD_PACKED = 1 << 10
"""The same for zstd, whose decompressor takes no limit: a kilobyte unpacks to 32 MB at most."""
MEMORY = 128 << 20
"""Bytes that a decompressor may ask for; `xz -9` needs 65 MB."""
BLOW_UP, FREE = 200, 32 << 20
"""A file that unpacks to more than FREE bytes may not grow by more than BLOW_UP; lines of text shrink 5- to 50-fold."""


class _Inflater:
    """zlib's decompressor with the interface of those of bz2 and lzma."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)
        self._full = False

    @property
    def eof(self) -> bool:
        """Whether the stream has come to its end."""
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        """What follows the stream's end."""
        return self._zlib.unused_data

    @property
    def needs_input(self) -> bool:
        """Whether nothing more can be unpacked of what was given."""
        return not self._zlib.eof and not self._zlib.unconsumed_tail and not self._full

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most `max_length` bytes."""
        unpacked = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self._full = len(unpacked) == max_length  # zlib may hold more, although it has consumed all
        return unpacked


class _Zstd:
    """The same of `zstandard`, which knows no limit."""

    needs_input = True

    def __init__(self, module: Any) -> None:
        self._zstd = module.ZstdDecompressor(max_window_size=MEMORY).decompressobj()

    @property
    def eof(self) -> bool:
        """Whether the frame has come to its end."""
        return self._zstd.eof

    @property
    def unused_data(self) -> bytes:
        """What follows the frame's end."""
        return self._zstd.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """All that the data unpacks to."""
        return self._zstd.decompress(data) if data else b""


def _zstd_opener(path: Path) -> Callable[[], Any]:
    """What makes decompressors of zstd, by the standard library from Python 3.14 on, else by `zstandard`."""
    try:
        module = importlib.import_module("compression.zstd")
        return lambda: module.ZstdDecompressor(options={module.DecompressionParameter.window_log_max: 27})
    except ImportError:
        pass
    try:
        module = importlib.import_module("zstandard")
    except ImportError:
        remedy = "Install what unpacks it: pip install zstandard; or unpack it first: zstd -d"
        raise InputError("a zstd file", remedy, path) from None
    return lambda: _Zstd(module)


class Packing(NamedTuple):
    """A compressed format: its name, how its files begin, what makes a decompressor for a path."""

    name: str
    begins: tuple[bytes, ...]
    opener: Callable[[Path], Callable[[], Any]]
    step: int = PACKED


PACKINGS = (
    Packing("gzip", (b"\x1f\x8b",), lambda path: _Inflater),
    Packing(
        "bzip2",
        tuple(b"BZh%d" % size + block for size in range(1, 10) for block in (b"1AY&SY", b"\x17rE8P\x90")),
        lambda path: bz2.BZ2Decompressor,
    ),
    Packing("xz", (b"\xfd7zXZ\0",), lambda path: lambda: lzma.LZMADecompressor(memlimit=MEMORY)),
    Packing(
        "zstd",
        (b"\x28\xb5\x2f\xfd", *(bytes([kind]) + b"\x2a\x4d\x18" for kind in range(0x50, 0x60))),
        _zstd_opener,
        ZSTD_PACKED,
    ),
)


def packing_of(head: bytes) -> Packing | None:
    """The format of a file that begins so; None where it is not compressed."""
    return next((packing for packing in PACKINGS if head.startswith(packing.begins)), None)


class Unpacked(io.RawIOBase):
    """The unpacked bytes of a compressed file, which may be of several parts in a row.

    Raises InputError for a file that is cut or damaged, that asks for too much memory, or that grows without measure.
    """

    def __init__(self, packed: IO[bytes], packing: Packing, path: Path) -> None:
        self._packed, self._packing, self._path = packed, packing, path
        self._make = packing.opener(path)
        self._part = self._make()
        self._read = self._grown = 0
        self._rest = b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer at least in part; 0 at the end."""
        if not self._rest:
            self._rest = self._step(min(len(buffer), STEP))
        given, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)

    def _step(self, most: int) -> bytes:
        """The next bytes; none at the end."""
        name = self._packing.name
        while True:
            try:
                if self._part.eof:
                    data = self._part.unused_data
                    while not (data := data.lstrip(b"\0")):  # zeros may follow the end, as on tapes
                        if not (data := self._more()):
                            return b""
                    self._part = self._make()
                elif self._part.needs_input:
                    if not (data := self._more()):
                        raise EOFError("the file ends too early")
                else:
                    data = b""
                unpacked = self._part.decompress(data, most)
            except _failures() as error:
                problem = f"cannot be unpacked as {name}: {error}"
                raise InputError(problem, "Pack or copy it again", self._path) from error
            if unpacked:
                self._grown += len(unpacked)
                if self._grown > FREE and self._grown > BLOW_UP * self._read:
                    raise InputError(
                        f"the {name} file unpacks to more than {BLOW_UP} times its size",
                        "No text shrinks so far; unpack it yourself if you trust it",
                        self._path,
                    )
                return unpacked

    def _more(self) -> bytes:
        data = self._packed.read(self._packing.step)
        self._read += len(data)
        return data


def _failures() -> tuple[type[Exception], ...]:
    """What decompressors raise, those of zstd where its module is loaded."""
    modules = (sys.modules.get("zstandard"), sys.modules.get("compression.zstd"))
    zstd = [module.ZstdError for module in modules if module is not None]
    return (EOFError, zlib.error, lzma.LZMAError, OSError, ValueError, *zstd)
