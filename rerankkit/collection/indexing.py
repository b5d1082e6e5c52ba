"""Documents to a Lucene index, by Anserini."""

import errno
import json
import logging
import os
import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rerankkit.collection.documents import id_fault, read_documents
from rerankkit.collection.jvm import java_class, java_exception, java_words, start_java
from rerankkit.collection.layouts import document_source
from rerankkit.collection.lucene import NOTE, java_path, known_language, open_searcher
from rerankkit.collection.room import check_room
from rerankkit.errors import InputError
from rerankkit.files import whole_folder
from rerankkit.progress import progress
from rerankkit.types import Document

SHOWN = 3
"""How many rejected documents of a kind are named."""
REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
ROOM = "Free room on the disk of the index, or choose another"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class IndexSettings:
    """The analyzer's language and the number of indexing threads."""

    language: str = "en"
    threads: int = field(default_factory=lambda: min(4, os.cpu_count() or 1))

    def __post_init__(self) -> None:
        known_language(self.language)
        if self.threads < 1:
            raise InputError(f"{self.threads} threads", "Give at least 1")


@dataclass(frozen=True)
class Indexed:
    """How many documents an index holds, and reason -> how many were rejected."""

    documents: int
    rejected: Mapping[str, int]


def index_documents(source: str | Path, index: str | Path, settings: IndexSettings | None = None) -> Indexed:
    """Makes a Lucene index of a file or folder of documents; empty ones and repeated ids are rejected and counted.

    It stores the raw text, positions and document vectors, and the title also as a field of its own. The index
    appears under its name when it is whole, in the place of a former one; ids are held in memory meanwhile.

    Raises InputError for malformed input, where the disk lacks room, and where the target is a folder that holds
    something else.
    """
    settings = settings or IndexSettings()
    index = Path(index)
    if index.is_dir() and any(index.iterdir()) and not any(index.glob("segments_*")):
        raise InputError("the folder holds something else than an index", "Choose a new folder", index)
    java_path(index)
    check_room(document_source(source).files, index)
    start_java()
    with whole_folder(index) as folder, _room_named(index):
        converted = folder / "documents"
        converted.mkdir()
        counts = _convert(source, converted, settings.threads)
        if not counts.documents:
            raise InputError(f"no document to index: {told(counts.rejected)}", "Give documents with text", source)
        _run_anserini(folder, settings, counts.documents, index)
        shutil.rmtree(converted)
        note = {"documents": counts.documents, "language": settings.language, "rejected": counts.rejected}
        (folder / NOTE).write_text(json.dumps(note) + "\n", "utf-8")
    return counts


def told(rejected: Mapping[str, int]) -> str:
    """The counts in words."""
    return ", ".join(f"{count:,} {reason}" for reason, count in rejected.items())


def _convert(source: str | Path, folder: Path, shards: int) -> Indexed:
    """Writes the documents in Pyserini's form, one file for each indexing thread."""
    seen: set[str] = set()
    rejected: Counter[str] = Counter()
    with ExitStack() as stack:
        files = [stack.enter_context((folder / f"{shard}.jsonl").open("w")) for shard in range(shards)]
        for path, line, document in progress(read_documents(source, "indexed"), "reading documents"):
            fault = _fault(document, seen)
            if fault:
                rejected[fault] += 1
                if rejected[fault] <= SHOWN:
                    logger.warning("%s:%d: document %r rejected: %s", path, line, document.docid, fault)
                continue
            record = {"id": document.docid, "contents": document.text}
            if document.title:
                record |= {"title": document.title, "contents": f"{document.title}\n{document.text}"}
            files[len(seen) % shards].write(json.dumps(record) + "\n")
            seen.add(document.docid)
    return Indexed(len(seen), dict(rejected))


def _fault(document: Document, seen: set[str]) -> str:
    if not document.title and not document.text:
        return "empty"
    return id_fault(document.docid) or ("repeated id" if document.docid in seen else "")


@contextmanager
def _room_named(index: Path) -> Iterator[None]:
    """Names the index where the disk that it is written to is full or refuses."""
    try:
        yield
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        raise InputError(f"cannot be written: {error.strerror}", ROOM, index) from error


def _run_anserini(folder: Path, settings: IndexSettings, expected: int, index: Path) -> None:
    """Indexes `folder/documents` into the folder, which becomes `index`."""
    arguments = java_class("io.anserini.index.IndexCollection$Args")()
    line = java_class("java.util.ArrayList")()
    for word in (
        *("-collection", "JsonCollection", "-generator", "DefaultLuceneDocumentGenerator", "-quiet"),
        *(
            "-input",
            str((folder / "documents").absolute()),
            "-index",
            str(folder.absolute()),
            "-language",
            settings.language,
        ),
        *("-threads", str(settings.threads), "-memoryBuffer", "512"),
        *("-storePositions", "-storeDocvectors", "-storeRaw", "-fields", "title"),
    ):
        line.add(word)
    java_class("org.kohsuke.args4j.CmdLineParser")(arguments).parseArgument(line)
    with _java_kept_quiet() as kept:
        try:
            _log_by_log4j()
            indexer = java_class("io.anserini.index.IndexCollection")(arguments)
            for _ in progress(_indexed(indexer), "indexing", expected):
                pass
            searcher = open_searcher(folder)
            written = searcher.get_total_num_docs()
            searcher.close()
        except java_exception() as error:
            cause = _cause(kept.toString()) or java_words(error)
            raise InputError(f"indexing failed: {cause}", ROOM, index) from error
        except InputError as error:  # Lucene finds no index, or half of one
            cause = _cause(kept.toString()) or error.problem
            raise InputError(f"indexing failed: {cause}", ROOM, index) from error
        cause = _cause(kept.toString())
    if written != expected:
        told = f"Lucene kept {written:,} of {expected:,} documents" + (f": {cause}" if cause else "")
        raise InputError(told, ROOM, index)


@contextmanager
def _java_kept_quiet() -> Iterator[Any]:
    """Keeps what Java prints, its traces too, from both streams; yields the bytes."""
    system = java_class("java.lang.System")
    kept = java_class("java.io.ByteArrayOutputStream")()
    out, err = system.out, system.err
    stream = java_class("java.io.PrintStream")(kept, True)  # flushes each line
    system.setOut(stream)
    system.setErr(stream)
    try:
        yield kept
    finally:
        system.setOut(out)
        system.setErr(err)


def _cause(printed: str) -> str:
    """The message of the first error of input or output in Java's traces; empty where there is none."""
    found = re.search(r"^(?:Caused by: )?java\.(?:io|nio\.file)\.\w+: (.+)$", printed, re.MULTILINE)
    return found[1].strip() if found else ""


def _indexed(indexer: Any) -> Iterator[int]:
    """Yields once a document that Java has indexed in a thread of its own, where Ctrl-C can interrupt the wait."""
    failures: list[Exception] = []

    def work() -> None:
        import jnius

        try:
            indexer.run()
        except Exception as error:
            failures.append(error)
        finally:
            jnius.detach()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    done = 0
    while thread.is_alive():
        thread.join(0.1)
        count = indexer.getCounters().indexed.get()
        yield from range(done, count)
        done = max(done, count)
    if failures:
        raise failures[0]


def _log_by_log4j() -> None:
    """Anserini's indexer casts log4j's context to the full one, where retrieval starts with the simple one."""
    manager = java_class("org.apache.logging.log4j.LogManager")
    if not manager.getFactory().getClass().getName().endswith("Log4jContextFactory"):
        manager.setFactory(java_class("org.apache.logging.log4j.core.impl.Log4jContextFactory")())
