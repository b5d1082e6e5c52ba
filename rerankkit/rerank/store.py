"""Scores that were paid for once: a SQLite file, found again by what they follow from, shared by several processes.

A score's key is the reranker's identity and the hashes of the query's text and of the document's title and text. The
two hashes stand apart: a list's scores lie side by side in the file, and an export can be joined with texts.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.types import Document

DEFAULT = Path("runs/scores.sqlite")
"""Where `rerankkit rerank` keeps its scores."""

SCHEMA = 1
APPLICATION = 0x72726B73
"""SQLite's application_id of a score store, "rrks"."""
WAIT = 60.0
"""Seconds that a process waits for another one's write."""
MARKS = 1000
"""Documents that are looked up in one statement."""
KEY = 12
"""Bytes of a text's hash: among 10^12 texts, two share one with a chance of 1 in 100,000."""

TABLES = """
CREATE TABLE IF NOT EXISTS identities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    model TEXT NOT NULL,
    traits TEXT NOT NULL,
    made INTEGER NOT NULL,
    used INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS scores (
    identity INTEGER NOT NULL,
    query BLOB NOT NULL,
    document BLOB NOT NULL,
    score REAL NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (identity, query, document)
) WITHOUT ROWID;
"""
"""Times are seconds since 1970; an id is never given twice, so a pruned identity's is free for its scores to come."""


def query_key(text: str) -> bytes:
    """The hash of a query's text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY).digest()


def document_key(document: Document) -> bytes:
    """The hash of a document's title and text, whatever its docid."""
    both = f"{len(document.title)} {document.title}{document.text}"
    return blake2b(both.encode("utf-8", "surrogatepass"), digest_size=KEY).digest()


class Store:
    """A file of scores; what one process has added, others find at once."""

    def __init__(self, path: str | Path, create: bool = True) -> None:
        """Opens the file, or makes it.

        Raises InputError for a file that is no store, or a newer version's; without `create`, where there is none.
        """
        self.path = Path(path)
        if self.path.is_dir():
            raise InputError("is a folder, where a score store is expected", path=path)
        if not create and not self.path.is_file():
            raise InputError("no such score store", "`rerankkit rerank` makes it; name another one by --store", path)
        self._rows: dict[int, tuple[Any, ...]] = {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.told():
            self.db = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
            try:
                self._open()
            except BaseException:
                self.db.close()
                raise

    def _open(self) -> None:
        """Checks whose file it is before anything is written to it."""
        self.db.execute("BEGIN")  # all three at one moment: another process may be making the same file
        (application,) = self.db.execute("PRAGMA application_id").fetchone()
        (version,) = self.db.execute("PRAGMA user_version").fetchone()
        (tables,) = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self.db.execute("COMMIT")
        if tables and application != APPLICATION:
            raise InputError("is another program's SQLite file", "Name another one: --store", self.path)
        if version > SCHEMA:
            raise InputError(
                f"a newer rerankkit made this score store (version {version}, known: {SCHEMA})",
                "Update rerankkit, or name another one: --store",
                self.path,
            )
        self._write_ahead()
        self.db.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing; a power cut, the last batches
        if not tables:
            with self.writing():
                for statement in TABLES.split(";")[:-1]:
                    self.db.execute(statement)
                self.db.execute(f"PRAGMA application_id = {APPLICATION}")
                self.db.execute(f"PRAGMA user_version = {SCHEMA}")

    def _write_ahead(self) -> None:
        """Turns the write-ahead log on; SQLite does not wait by itself where another process is doing the same."""
        until = time.monotonic() + WAIT
        while True:
            try:
                self.db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.02)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Tells what SQLite says as InputError."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            remedy = "Name another score store by --store, or do without: --no-store"
            raise InputError(f"the score store cannot be used: {error}", remedy, self.path) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it is kept, or nothing."""
        with self.told(), self.db:
            self.db.execute("BEGIN IMMEDIATE")
            yield

    def identity(self, model: str, traits: Mapping[str, Any]) -> int:
        """The number under which a reranker's scores are kept; it is known again by its traits, which JSON can hold.

        `model` is the name that people know it by, the last one given.
        """
        text, now = json.dumps(traits, sort_keys=True), int(time.time())
        digest = blake2b(text.encode(), digest_size=16).digest()
        with self.writing():
            self.db.execute(
                "INSERT INTO identities (digest, model, traits, made, used) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (digest) DO UPDATE SET used = excluded.used, model = excluded.model",
                (digest, model, text, now, now),
            )
            row = self.db.execute("SELECT * FROM identities WHERE digest = ?", (digest,)).fetchone()
        self._rows[row[0]] = row
        return row[0]

    def find(self, identity: int, query: bytes, documents: Sequence[bytes]) -> dict[bytes, float]:
        """Those of a query's scores that are there, by document, the very floats that were added (-0.0 is 0.0)."""
        found: dict[bytes, float] = {}
        with self.told():
            for start in range(0, len(documents), MARKS):
                part = documents[start : start + MARKS]
                marks = ",".join("?" * len(part))
                asked = f"SELECT document, score FROM scores WHERE identity = ? AND query = ? AND document IN ({marks})"
                found.update(self.db.execute(asked, (identity, query, *part)))
        return found

    def add(self, identity: int, scores: Iterable[tuple[bytes, bytes, float]]) -> None:
        """Keeps finite scores by query and document, in one transaction; one that is there stays as it is."""
        now = int(time.time())
        with self.writing():  # the identity again: another process may have pruned it since
            self.db.execute("INSERT OR IGNORE INTO identities VALUES (?, ?, ?, ?, ?, ?)", self._rows[identity])
            self.db.executemany(
                "INSERT OR IGNORE INTO scores VALUES (?, ?, ?, ?, ?)",
                ((identity, query, document, score, now) for query, document, score in scores),
            )

    def close(self) -> None:
        """Closes the file."""
        with self.told():
            self.db.close()
