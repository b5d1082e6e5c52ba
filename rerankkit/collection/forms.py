"""Files of records: JSON lines, a JSON array or indented objects, and TSV, told apart by content."""

import codecs
import re
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from rerankkit.collection.record import EXPECTED, IDS, SHOWN, TEXTS
from rerankkit.errors import InputError
from rerankkit.io.foreign import parse_json
from rerankkit.io.lines import LONGEST_LINE, open_unpacked, read_lines
from rerankkit.io.streams import replayed

PACKED = (".gz", ".bz2", ".xz", ".zst", ".zstd")
"""The endings of compressed files; the content decides how they are unpacked."""
HEAD = 64 << 10
"""Bytes that tell the form of a file."""
BLOCK = 256 << 10
"""Bytes of an array that are read at once."""
COLUMNS = {2: ("id", "text"), 4: ("id", "url", "title", "text")}
"""The columns of TSV without a header: MS MARCO's `collection.tsv` and `msmarco-docs.tsv`."""
EXPECTED_COLUMNS = "Expected docid and text, or docid, url, title and body, or a first line that names id, title, text"
OTHERS = {"qid", "query", "query-id", "query_id", "queryid", "topic", "corpus-id", "corpus_id", "rank"}
"""Column names of topics, judgments and runs."""
_NUMBER = re.compile(r"\s*[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?\s*")
_TOKEN = re.compile(r'[{}]|"[^"\\]*(?:\\.[^"\\]*)*(")?', re.DOTALL)
"""A brace, or a string with its closing quote where that is there."""


def plain_name(path: Path) -> str:
    """The file's name in lower case without the ending of a compressed file."""
    name = path.name.lower()
    return next((name.removesuffix(ending) for ending in PACKED if name.endswith(ending)), name)


def read_records(path: str | Path) -> Generator[tuple[int, Any], None, None]:
    """The JSON values of a file, or the rows of a TSV file as objects, each with the line where it begins.

    Raises InputError for what is neither, and as `read_lines` does.
    """
    path = Path(path)
    with replayed():  # a pipe is opened twice
        form = _form(path)
        if form == "tsv":
            yield from _rows(path)
            return
        texts = read_lines(path) if form == "lines" else _objects(path, form == "array")
        for number, text in texts:
            try:
                yield number, parse_json(text)
            except ValueError as error:
                problem = f"not a document: {text[:SHOWN]!r} ({_reason(error)})"
                raise InputError(problem, EXPECTED, path, number) from error


def _form(path: Path) -> str:
    """lines, array, objects or tsv."""
    if plain_name(path).endswith(".tsv"):
        return "tsv"
    with open_unpacked(path) as file:
        head = file.read(HEAD).removeprefix(codecs.BOM_UTF8).lstrip()
    first = head.split(b"\n", 1)[0].rstrip()
    if head.startswith(b"["):
        return "array"
    if first == b"{":
        return "objects"
    return "tsv" if b"\t" in first and not head.startswith(b"{") else "lines"


def _reason(error: ValueError) -> str:
    """The parser's message; its line is left out, which is that of the text and not of the file."""
    column = getattr(error, "colno", None)
    return str(error) if column is None else f"{getattr(error, 'msg', error)}, column {column}"


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    columns: Sequence[str] = ()
    named = False
    for number, line in read_lines(path):
        cells = line.split("\t")
        if not columns:
            columns, named = _columns(cells, path, number)
            if named:
                continue
        if len(cells) != len(columns):
            raise InputError(
                f"not a document: {len(cells)} columns, where the first line has {len(columns)}",
                "Write one document a line, without tabs in its text",
                path,
                number,
            )
        yield number, dict(zip(columns, map(_unquoted, cells) if named else cells, strict=True))


def _columns(cells: Sequence[str], path: Path, line: int) -> tuple[Sequence[str], bool]:
    """The columns' names, and whether the line is a header that names them."""
    names = [cell.strip().lower() for cell in cells]
    if names[0] in IDS and any(name in TEXTS for name in names) and len(set(names)) == len(names):
        return names, True
    others = [name for name in names if name in OTHERS]
    if others:
        raise InputError(f"not documents: a column {others[0]!r}", EXPECTED_COLUMNS, path, line)
    if len(cells) not in COLUMNS:
        raise InputError(f"not a document: {len(cells)} columns", EXPECTED_COLUMNS, path, line)
    if len(cells) == 4 and "://" not in cells[1]:
        raise InputError(f"not a document: {cells[1][:SHOWN]!r} is not a url", EXPECTED_COLUMNS, path, line)
    if _NUMBER.fullmatch(cells[-1]):
        raise InputError(f"not a document: the text is the number {cells[-1]}", EXPECTED_COLUMNS, path, line)
    return COLUMNS[len(cells)], False


def _unquoted(cell: str) -> str:
    """A cell without the quotes that CSV writers put around it."""
    inner = cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell
    return inner.replace('""', '"') if inner is not cell and '"' not in inner.replace('""', "") else cell


def _objects(path: Path, array: bool) -> Iterator[tuple[int, str]]:
    """The objects of an array, or one after the other, as text with the line of their brace; a part is held at once."""
    gap, between, closing = (r"\s*\[\s*", r"\s*,\s*", r"\s*\]\s*") if array else (r"\s*", r"\s*", r"\s*")
    held, line, place, start, depth, empty = "", 1, 0, 0, 0, True
    for text in _decoded(path):
        held += text
        while token := _TOKEN.search(held, place):
            word = token[0]
            if word[0] == '"' and token[1] is None:  # the string goes on in the next part
                place = token.start()
                break
            place = token.end()
            if word == "{":
                depth += 1
                if depth == 1:
                    _check_gap(held[start : token.start()], gap, path, line)
                    line += held.count("\n", start, token.start())
                    start = token.start()
            elif word == "}" and depth:
                depth -= 1
                if not depth:
                    yield line, held[start:place]
                    line += held.count("\n", start, place)
                    start, gap, empty = place, between, False
        else:
            place = len(held)
        held, place, start = held[start:], place - start, 0
        if len(held) > LONGEST_LINE:
            raise InputError(f"not a document: over {LONGEST_LINE:,} bytes", "Expected an array of objects", path, line)
    if depth:
        raise InputError("the file ends within a document", "Write or copy it again", path, line)
    if empty:
        raise InputError(f"not a document: {held.strip()[:SHOWN]!r}", EXPECTED, path, line)
    _check_gap(held, closing, path, line)


def _check_gap(text: str, expected: str, path: Path, line: int) -> None:
    """Raises InputError where something else than the array's signs stands around its objects."""
    if re.fullmatch(expected, text) is None:
        found = text.strip("[,] \t\r\n")
        told = f"{found[:SHOWN]!r} (not an object)" if found else "the array's brackets and commas do not match"
        raise InputError(f"not a document: {told}", EXPECTED, path, line + text[: text.find(found)].count("\n"))


def _decoded(path: Path) -> Iterator[str]:
    """The text of a file in parts."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    line = 1
    with open_unpacked(path) as file:
        try:
            while block := file.read(BLOCK):
                text = decoder.decode(block)
                yield text
                line += text.count("\n")
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            line += error.object.count(b"\n", 0, error.start)
            problem = f"not UTF-8 (byte 0x{error.object[error.start]:02x})"
            raise InputError(problem, "Convert the file: iconv -t UTF-8", path, line) from error
