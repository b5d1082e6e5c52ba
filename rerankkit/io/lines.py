"""Lines of text files, unpacked by content and bounded in length: the only place that reads them."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rerankkit.errors import InputError
from rerankkit.io.streams import open_bytes
from rerankkit.io.unpacking import Unpacked, packing_of

LONGEST_LINE = 8 << 20
"""Bytes of a line; a longer one is refused, so that no line fills the memory: its words take 20 times the room."""
LARGEST_TEXT = 16 << 20
"""Bytes, unpacked, of a file that is read as one text."""
PACKED_ENDINGS = (".gz", ".bz2", ".xz", ".zst")
HEAD = 24
"""Bytes that tell what a file is."""
BLOCK = 64 << 10
"""Bytes that `read_lines` takes at once."""
FOREIGN = (
    (b"PK\x03\x04", "a zip archive", "Unpack it first: unzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it first: 7z x"),
    (b"\x1f\x9d", "packed by compress", "Unpack it first: gzip -d"),
    (b"PAR1\x15", "a Parquet file", "Write it as lines of text first"),
    (b"\xff\xfe", "text in UTF-16", "Convert the file: iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", "text in UTF-16", "Convert the file: iconv -f UTF-16 -t UTF-8"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "Fetch the file: git lfs pull"),
)
"""How files begin that hold no lines, what they are, and the remedy."""


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file that are not blank, with their numbers from 1; a compressed file is unpacked.

    Raises InputError as `read_blocks` does, and where the file is empty, not UTF-8 or has lines that end in CR alone.
    """
    blank = True
    for number, block in read_blocks(path, BLOCK):
        if number == 1 and b"\n" not in block and b"\r" in block.rstrip():
            raise InputError("the lines end in CR alone", "Convert the file: tr '\\r' '\\n'", path)
        if block.isspace():
            continue
        try:
            text = block.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            yield from numbered(block.split(b"\n"), path, number)  # raises at the line
            return
        for place, line in enumerate(text.split("\n"), number):
            if line and not line.isspace():
                blank = False
                yield place, line.rstrip("\r\n")
    if blank:
        raise empty(path)


def read_blocks(path: str | Path, size: int) -> Iterator[tuple[int, bytes]]:
    """The file in blocks of whole lines, of `size` bytes or a line more, with the number of each block's first line.

    A file compressed by gzip, bzip2, xz or zstd is unpacked, whatever its name ends in. Raises InputError where the
    file is missing, a folder, unreadable, cut or damaged, binary, and for a line of more than LONGEST_LINE bytes.
    """
    number = 1
    with open_unpacked(path) as file:
        while block := file.read(size):
            _check_text(block, path, number)
            if not block.endswith(b"\n"):
                block += file.readline(LONGEST_LINE + 1)
                _check_length(block, path, number)
                _check_text(block, path, number)
            yield number, block
            number += block.count(b"\n")


def _check_text(block: bytes, path: str | Path, number: int) -> None:
    """Raises InputError for a NUL byte, which no text has."""
    if b"\0" in block:
        line = number + block.count(b"\n", 0, block.index(b"\0"))
        remedy = "Expected UTF-8 text; of UTF-16: iconv -f UTF-16 -t UTF-8"
        raise InputError("a NUL byte: not a text file, or one in UTF-16", remedy, path, line)


def _check_length(block: bytes, path: str | Path, number: int) -> None:
    """Raises InputError where the block's last line is too long."""
    if len(block) <= LONGEST_LINE:
        return
    start = block.rfind(b"\n", 0, -1) + 1
    if len(block) - start > LONGEST_LINE:
        line = number + block.count(b"\n", 0, start)
        raise InputError(f"a line of more than {LONGEST_LINE:,} bytes", "Expected lines of text", path, line)


def read_text(path: str | Path, most: int | None = None) -> str:
    """A whole UTF-8 file, unpacked, its lines ended by line feeds.

    Raises InputError as `read_lines` does, and for a file of more than `most` bytes, LARGEST_TEXT by default.
    """
    blocks, size, most = [], 0, LARGEST_TEXT if most is None else most
    for _, block in read_blocks(path, BLOCK):
        size += len(block)
        if size > most:
            raise InputError(f"more than {most:,} bytes", "Give a smaller file, or one of lines", path)
        blocks.append(block)
    content = b"".join(blocks)
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise _not_utf8(error, path, content.count(b"\n", 0, error.start) + 1) from error
    if not text or text.isspace():
        raise empty(path)
    return text


def numbered(lines: Iterable[bytes], path: str | Path, first: int = 1) -> Iterator[tuple[int, str]]:
    """The lines that are not blank as text, with their numbers from the first one's; InputError where not UTF-8."""
    number = first
    try:
        for number, raw in enumerate(lines, first):
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            if line and not line.isspace():
                yield number, line
    except UnicodeDecodeError as error:
        raise _not_utf8(error, path, number) from error


def _not_utf8(error: UnicodeDecodeError, path: str | Path, line: int) -> InputError:
    return InputError(
        f"not UTF-8 (byte 0x{error.object[error.start]:02x})", "Convert the file: iconv -t UTF-8", path, line
    )


def bare_name(path: str | Path) -> str:
    """The file's name without the ending of a compressed one."""
    name = Path(path).name
    return name.removesuffix(next((ending for ending in PACKED_ENDINGS if name.endswith(ending)), ""))


def empty(path: str | Path) -> InputError:
    """The error for a file that has no line but blank ones."""
    return InputError("the file is empty", "Check the step that wrote it", path)


@contextmanager
def open_unpacked(path: str | Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked where they are compressed; InputError for what is known to hold no lines."""
    with open_bytes(path) as raw:
        head = b""
        while len(head) < HEAD and (more := raw.read(HEAD - len(head))):
            head += more
        raw.seek(0)
        for begins, what, remedy in FOREIGN:
            if head.startswith(begins):
                raise InputError(f"is {what}", remedy, path)
        packing = packing_of(head)
        if packing is None:
            yield io.BufferedReader(raw)
            return
        packed = io.BufferedReader(raw)
        yield io.BufferedReader(Unpacked(packed, packing, Path(path)), BLOCK)
