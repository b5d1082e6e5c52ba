"""A run file's lines as they are, a query at a time, however malformed: what is odd is told, nothing is repaired."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress, pairwise, repeat
from operator import ne
from pathlib import Path

from rerankkit.check.finding import Findings, shown
from rerankkit.io.lines import empty, read_blocks

BLOCK = 1 << 20
BOM = b"\xef\xbb\xbf"
ODD_SPACES = "\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What Python takes for a space and C does not."""
Row = list[bytes]


@dataclass
class RawList:
    """The lines of a query as words, with their numbers; MS MARCO's lines have no scores and no tags."""

    qid: bytes
    numbers: list[int] = field(default_factory=list)
    q0: list[bytes] = field(default_factory=list)
    docids: list[bytes] = field(default_factory=list)
    ranks: list[bytes] = field(default_factory=list)
    scores: list[bytes] = field(default_factory=list)
    tags: list[bytes] = field(default_factory=list)

    def extend(self, numbers: list[int], columns: list[tuple[bytes, ...]]) -> None:
        """Adds lines: their columns without the qid."""
        self.numbers += numbers
        if len(columns) == 2:
            self.docids += columns[0]
            self.ranks += columns[1]
            return
        for own, more in zip((self.q0, self.docids, self.ranks, self.scores, self.tags), columns, strict=True):
            own += more


def scattered(path: Path) -> set[bytes]:
    """The queries whose lines do not all follow each other."""
    found: set[bytes] = set()
    seen: set[bytes] = set()
    before = b""
    for number, block in read_blocks(path, BLOCK):
        block = block.removeprefix(BOM) if number == 1 else block
        for row in map(bytes.split, block.split(b"\n"), repeat(None), repeat(1)):  # the first word alone
            if row and row[0] != before:
                before = row[0]
                if before in seen:
                    found.add(before)
                seen.add(before)
    return found


def raw_lists(path: Path, findings: Findings, apart: set[bytes]) -> Iterator[RawList]:
    """The lists of the file in its order; those of queries that lie apart come whole, at the end.

    Raises InputError where there is nothing to read: missing, a folder, empty, binary, not gzip.
    """
    held: dict[bytes, RawList] = {}
    current = RawList(b"")
    width = 0
    for numbers, columns in _columns(path, findings):
        if width and len(columns) != width:
            findings.add("mixed-columns", numbers[0], f"{len(columns)} columns after lines of {width}")
        width = width or len(columns)
        if width == 3:
            findings.add("no-tag", None, "three columns") if "no-tag" not in findings else None
        qids, rest = columns[0], columns[1:]
        starts = [0, *compress(range(1, len(qids)), map(ne, qids[1:], qids)), len(qids)]
        for start, end in pairwise(starts):
            qid = qids[start]
            if qid in apart:
                target = held.setdefault(qid, RawList(qid))
                if target.numbers and target is not current:
                    findings.add("scattered", numbers[start], f"query {shown(qid)} goes on after others")
            elif qid == current.qid and current.numbers:
                target = current
            else:
                target = RawList(qid)
            if target is not current:
                if current.numbers and current.qid not in apart:
                    yield current
                current = target
            current.extend(numbers[start:end], [column[start:end] for column in rest])
    if current.numbers and current.qid not in apart:
        yield current
    yield from held.values()
    if not width and "columns" not in findings:
        raise empty(path)


def _columns(path: Path, findings: Findings) -> Iterator[tuple[list[int], list[tuple[bytes, ...]]]]:
    """Lines of one width as columns, with the lines' numbers; lines that are neither six nor three words are told."""
    for number, block in read_blocks(path, BLOCK):
        if number == 1 and block.startswith(BOM):
            findings.add("bom", 1, "the file begins with a byte order mark")
            block = block[len(BOM) :]
        _tell_characters(block, number, findings)
        rows = list(map(bytes.split, block.removesuffix(b"\n").split(b"\n")))
        widths = set(map(len, rows))
        if len(widths) == 1 and widths <= {3, 6}:
            yield list(range(number, number + len(rows))), list(zip(*rows, strict=True))
            continue
        yield from _by_width(rows, number, findings)


def _tell_characters(block: bytes, number: int, findings: Findings) -> None:
    """Tells of line ends, spaces and bytes that readers do not agree on."""
    if b"\r" in block and "line-ends" not in findings:
        first = number + block.count(b"\n", 0, block.index(b"\r"))
        findings.add("line-ends", first, "the line ends in CR LF", block.count(b"\r"))
    if block.isascii() and not any(odd in block for odd in (b"\x1c", b"\x1d", b"\x1e", b"\x1f")):
        return
    for place, line in enumerate(block.split(b"\n"), number):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            findings.add("encoding", place, f"not UTF-8 (byte 0x{line[error.start]:02x})")
            continue
        odd = next((character for character in text if character in ODD_SPACES), None)
        if odd is not None:
            findings.add("odd-space", place, f"the space U+{ord(odd):04X} in the line")


def _by_width(rows: list[Row], first: int, findings: Findings) -> Iterator[tuple[list[int], list[tuple[bytes, ...]]]]:
    """The rows in stretches of one width, without blank ones and those that are no lines of a run."""
    numbers: list[int] = []
    kept: list[Row] = []
    for number, row in enumerate(rows, first):
        if len(row) not in (3, 6):
            if row:
                said = b" ".join(row[:8])
                findings.add("columns", number, f"{len(row)} columns: {shown(said)!r}")
            else:
                findings.add("blank", number, "a blank line")
            continue
        if kept and len(row) != len(kept[0]):
            yield numbers, list(zip(*kept, strict=True))
            numbers, kept = [], []
        numbers.append(number)
        kept.append(row)
    if kept:
        yield numbers, list(zip(*kept, strict=True))
