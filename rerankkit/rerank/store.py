"""Scores that were paid for once: a SQLite file, found again by what they follow from, shared by several processes.

A score's key is the reranker's identity and the hashes of the query's text and of the document's title and text. The
two hashes stand apart: a list's scores lie side by side in the file, and an export can be joined with texts.
"""

import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.rerank.store_file import (
    APPLICATION,
    OTHERS,
    OTHERS_REMEDY,
    SCHEMA,
    Checksums,
    add_checksums,
    as_text,
    check_owner,
    check_sound,
    check_tables,
    checksum,
    damaged,
    make_tables,
    needs_check,
    remedy,
    traits_digest,
)
from rerankkit.types import Document

log = logging.getLogger(__name__)

DEFAULT = Path("runs/scores.sqlite")
"""Where `rerankkit rerank` keeps its scores."""

WAIT = 60.0
"""Seconds that a process waits for another one's write."""
MARKS = 1000
"""Documents that are looked up in one statement."""
KEY = 12
"""Bytes of a text's hash: among 10^12 texts, two share one with a chance of 1 in 100,000."""
BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""SQLite's codes for a file that it cannot make sense of."""


class StoreFullError(InputError):
    """No room is left for more scores; those that are there can be read."""


def query_key(text: str) -> bytes:
    """The hash of a query's text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY).digest()


def document_key(document: Document) -> bytes:
    """The hash of a document's title and text, whatever its docid."""
    both = f"{len(document.title)} {document.title}{document.text}"
    return blake2b(both.encode("utf-8", "surrogatepass"), digest_size=KEY).digest()


