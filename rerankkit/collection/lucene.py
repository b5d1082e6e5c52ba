"""Documents in a Lucene index: ours, or one of Pyserini's."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rerankkit.collection.jsonl import parse_document
from rerankkit.collection.jvm import java_class, java_exception, java_words, start_java
from rerankkit.errors import InputError
from rerankkit.io.foreign import parse_json
from rerankkit.types import Document

LANGUAGES = "en ar bn da de es fa fi fr ha hi hu id it ja ko nl no pl pt ru so sv sw te th tr uk yo zh"
"""What Anserini has analyzers for."""
NOTE = "rerankkit.json"
"""The file in an index folder that tells how the index was made."""
TEXTS = ("text", "contents", "passage", "segment", "body")
"""Where the JSON of Pyserini's indexes keeps a document's text."""


def index_folder(index: str | Path) -> Path:
    """The folder of an index: itself, or the one of a prebuilt index's name.

    Raises InputError where there is neither, or no index in the folder.
    """
    folder = Path(index)
    if not folder.exists():
        if folder.name != str(index):
            raise InputError("no such index folder", f"Make it: rerankkit index --input FILE --index {index}", folder)
        from rerankkit.collection.prebuilt import prebuilt_index

        return prebuilt_index(str(index))
    if not folder.is_dir() or not any(folder.glob("segments_*")):
        raise InputError("no Lucene index", f"Make one: rerankkit index --input FILE --index {index}", folder)
    return folder


def open_searcher(index: str | Path) -> Any:
    """Anserini's SimpleSearcher over an index folder or a prebuilt index's name."""
    folder = index_folder(index).absolute()  # Java's working folder stays the one it was started in
    searcher = java_class("io.anserini.search.SimpleSearcher")
    try:
        return searcher(os.fspath(folder))
    except java_exception() as error:
        remedy = "Index the documents again"
        raise InputError(f"Lucene cannot open the index: {java_words(error)}", remedy, folder) from error


def known_language(language: str) -> str:
    """The language code, checked: Anserini takes English for one that it does not know."""
    if language not in LANGUAGES.split():
        raise InputError(f"no analyzer for the language {language!r}", f"Known: {LANGUAGES}")
    return language


def index_language(index: str | Path) -> str:
    """The language that an index was made for; `en` where it does not tell."""
    note = Path(index) / NOTE
    try:
        return str(json.loads(note.read_text("utf-8"))["language"]) if note.exists() else "en"
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("not rerankkit's note on the index", "Index the documents again", note) from error


class LuceneCollection(Mapping[str, Document]):
    """docid -> document, read from the raw text that an index stores."""

    def __init__(self, index: str | Path) -> None:
        self._index = index
        self._searcher = open_searcher(index)
        if len(self) and self._searcher.doc_raw(0) is None:
            raise InputError(
                "the index stores no text",
                "Index with rerankkit, take the prebuilt index that is not 'slim', or give the text as JSONL",
                index,
            )

    def fetch(self, docids: Iterable[str]) -> dict[str, Document]:
        """The documents of the ids that the index has, in their order; the others are left out."""
        start_java()  # refuses a forked process, where the next line would hang
        raw = self._searcher.doc_raw
        found = ((docid, raw(docid)) for docid in dict.fromkeys(docids))
        return {docid: self._document(docid, text) for docid, text in found if text is not None}

    def __getitem__(self, docid: str) -> Document:
        return self.fetch([docid])[docid]

    def __contains__(self, docid: object) -> bool:
        return isinstance(docid, str) and self._searcher.doc_raw(docid) is not None

    def __iter__(self) -> Iterator[str]:
        return (self._searcher.doc(number).get("id") for number in range(len(self)))

    def __len__(self) -> int:
        return self._searcher.get_total_num_docs()

    def __reduce__(self) -> tuple[Any, ...]:
        return LuceneCollection, (self._index,)  # a spawned process opens the index anew

    def _document(self, docid: str, raw: str) -> Document:
        try:
            record = parse_json(raw)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            return Document(docid, "", raw.strip())  # TREC's own collections are stored as they were
        text = next((record[key] for key in TEXTS if isinstance(record.get(key), str)), None)
        if text is None:
            raise InputError(f"document {docid} has no text", f"Expected one of {', '.join(TEXTS)}", self._index)
        return parse_document(json.dumps({"id": docid, "title": record.get("title"), "text": text}))
