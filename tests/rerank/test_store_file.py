"""A store's file under damage: a flipped bit, an older version, another program's file, a full disk."""

import json
import logging
import os
import random
import sqlite3
from contextlib import closing
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank import store_file
from rerankkit.rerank.store import Store, StoreFullError, document_key, query_key
from rerankkit.rerank.store_file import checksum, libraries
from rerankkit.rerank.store_upkeep import export, file_size, kept, prune
from rerankkit.rerank.stored import Stored
from rerankkit.types import Candidate, Document, Group, Query

TRAITS = {"weights": "w", "backend": "torch"}
Q, A, B, C = b"q" * 12, b"a" * 12, b"b" * 12, b"c" * 12


class Lengths:
    """A Reranker whose score is a text's length, less one seventh for each `shift`; counts its pairs."""

    def __init__(self, shift: float = 0.0) -> None:
        self.shift, self.pairs = shift, 0

    def score(self, groups):
        for group in groups:
            self.pairs += len(group.candidates)
            yield [len(one.document.text) / 7 - self.shift for one in group.candidates]


def groups() -> list[Group]:
    """Twelve queries with 25 documents each."""
    return [
        Group(
            Query(str(q), f"query {q}"),
            tuple(Candidate(Document(f"{d}", "t", f"{q} {d} " + "y" * (q * d % 97)), 0.0) for d in range(25)),
        )
        for q in range(12)
    ]


def filled(path: Path) -> list[list[float]]:
    """Makes a store of two models' scores; returns those of the first one."""
    with closing(Store(path)) as store:
        list(Stored(Lengths(1.0), store, store.identity("other", {**TRAITS, "weights": "v"})).score(groups()))
        return [list(one) for one in Stored(Lengths(), store, store.identity("m", TRAITS)).score(groups())]


def flipped(whole: bytes, chance: random.Random) -> bytes:
    """The file with one, eight or 64 bits flipped, every fifth of them in its first page; or cut."""
    changed = bytearray(whole)
    if chance.random() < 0.05:
        return bytes(changed[: chance.randrange(len(changed))])
    for _ in range(chance.choice((1, 1, 8, 64))):
        changed[chance.randrange(len(changed) if chance.random() < 0.8 else 4096)] ^= 1 << chance.randrange(8)
    return bytes(changed)


@pytest.mark.parametrize("small", [0, 1 << 24], ids=["checked by the row", "checked whole"])
def test_flipped_bits_never_give_other_scores(tmp_path, monkeypatch, small):
    """150 damaged files: the scores are those of a run without a store, or one message says what to remove."""
    monkeypatch.setattr(store_file, "SMALL", small)
    expected = filled(tmp_path / "whole")
    whole, chance, seen = (tmp_path / "whole").read_bytes(), random.Random(small), {"anew": 0, "stored": 0}
    messages: list[str] = []
    for number in range(150):
        path = tmp_path / f"{number}"
        path.write_bytes(flipped(whole, chance))
        try:
            with closing(Store(path)) as store:
                model = Lengths()
                assert list(Stored(model, store, store.identity("m", TRAITS)).score(groups())) == expected
                seen["anew" if model.pairs else "stored"] += 1
        except InputError as error:
            messages.append(str(error).removeprefix(f"{path}: "))
    assert min(len(messages), *seen.values()) > 10
    kinds = (
        "the score store is damaged",
        "the score store cannot be used",
        "is another program's",
        "a newer",
    )
    assert [message for message in messages if not message.startswith(kinds)] == []


def test_upkeep_of_damaged_files_ends_in_a_message_at_worst(tmp_path, monkeypatch):
    monkeypatch.setattr(store_file, "SMALL", 0)
    filled(tmp_path / "whole")
    whole, chance, told = (tmp_path / "whole").read_bytes(), random.Random(3), 0
    for number in range(60):
        path = tmp_path / f"{number}"
        path.write_bytes(flipped(whole, chance))
        try:
            with closing(Store(path)) as store:
                chosen = kept(store)
                export(store, chosen, tmp_path / "out.parquet")
                prune(store, chosen)
        except InputError:
            told += 1
    assert 0 < told < 60