class Store:
    """A file of scores; what one process has added, others find at once.

    Each row has a checksum. A row that does not fit its own is removed when it is met; `damaged` counts these rows.
    """

    def __init__(self, path: str | Path, create: bool = True) -> None:
        """Opens the file, or makes it.

        Raises InputError for a file that is no store, a newer version's or damaged; without `create`, where there is
        none.
        """
        self.path = Path(path)
        self.damaged = 0
        self._rows: dict[int, tuple[Any, ...]] = {}
        try:
            if not create and not self.path.exists():
                raise InputError(
                    "no such score store", "`rerankkit rerank` makes it; name another one by --store", path
                )
            check_owner(self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            told = f"the score store cannot be used: {error.strerror or error}"
            raise InputError(told, remedy(self.path), self.path) from error
        to_check = needs_check(self.path)
        with self.told():
            self.db = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
            self.db.text_factory = lambda held: held.decode("utf-8", "replace")
            try:
                self._open(to_check)
            except BaseException:
                self.db.close()
                raise

    def _open(self, to_check: bool) -> None:
        """Checks whose file it is, and in what state, before anything is written to it."""
        self.db.execute("PRAGMA trusted_schema = OFF")
        self.db.execute("BEGIN")  # all three at one moment: another process may be making the same file
        (application,) = self.db.execute("PRAGMA application_id").fetchone()
        (version,) = self.db.execute("PRAGMA user_version").fetchone()
        (tables,) = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self.db.execute("COMMIT")
        if application not in (0, APPLICATION) or (tables and application != APPLICATION):
            raise InputError(OTHERS, OTHERS_REMEDY, self.path)
        if version > SCHEMA:
            raise InputError(
                f"a newer rerankkit made this score store (version {version}, known: {SCHEMA})",
                "Update rerankkit, or name another one: --store",
                self.path,
            )
        if tables and version < 1:
            raise damaged(self.path, f"it names {version} as its version")
        if tables and (to_check or version < SCHEMA):
            check_sound(self.db, self.path)
        self._write_ahead()
        self.db.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing; a power cut, the last batches
        if not tables or version < SCHEMA:
            self._bring_up_to_date()
        check_tables(self.db, self.path)

    def _bring_up_to_date(self) -> None:
        """Makes the tables, or adds the checksums, unless another process has done it meanwhile."""
        with self.writing():
            (version,) = self.db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                make_tables(self.db)
            elif version < SCHEMA:
                log.info("%s is of an older version: its scores are given checksums, once", self.path)
                log.info("%d scores were taken over", add_checksums(self.db, self.path))

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
        except UnicodeDecodeError as error:  # of SQLite's own message, which quotes what is broken
            raise damaged(self.path, "its texts are not UTF-8") from error
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in BROKEN:
                raise damaged(self.path, str(error)) from error
            kind = StoreFullError if code == sqlite3.SQLITE_FULL else InputError
            raise kind(f"the score store cannot be used: {error}", remedy(self.path), self.path) from error

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
        text, now = as_text(traits), int(time.time())
        digest, model = traits_digest(text), model.encode("utf-8", "replace").decode()
        with self.writing():
            self.db.execute(
                "INSERT INTO identities (digest, model, traits, made, used) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (digest) DO UPDATE SET used = excluded.used, model = excluded.model",
                (digest, model, text, now, now),
            )
            found = self.db.execute("SELECT id FROM identities WHERE digest = ?", (digest,)).fetchone()
        if found is None:
            raise damaged(self.path, "an identity that was just written is not found")
        self._rows[found[0]] = (found[0], digest, model, text, now, now)
        return found[0]

    def find(self, identity: int, query: bytes, documents: Sequence[bytes]) -> dict[bytes, float]:
        """Those of a query's scores that are there, by document, the very floats that were added (-0.0 is 0.0).

        A row whose checksum does not fit, or whose score is no finite number, is removed and counted as not there.
        """
        found: dict[bytes, float] = {}
        bad: list[bytes] = []
        expected = Checksums(self._row(identity)[1], query)
        with self.told():
            for start in range(0, len(documents), MARKS):
                part = documents[start : start + MARKS]
                marks = ",".join("?" * len(part))
                asked = (
                    f"SELECT document, score, crc FROM scores"
                    f" WHERE identity = ? AND query = ? AND document IN ({marks})"
                )
                bad += expected.take(self.db.execute(asked, (identity, query, *part)), found)
        if bad:
            self._remove(identity, query, bad)
        return found

    def _row(self, identity: int) -> tuple[Any, ...]:
        """An identity's row, as it was registered or is found in the file."""
        if identity not in self._rows:
            with self.told():
                found = self.db.execute("SELECT * FROM identities WHERE id = ?", (identity,)).fetchone()
            if found is None:
                raise InputError(f"no identity has the number {identity}", "See rerankkit store stats", self.path)
            self._rows[identity] = found
        return self._rows[identity]

    def _remove(self, identity: int, query: bytes, documents: Sequence[bytes]) -> None:
        with self.writing():
            gone = "DELETE FROM scores WHERE identity = ? AND query = ? AND document = ?"
            self.db.executemany(gone, [(identity, query, document) for document in documents])
        self.damaged += len(documents)

    def add(self, identity: int, scores: Iterable[tuple[bytes, bytes, float]]) -> None:
        """Keeps finite scores by query and document, in one transaction; one that is there stays as it is.

        Raises StoreFullError where the disk has no room for them.
        """
        row = self._row(identity)
        now, digest = int(time.time()), row[1]
        kept = ((query, document, score + 0.0) for query, document, score in scores)
        with self.writing():  # the identity again: another process may have pruned it since
            self.db.execute("INSERT OR IGNORE INTO identities VALUES (?, ?, ?, ?, ?, ?)", row)
            self.db.executemany(
                "INSERT OR IGNORE INTO scores VALUES (?, ?, ?, ?, ?, ?)",
                ((identity, *one, now, checksum(digest, *one)) for one in kept),
            )

    def close(self) -> None:
        """Closes the file, and tells how many of its rows were damaged."""
        if self.damaged:
            log.warning("%d damaged scores in %s were removed; they count as not scored", self.damaged, self.path)
            self.damaged = 0
        with self.told():
            self.db.close()
