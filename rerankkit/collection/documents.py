"""Documents of a file or folder: JSON lines, JSON arrays and TSV, in the forms of Pyserini, BEIR and MS MARCO."""

import logging
import re
from collections.abc import Iterator, Set
from pathlib import Path

from rerankkit.collection.forms import read_records
from rerankkit.collection.layouts import document_source
from rerankkit.collection.record import document_of
from rerankkit.types import Document

log = logging.getLogger(__name__)

LONGEST_ID = 1000
"""Characters of an id; Lucene takes no more than 32,766 bytes."""
_SPACE = re.compile(r"[\s\0-\x1f\x7f]")  # NUL and other control characters as well


def read_documents(path: str | Path, use: str = "read") -> Iterator[tuple[Path, int, Document]]:
    """Every document of a file or folder with its file and line; an empty one too.

    A folder in a known layout, such as BEIR's, is read for its corpus alone; the log says so, with the word `use` for
    what happens to it. Raises InputError for a record without an id and a text, and for a folder whose files hold
    records of different kinds, before the first document.
    """
    source = document_source(path)
    if told := source.told(use):
        log.info("%s", told)
    for file in source.files:
        for number, record in read_records(file):
            yield file, number, document_of(record, file, number)


def id_fault(docid: str) -> str:
    """Why an id cannot stand in a run, or an empty text where it can."""
    if _SPACE.search(docid):
        return "id with a space"
    return "id of over 1,000 characters" if len(docid) > LONGEST_ID else ""


def load_documents(path: str | Path, wanted: Set[str] | None = None) -> dict[str, Document]:
    """The wanted documents (all, where None) of a file or folder, in one pass that keeps no other.

    Of documents with one id the first is taken, and one whose id cannot stand in a run is left out, as
    `index_documents` does; both are counted in a warning.
    """
    found: dict[str, Document] = {}
    repeated, first = 0, ""
    unfit, fault = 0, ""
    for file, number, document in read_documents(path):
        if wanted is not None and document.docid not in wanted:
            continue
        if wrong := id_fault(document.docid):
            unfit += 1
            fault = fault or f"{file}:{number}: document {document.docid[:80]!r}: {wrong}"
        elif found.setdefault(document.docid, document) is not document:
            repeated += 1
            first = first or f"{file}:{number}: document {document.docid}"
    if repeated:
        log.warning("%s stood before; of each of %d such ids the first is taken", first, repeated)
    if unfit:
        log.warning("%s; left out, %d in all", fault, unfit)
    return found