def test_a_damaged_row_is_removed_counted_once_and_scored_anew(tmp_path, caplog):
    with closing(Store(tmp_path / "s")) as store:
        number = store.identity("m", TRAITS)
        store.add(number, [(Q, A, 1.5), (Q, B, 2.5), (Q, C, 3.5)])
        store.db.execute("UPDATE scores SET score = 9.5 WHERE document = ?", (A,))
        store.db.execute("UPDATE scores SET score = 9e999 WHERE document = ?", (B,))
        assert store.find(number, Q, [A, B, C]) == {C: 3.5}
        assert store.find(number, Q, [A, B, C]) == {C: 3.5}
        store.add(number, [(Q, A, 1.5)])
        assert store.find(number, Q, [A, B, C]) == {A: 1.5, C: 3.5}
    assert caplog.text.count("2 damaged scores in") == 1


def test_a_checksum_of_infinity_or_of_another_identity_does_not_count(tmp_path):
    with closing(Store(tmp_path / "s")) as store:
        one, other = store.identity("m", TRAITS), store.identity("n", {"weights": "v"})
        digest = store._rows[one][1]
        rows = [(one, Q, A, float("inf"), 1, checksum(digest, Q, A, float("inf")))]
        rows += [(other, Q, B, 2.0, 1, checksum(digest, Q, B, 2.0)), (one, Q, C, 2.0, 1, checksum(digest, Q, C, 2.0))]
        store.db.executemany("INSERT INTO scores VALUES (?, ?, ?, ?, ?, ?)", rows)
        assert store.find(one, Q, [A, B, C]) == {C: 2.0}
        assert store.find(other, Q, [A, B, C]) == {}


def old_store(path: Path) -> None:
    """A store of version 1: two identities, five scores, one of which is infinite and one of no identity."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript("""
CREATE TABLE identities (
    id INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE, model TEXT NOT NULL, traits TEXT NOT NULL,
    made INTEGER NOT NULL, used INTEGER NOT NULL);
CREATE TABLE scores (
    identity INTEGER NOT NULL, query BLOB NOT NULL, document BLOB NOT NULL, score REAL NOT NULL, made INTEGER NOT NULL,
    PRIMARY KEY (identity, query, document)) WITHOUT ROWID;
