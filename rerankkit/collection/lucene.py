"""Documents in a Lucene index: ours, or one of Pyserini's."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rerankkit.collection.jvm import java_class, java_exception, java_words, start_java
from rerankkit.collection.record import title_and_text
from rerankkit.errors import InputError
from rerankkit.io.foreign import Fields, parse_json, read_json
from rerankkit.types import Document

LANGUAGES = "en ar bn da de es fa fi fr ha hi hu id it ja ko nl no pl pt ru so sv sw te th tr uk yo zh"
"""What Anserini has analyzers for."""
NOTE = "rerankkit.json"
"""The file in an index folder that tells how the index was made."""


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
        return searcher(java_path(folder))
    except java_exception() as error:
        raise _broken(folder, "open", java_words(error)) from error


def java_path(path: Path) -> str:
    """The path as Java takes it; InputError where its name is not UTF-8."""
    try:
        return os.fspath(path).encode().decode()
    except UnicodeEncodeError as error:
        raise InputError("a name that is not UTF-8, which Java cannot open", "Rename the folder", path) from error


def _broken(index: str | Path, what: str, reason: str) -> InputError:
    return InputError(f"Lucene cannot {what} the index: {reason}", "Index the documents again", index)


def known_language(language: str) -> str:
    """The language code, checked: Anserini takes English for one that it does not know."""
    if language not in LANGUAGES.split():
        raise InputError(f"no analyzer for the language {language!r}", f"Known: {LANGUAGES}")
    return language


def index_language(index: str | Path) -> str:
    """The language that an index was made for; `en` where it does not tell."""
    note = Path(index) / NOTE
    if not note.exists():
        return "en"
    what = "rerankkit's note on the index"
    language = Fields(read_json(note, what), what, note).text("language")
    if language not in LANGUAGES.split():
        raise InputError(f"not {what}: no analyzer for the language {language!r}", "Index the documents again", note)
    return language


class LuceneCollection(Mapping[str, Document]):
    """docid -> document, read from the raw text that an index stores."""

    def __init__(self, index: str | Path) -> None:
        self._index = index
        self._searcher = open_searcher(index)
        if len(self) and self._raw(0) is None:
            raise InputError(
                "the index stores no text",
                "Index with rerankkit, take the prebuilt index that is not 'slim', or give the text as JSONL",
                index,
            )

    def fetch(self, docids: Iterable[str]) -> dict[str, Document]:
        """The documents of the ids that the index has, in their order; the others are left out."""
        start_java()  # refuses a forked process, where the next line would hang
        found = ((docid, self._raw(docid)) for docid in dict.fromkeys(docids))
        return {docid: self._document(docid, text) for docid, text in found if text is not None}

    def __getitem__(self, docid: str) -> Document:
        return self.fetch([docid])[docid]

    def __contains__(self, docid: object) -> bool:
        return isinstance(docid, str) and self._raw(docid) is not None

    def __iter__(self) -> Iterator[str]:
        return map(self._docid, range(len(self)))

    def documents(self) -> Iterator[Document]:
        """Every document, in the order of the index."""
        for number in range(len(self)):
            docid, raw = self._docid(number), self._raw(number)
            if raw is None:
                raise _broken(self._index, "read", f"document {docid} has no text")
            yield self._document(docid, raw)

    def _docid(self, number: int) -> str:
        document = self._read(self._searcher.doc, number)
        docid = None if document is None else document.get("id")
        if docid is None:
            raise _broken(self._index, "read", f"no document at place {number:,} of {len(self):,}")
        return docid

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
        try:
            title, text = title_and_text(record)
        except ValueError as error:
            raise InputError(f"document {docid}: {error}", "Index the documents again", self._index) from None
        return Document(docid, title, text)

    def _raw(self, document: str | int) -> str | None:
        """What the index stores of a document by its id or number; None where it has none of that id or no text."""
        raw = self._read(self._searcher.doc_raw, document)
        if raw is None and isinstance(document, str) and self._read(self._holders, document):
            raise _broken(self._index, "read", f"the text of document {document} is damaged")  # Anserini says nothing
        return raw

    def _holders(self, docid: str) -> int:
        """In how many documents the index has an id."""
        return self._searcher.reader.docFreq(java_class("org.apache.lucene.index.Term")("id", docid))

    def _read(self, method: Callable[[Any], Any], of: str | int) -> Any:
        try:
            return method(of)
        except java_exception() as error:
            raise _broken(self._index, "read", java_words(error)) from error
