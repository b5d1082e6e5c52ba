"""The SQLite file of a score store: whose it is, whether it is sound, and its tables, those of older versions too."""

import json
import os
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.io.foreign import parse_json

SCHEMA = 2
"""1 had no checksums, and no versions of libraries among an identity's traits."""
APPLICATION = 0x72726B73
"""SQLite's application_id of a score store, "rrks"."""
MAGIC = b"SQLite format 3\x00"
SMALL = 16 << 20
"""Bytes of a file that is checked at every opening: 0.05 s."""
LIBRARIES = {
    "torch": ("torch", "transformers", "tokenizers"),
    "openvino": ("openvino", "tokenizers"),
    "onnx": ("onnxruntime", "tokenizers"),
}
"""The packages that compute a backend's scores."""

IDENTITIES = """CREATE TABLE identities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    model TEXT NOT NULL,
    traits TEXT NOT NULL,
    made INTEGER NOT NULL,
    used INTEGER NOT NULL
)"""
SCORES = """CREATE TABLE scores (
    identity INTEGER NOT NULL,
    query BLOB NOT NULL,
    document BLOB NOT NULL,
    score REAL NOT NULL,
    made INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    PRIMARY KEY (identity, query, document)
) WITHOUT ROWID"""
"""Times are seconds since 1970; an id is never given twice, so a pruned identity's is free for its scores to come."""

OTHERS = "is another program's SQLite file"
OTHERS_REMEDY = "Name another one: --store"

_double = struct.Struct("<d").pack
_checked: set[tuple[int, int]] = set()
"""Files that this process has checked, by device and inode."""


def checksum(digest: bytes, query: bytes, document: bytes, score: float) -> int:
    """The CRC-32 of a row: the digest of its identity, its two keys and its score."""
    return zlib.crc32(document + _double(score), zlib.crc32(digest + query))


class Checksums:
    """The checksums that the rows of an identity and a query must have."""

    def __init__(self, digest: bytes, query: bytes) -> None:
        self._start = zlib.crc32(digest + query)

    def take(self, rows: Iterable[tuple[Any, Any, Any]], into: dict[bytes, float]) -> list[Any]:
        """Adds the scores of sound rows (document, score, checksum); returns the documents of the others."""
        start, crc32, double = self._start, zlib.crc32, _double
        bad = []
        for document, score, crc in rows:
            try:
                sound = crc32(document + double(score), start) == crc and score - score == 0  # a finite number
            except (TypeError, struct.error):  # a damaged row may hold a text or nothing
                sound = False
            if sound:
                into[document] = score
            else:
                bad.append(document)
        return bad


