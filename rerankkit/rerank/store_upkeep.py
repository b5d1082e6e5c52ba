"""What a score store holds, told, cut back and exported."""

import logging
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from rerankkit.errors import InputError
from rerankkit.files import whole_file
from rerankkit.io.foreign import Fields, parse_json
from rerankkit.rerank.store import Store
from rerankkit.rerank.store_file import Checksums, traits_digest

log = logging.getLogger(__name__)

LATEST = 253_402_300_799
"""The last second of the year 9999, after which a date has no name."""
ROWS = 65_536
"""Scores that are exported at once."""


class Kept(NamedTuple):
    """A reranker whose scores are kept; `digest` is its identity in hexadecimal, times are seconds since 1970."""

    id: int
    digest: str
    model: str
    traits: dict[str, Any]
    made: int
    used: int
    scores: int


def kept(store: Store, model: str | None = None, prefix: str | None = None) -> list[Kept]:
    """The rerankers of a name and of an identity that begins with `prefix`, those used last first.

    Raises InputError where a name or a prefix was given and none fits.
    """
    asked = (
        "SELECT id, digest, model, traits, made, used,"
        " (SELECT count(*) FROM scores WHERE identity = id) FROM identities ORDER BY used DESC, id DESC"
    )
    with store.told():
        rows = store.db.execute(asked).fetchall()
    every = [one for row in rows for one in (_kept(row, store.path),) if one is not None]
    chosen = [one for one in every if model in (None, one.model) and one.digest.startswith((prefix or "").lower())]
    if not chosen and (model is not None or prefix is not None):
        what = " and ".join(
            f"{flag} {value}" for flag, value in (("--model", model), ("--identity", prefix)) if value is not None
        )
        raise InputError(f"no scores of {what}", "See rerankkit store stats", store.path)
    return chosen


def traits_by_id(store: Store) -> dict[int, dict[str, Any]]:
    """The number and the traits of each reranker whose scores are kept; damaged ones are left out."""
    asked = "SELECT id, digest, model, traits, made, used, 0 FROM identities"
    with store.told():
        rows = store.db.execute(asked).fetchall()
    return {one.id: one.traits for row in rows for one in (_kept(row, store.path),) if one is not None}


def _kept(row: tuple[Any, ...], path: Path) -> Kept | None:
    """A row of `identities`; None, with a warning, for one that is not what was written."""
    number, digest, model, text, made, used, scores = row
    try:
        traits = Fields({"traits": parse_json(text)}, "an identity of a score store", path).table("traits")
        if type(digest) is not bytes or traits_digest(text) != digest or type(model) is not str:
            raise ValueError("its hash does not fit")
        if not all(type(at) is int and 0 <= at <= LATEST for at in (made, used)):
            raise ValueError("its times are no times")
    except (ValueError, TypeError, InputError) as error:
        log.warning("left out: a damaged identity in %s (%s), with %d scores that are not found", path, error, scores)
        return None
    return Kept(number, digest.hex(), model, traits, made, used, scores)


def prune(store: Store, chosen: Sequence[Kept], before: int | None = None) -> int:
    """Removes the scores of some rerankers, those made before a time where one is given; returns how many.

    The file shrinks at once. Raises InputError where another process keeps it from that.
    """
    removed = 0
    older = "" if before is None else " AND made < ?"
    with store.writing():
        for one in chosen:
            values = (one.id,) if before is None else (one.id, before)
            removed += store.db.execute(f"DELETE FROM scores WHERE identity = ?{older}", values).rowcount
            empty = "DELETE FROM identities WHERE id = ? AND NOT EXISTS (SELECT 1 FROM scores WHERE identity = id)"
            store.db.execute(empty, (one.id,))
        # what a process added under a number that was pruned, and registered anew by another one, nobody finds
        store.db.execute("DELETE FROM scores WHERE identity NOT IN (SELECT id FROM identities)")
    with store.told():
        store.db.execute("VACUUM")
        store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return removed


def export(store: Store, chosen: Sequence[Kept], output: Path) -> int:
    """Writes the scores of some rerankers to a Parquet file, whole or not at all; returns how many.

    Columns: identity, model; query, document, the hashes of their texts in hexadecimal; score; made, in UTC.
    """
    import pyarrow
    from pyarrow import parquet

    name = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    texts = {"identity": name, "model": name, "query": name, "document": pyarrow.string()}
    kinds = {**texts, "score": pyarrow.float64(), "made": pyarrow.timestamp("s", "UTC")}
    schema = pyarrow.schema(list(kinds.items()))
    written = 0
    with whole_file(output, binary=True) as file, parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for one in chosen:
            for rows in _rows(store, one):
                if not rows:
                    continue
                queries, documents, scores, made = zip(*rows, strict=True)
                count = len(rows)
                columns = ([one.digest] * count, [one.model] * count, queries, documents, scores, made)
                arrays = [pyarrow.array(column, kind) for column, kind in zip(columns, kinds.values(), strict=True)]
                writer.write_batch(pyarrow.record_batch(arrays, schema=schema))
                written += count
    return written


def _rows(store: Store, one: Kept) -> Iterator[list[tuple[str, str, float, int]]]:
    """A reranker's sound scores in portions: query, document, score, time."""
    asked = "SELECT query, document, score, made, crc FROM scores WHERE identity = ?"
    digest, damaged = bytes.fromhex(one.digest), 0
    with store.told():
        cursor = store.db.execute(asked, (one.id,))
        while rows := cursor.fetchmany(ROWS):
            sound = [
                (query.hex(), document.hex(), score, made)
                for query, document, score, made, crc in rows
                if type(query) is bytes and not Checksums(digest, query).take([(document, score, crc)], {})
                if type(made) is int and 0 <= made <= LATEST
            ]
            damaged += len(rows) - len(sound)
            yield sound
    if damaged:
        log.warning("%d damaged scores of %s are left out", damaged, one.model)


def file_size(store: Store) -> int:
    """The bytes of a store's file, and of what stands beside it until it is written into it."""
    real = os.path.realpath(store.path)  # SQLite follows links too
    beside = [Path(f"{real}{end}") for end in ("", "-wal")]
    return sum(path.stat().st_size for path in beside if path.is_file())


def day(seconds: int) -> str:
    """A time as a date, UTC."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
