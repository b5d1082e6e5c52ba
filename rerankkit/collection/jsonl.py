"""Documents in JSONL: Pyserini's `{"id", "contents"[, "title"]}` and BEIR's `{"_id", "title", "text"}`."""

import logging
from collections.abc import Iterator, Set
from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.io.foreign import parse_json
from rerankkit.io.lines import read_lines
from rerankkit.types import Document

log = logging.getLogger(__name__)

DOCUMENT_LINE = '{"id": "1", "title": "may be missing", "contents": "text"}'


def document_files(path: str | Path) -> list[Path]:
    """The file itself, or the folder's .jsonl, .json and .jsonl.gz files by name."""
    path = Path(path)
    if not path.is_dir():
        return [path]
    files = sorted(file for suffix in ("jsonl", "json", "jsonl.gz", "json.gz") for file in path.rglob(f"*.{suffix}"))
    if not files:
        raise InputError("no .jsonl or .jsonl.gz file in the folder", "Give documents as JSON lines", path)
    return files


def read_documents(path: str | Path) -> Iterator[tuple[Path, int, Document]]:
    """Every document of a file or folder with its file and line; an empty one too.

    Raises InputError for a line that is no JSON object with an id and a text.
    """
    for file in document_files(path):
        for number, line in read_lines(file):
            yield file, number, parse_document(line, file, number)


def parse_document(line: str, path: str | Path | None = None, number: int | None = None) -> Document:
    """The document of one JSON line; contents that begin with the title, as Pyserini's often do, lose it."""
    try:
        record = parse_json(line)
        docid = next(record[key] for key in ("id", "_id", "docid") if key in record)
        text = next(record[key] for key in ("text", "contents") if key in record)
        title = record.get("title") or ""
        texts = isinstance(text, str) and isinstance(title, str)
        if not texts or not isinstance(docid, str | int) or isinstance(docid, bool):
            raise TypeError
    except (ValueError, TypeError, AttributeError, StopIteration):
        raise InputError(f"not a document: {line[:80]!r}", f"Expected: {DOCUMENT_LINE}", path, number) from None
    if not str(docid).strip():
        raise InputError("a document without an id", f"Expected: {DOCUMENT_LINE}", path, number)
    if title and text.startswith(title + "\n"):
        text = text[len(title) + 1 :]
    return Document(str(docid).strip(), title.strip(), text.strip())


def load_documents(path: str | Path, wanted: Set[str] | None = None) -> dict[str, Document]:
    """The wanted documents (all, where None) of a JSONL file or folder, in one pass that keeps no other.

    Of documents with one id the first is taken, as `index_documents` does; the others are counted in a warning.
    """
    found: dict[str, Document] = {}
    repeated, first = 0, ""
    for file, number, document in read_documents(path):
        if wanted is not None and document.docid not in wanted:
            continue
        if found.setdefault(document.docid, document) is not document:
            repeated += 1
            first = first or f"{file}:{number}: document {document.docid}"
    if repeated:
        log.warning("%s stood before; of each of %d such ids the first is taken", first, repeated)
    return found