def libraries(traits: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The trait that names the versions of what computes the scores; empty where no backend is named."""
    packages = LIBRARIES.get(str(traits.get("backend")), ())
    return {"libraries": {name: _version(name) for name in packages}} if packages else {}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def traits_digest(text: str) -> bytes:
    """The hash that an identity is found by."""
    return blake2b(text.encode(), digest_size=16).digest()


def as_text(traits: Mapping[str, Any]) -> str:
    """An identity's traits as they are kept."""
    return json.dumps(traits, sort_keys=True)


def check_owner(path: Path) -> None:
    """Raises InputError where a file is there that is no score store; nothing is written to it, or beside it."""
    if path.is_dir():
        raise InputError("is a folder, where a score store is expected", path=path)
    if not path.exists():
        return
    if not path.is_file():
        raise InputError("is no regular file, where a score store is expected", OTHERS_REMEDY, path)
    with path.open("rb") as file:
        head = file.read(100)
    if not head.startswith(MAGIC):
        if head:
            raise InputError("the score store cannot be used: file is not a database", remedy(path), path)
        return
    application = int.from_bytes(head[68:72], "big")
    if application not in (0, APPLICATION) or (application == 0 and (head[60:64] != bytes(4) or _tables(path))):
        raise InputError(OTHERS, OTHERS_REMEDY, path)


def remedy(path: Path) -> str:
    """What to do about a file that cannot be used."""
    return f"Name another score store by --store, or do without: --no-store. If {path.name} is yours, check the disk"


def _tables(path: Path) -> int:
    """How many tables and indexes a file has, its write-ahead log left out."""
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
    except sqlite3.Error:
        return 1
    try:
        return db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError:
        return 1
    finally:
        db.close()


def damaged(path: Path, reason: str) -> InputError:
    """What tells that SQLite cannot read a store, and how to start a new one."""
    files = ", ".join(f"{path}{end}" for end in ("", "-wal", "-shm") if Path(f"{path}{end}").exists())
    return InputError(
        f"the score store is damaged ({reason})",
        f"Remove {files}, and the next run makes a new one and scores its pairs anew; --no-store does without",
        path,
    )


def needs_check(path: Path) -> bool:
    """Whether the file is to be checked whole before it is used: it is small, or was not closed cleanly.

    A write-ahead log is left by a killed process, and is there while another process uses the store. A process checks
    a file once.
    """
    real = Path(os.path.realpath(path))
    try:
        found, log = real.stat(), Path(f"{real}-wal")
        unclean = log.exists() and log.stat().st_size > 0
    except OSError:
        return False
    key = (found.st_dev, found.st_ino)
    if key in _checked or not (unclean or found.st_size <= SMALL):
        return False
    _checked.add(key)
    return True


def check_sound(db: sqlite3.Connection, path: Path) -> None:
    """Raises InputError where SQLite finds pages, keys or values of the file broken."""
    (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise damaged(path, str(found).strip().splitlines()[-1])


def check_tables(db: sqlite3.Connection, path: Path) -> None:
    """Raises InputError where the tables are not a store's own, as a trigger or another column would make them."""
    asked = "SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    if [sql for (sql,) in db.execute(asked)] != [IDENTITIES, SCORES]:
        raise damaged(path, "its tables are not those of a score store")


def make_tables(db: sqlite3.Connection) -> None:
    """Makes the tables and signs the file, within a transaction."""
    db.execute(IDENTITIES)
    db.execute(SCORES)
    db.execute(f"PRAGMA application_id = {APPLICATION}")
    db.execute(f"PRAGMA user_version = {SCHEMA}")


def add_checksums(db: sqlite3.Connection, path: Path) -> int:
    """Rebuilds the tables of version 1 with all of their finite scores, within a transaction; returns how many.

    What computed the scores was not written down then: the libraries that are installed now are taken for it. Raises
    InputError where the tables are not those of version 1.
    """
    columns = [name for (name,) in db.execute("SELECT name FROM pragma_table_info('scores')")]
    if columns != ["identity", "query", "document", "score", "made"]:
        raise damaged(path, "it names 1 as its version, and has other tables")
    db.create_function("checksum", 4, _checksum_or_none, deterministic=True)
    db.execute("ALTER TABLE scores RENAME TO old_scores")
    db.execute("ALTER TABLE identities RENAME TO old_identities")
    db.execute(IDENTITIES)
    db.execute(SCORES)
    for number, model, text, made, used in db.execute("SELECT id, model, traits, made, used FROM old_identities"):
        try:
            traits = parse_json(text)
        except ValueError:
            continue
        if isinstance(traits, dict):
            text = as_text({**traits, **libraries(traits)})
            row = (number, traits_digest(text), model, text, made, used)
            db.execute("INSERT OR IGNORE INTO identities VALUES (?, ?, ?, ?, ?, ?)", row)
    kept = db.execute(
        "INSERT OR IGNORE INTO scores SELECT identity, query, document, score, old_scores.made,"
        " checksum(digest, query, document, score) FROM old_scores JOIN identities ON identity = id"
    ).rowcount
    db.execute("DROP TABLE old_scores")
    db.execute("DROP TABLE old_identities")
    db.execute(f"PRAGMA user_version = {SCHEMA}")
    return kept


def _checksum_or_none(digest: bytes, query: bytes, document: bytes, score: Any) -> int | None:
    """The checksum of a row of before; None, which no row may have, where its score is no finite number."""
    good = isinstance(score, float) and isfinite(score) and isinstance(query, bytes) and isinstance(document, bytes)
    return checksum(digest, query, document, score) if good else None
