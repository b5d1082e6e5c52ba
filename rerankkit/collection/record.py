"""One record to a document, in the forms of Pyserini, BEIR and MS MARCO."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.io.foreign import shown
from rerankkit.types import Document

IDS = ("id", "_id", "docid", "doc_id", "docno", "pid")
"""The keys of a document's id, the first that is there counts; a passage of MS MARCO v2 goes by its `pid`."""
TEXTS = ("text", "contents", "content", "passage", "segment", "body")
"""The keys of a document's text, the first that holds one counts."""
DOCUMENT_LINE = '{"id": "1", "title": "may be missing", "contents": "text"}'
EXPECTED = f"Expected: {DOCUMENT_LINE}"
SHOWN_KEYS = 8
SHOWN = 80
"""Characters of a value that a message shows."""


def document_of(record: Any, path: str | Path | None = None, line: int | None = None) -> Document:
    """The document of a JSON object; contents that begin with the title, as Pyserini's often do, lose it.

    A text in parts, as a list of paragraphs, is joined by line feeds. Raises InputError that names the field which is
    missing or of another type.
    """
    if not isinstance(record, dict):
        raise InputError(f"not a document: {shown(record)} (not an object)", EXPECTED, path, line)
    try:
        docid = _id(record)
        title, text = title_and_text(record)
    except ValueError as error:
        raise InputError(f"not a document: {error}", EXPECTED, path, line) from None
    return Document(docid, title, text)


def _id(record: Mapping[str, Any]) -> str:
    for key in IDS:
        if record.get(key) is not None:
            break
    else:
        nulls = [key for key in IDS if key in record]
        if nulls:
            raise ValueError(f"the id {nulls[0]!r} is null")
        raise ValueError(f"no id: none of {', '.join(IDS)}; its keys are {_keys(record)}")
    if key == "docid" and record.get("pid") is not None and "passage" in record:
        key = "pid"  # the docid is that of the document that the passage was cut from
    docid = record[key]
    if not isinstance(docid, str):
        if not isinstance(docid, int) or isinstance(docid, bool):
            raise ValueError(f"the id {key!r} is {shown(docid)}, not a text or a whole number")
        return str(docid)
    docid = docid.strip()
    if not docid:
        raise ValueError(f"the id {key!r} is empty")
    return docid


def title_and_text(record: Mapping[str, Any]) -> tuple[str, str]:
    """The title and the text of a record, either may be empty; ValueError where no key of `TEXTS` is there."""
    title = record.get("title")
    title = "" if title is None else _joined("title", title).strip()
    text = None
    for key in TEXTS:
        if key in record:
            value = record[key]
            text = "" if value is None else _joined(key, value).lstrip()
            if text:
                break
    if text is None:
        raise ValueError(f"no text: none of {', '.join(TEXTS)}; its keys are {_keys(record)}")
    if title and text.startswith((f"{title}\n", f"{title}\r")):
        text = text[len(title) :]
    return title, text.strip()


def _joined(key: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) or part is None for part in value):
        return "\n".join(part.strip() for part in value if part)
    raise ValueError(f"the field {key!r} is {shown(value)}, not a text or a list of texts")


def _keys(record: Iterable[str]) -> str:
    keys = [shown(key)[1:-1] for key in record]
    return ", ".join(keys[:SHOWN_KEYS]) + (", …" if len(keys) > SHOWN_KEYS else "") if keys else "none"