PRAGMA application_id = 1920101235;
PRAGMA user_version = 1;
""")
        for number, traits in enumerate((TRAITS, {"weights": "plug-in"}), 1):
            text = json.dumps(traits, sort_keys=True)
            digest = blake2b(text.encode(), digest_size=16).digest()
            db.execute("INSERT INTO identities VALUES (?, ?, 'm', ?, 5, 7)", (number, digest, text))
        scores = [(1, Q, A, 1 / 3), (1, Q, B, 2.0), (1, Q, C, float("inf")), (2, Q, A, 5.0), (9, Q, A, 6.0)]
        db.executemany("INSERT INTO scores VALUES (?, ?, ?, ?, 6)", scores)
        db.commit()


def test_a_store_of_before_keeps_its_scores_and_gets_checksums(tmp_path, caplog):
    old_store(tmp_path / "s")
    with caplog.at_level(logging.INFO), closing(Store(tmp_path / "s")) as store:
        one = store.identity("m", {**TRAITS, **libraries(TRAITS)})
        assert store.find(one, Q, [A, B, C]) == {A: 1 / 3, B: 2.0}
        assert store.find(store.identity("m", {"weights": "plug-in"}), Q, [A]) == {A: 5.0}
        assert store.db.execute("SELECT count(*) FROM scores").fetchone() == (3,)
        assert [(told.made, told.scores) for told in kept(store)] == [(5, 1), (5, 2)]
    assert "3 scores were taken over" in caplog.text
    with closing(Store(tmp_path / "s")) as store:
        assert len(kept(store)) == 2


def test_an_identity_names_the_versions_of_what_computes_it():
    torch = {name: version(name) for name in ("torch", "transformers", "tokenizers")}
    assert libraries({"backend": "torch"}) == {"libraries": torch}
    assert set(libraries({"backend": "openvino"})["libraries"]) == {"openvino", "tokenizers"}
    assert libraries({"weights": "w"}) == {}


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        ("CREATE TABLE albums (name TEXT)", "is another program's SQLite file"),
        ("PRAGMA application_id = 7; CREATE TABLE a (b); DROP TABLE a", "is another program's SQLite file"),
        ("PRAGMA user_version = 4; CREATE TABLE a (b); DROP TABLE a", "is another program's SQLite file"),
        ("PRAGMA journal_mode = WAL; CREATE TABLE albums (name TEXT)", "is another program's SQLite file"),
    ],
)
def test_another_programs_file_is_not_written_to(tmp_path, statements, message):
    path = tmp_path / "s"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(statements)
    before = path.read_bytes()
    with pytest.raises(InputError, match=message):
        Store(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("CREATE TRIGGER t AFTER INSERT ON scores BEGIN DELETE FROM identities; END", "its tables are not those"),
        ("ALTER TABLE scores ADD COLUMN more TEXT", "its tables are not those"),
        ("PRAGMA user_version = 0", "it names 0 as its version"),
        ("PRAGMA user_version = 1", "it names 1 as its version, and has other tables"),
    ],
)
def test_a_store_with_other_tables_is_told(tmp_path, change, message):
    filled(tmp_path / "s")
    with closing(sqlite3.connect(tmp_path / "s")) as db:
        db.execute(change)
    with pytest.raises(InputError, match=message):
        Store(tmp_path / "s")


def test_a_link_to_a_store_is_the_store(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "s").symlink_to(tmp_path / "disk" / "real")
    expected = filled(tmp_path / "s")
    with closing(Store(tmp_path / "disk" / "real")) as store:
        model = Lengths()
        assert list(Stored(model, store, store.identity("m", TRAITS)).score(groups())) == expected
        assert model.pairs == 0
    with closing(Store(tmp_path / "s")) as store:
        assert file_size(store) >= (tmp_path / "disk" / "real").stat().st_size > 10_000
    assert (tmp_path / "s").is_symlink()


def test_places_where_no_store_can_be_are_told(tmp_path):
    (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, message in (("file/s", "cannot be used"), ("pipe", "no regular file"), ("loop", "cannot be used")):
        with pytest.raises(InputError, match=message):
            Store(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write what is read-only")
def test_a_store_that_may_not_be_written_is_told_before_anything_is_scored(tmp_path):
    filled(tmp_path / "s")
    (tmp_path / "s").chmod(0o444)
    with pytest.raises(InputError, match="readonly"), closing(Store(tmp_path / "s")) as store:
        store.identity("m", TRAITS)


def test_on_a_full_disk_scoring_goes_on_and_says_once_that_nothing_is_kept(tmp_path, caplog):
    with closing(Store(tmp_path / "s")) as store:
        number = store.identity("m", TRAITS)
        (pages,) = store.db.execute("PRAGMA page_count").fetchone()
        store.db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreFullError, match="disk is full"):
            store.add(number, [(bytes([i, j]) * 6, A, 1.0) for i in range(200) for j in range(20)])
        stored = Stored(Lengths(), store, number)
        assert list(stored.score(groups())) == list(Lengths().score(groups()))
        assert stored.full
        found = store.find(number, query_key("query 0"), [document_key(groups()[0].candidates[0].document)])
        assert set(found.values()) <= {4 / 7}
    assert caplog.text.count("no more scores are kept") == 1


def test_what_a_killed_process_left_is_checked_whole_once(tmp_path, monkeypatch):
    monkeypatch.setattr(store_file, "SMALL", 0)
    filled(tmp_path / "s")
    assert not store_file.needs_check(tmp_path / "s")
    (tmp_path / "s-wal").write_bytes(b"left")
    assert store_file.needs_check(tmp_path / "s")
    assert not store_file.needs_check(tmp_path / "s")


def test_a_model_name_that_is_no_unicode_is_kept_readable(tmp_path):
    with closing(Store(tmp_path / "s")) as store:
        store.identity("caf\udce9", TRAITS)
        assert [one.model for one in kept(store)] == ["caf?"]


def test_a_damaged_identity_is_left_out_of_the_list_with_a_warning(tmp_path, caplog):
    filled(tmp_path / "s")
    with closing(Store(tmp_path / "s")) as store:
        store.db.execute("UPDATE identities SET traits = '{' WHERE model = 'm'")
        assert [one.model for one in kept(store)] == ["other"]
    assert "a damaged identity" in caplog.text
    assert "300 scores" in caplog.text


def test_pairs_are_counted_while_a_window_is_scored(tmp_path):
    """Twelve queries of 25; the first three are in the store, and one query has the same document twice."""
    with closing(Store(tmp_path / "s")) as store:
        number = store.identity("m", TRAITS)
        list(Stored(Lengths(), store, number).score(groups()[:3]))
        stored, seen = Stored(Lengths(), store, number), []
        lists = groups()
        twice = lists[11].candidates
        lists[11] = Group(lists[11].query, (*twice, twice[0]))
        keep = stored._keep
        stored._keep = lambda pairs, scores: (keep(pairs, scores), seen.append(stored.counts()))  # type: ignore
        list(stored.score(lists))
        assert seen == [(75 + 25 * done, 75) for done in range(1, 10)]
        assert stored.counts() == (301, 76)
