"""A file of scores: found again bit by bit, shared by processes, never taken for another program's."""

import random
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank import store as module
from rerankkit.rerank.store import Store, document_key, query_key
from rerankkit.types import Document

TRAITS = {"weights": "w", "dtype": "float32"}
Q, A, B = b"q" * 12, b"a" * 12, b"b" * 12


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path / "new" / "scores.sqlite")) as opened:
        yield opened


def test_scores_come_back_to_the_last_bit(store):
    chance = random.Random(1)
    scores = [0.1 + 0.2, 0.0, 5e-324, -1.7976931348623157e308, *(chance.gauss(0, 10) for _ in range(2000))]
    keys = [bytes([i % 256, i // 256]) * 6 for i in range(len(scores))]
    number = store.identity("m", TRAITS)
    store.add(number, [(Q, key, score) for key, score in zip(keys, scores, strict=True)])
    found = store.find(number, Q, [*keys, A])
    assert [found[key].hex() for key in keys] == [score.hex() for score in scores]
    assert A not in found


def test_a_negative_zero_comes_back_as_zero(store):
    """What SQLite cannot tell apart; equal floats all the same."""
    number = store.identity("m", TRAITS)
    store.add(number, [(Q, A, -0.0)])
    assert str(store.find(number, Q, [A])[A]) == "0.0"


def test_another_identity_or_query_has_other_scores(store):
    one, other = store.identity("m", TRAITS), store.identity("m", {**TRAITS, "dtype": "bfloat16"})
    store.add(one, [(Q, A, 1.0), (Q, B, 2.0)])
    store.add(other, [(Q, A, 3.0)])
    assert store.find(one, Q, [A, B]) == {A: 1.0, B: 2.0}
    assert store.find(other, Q, [A, B]) == {A: 3.0}
    assert store.find(one, A, [A, B]) == {}
    assert store.find(one, Q, []) == {}


def test_an_identity_is_known_again_by_its_traits_and_bears_its_last_name(tmp_path):
    with closing(Store(tmp_path / "s")) as store:
        number = store.identity("m", TRAITS)
        store.add(number, [(Q, A, 1.0)])
    with closing(Store(tmp_path / "s")) as store:
        assert store.identity("renamed", dict(reversed(TRAITS.items()))) == number
        assert store.find(number, Q, [A]) == {A: 1.0}
        assert store.db.execute("SELECT model FROM identities").fetchall() == [("renamed",)]


def test_a_score_that_is_there_stays_as_it_is(store):
    number = store.identity("m", TRAITS)
    store.add(number, [(Q, A, 1.0)])
    store.add(number, [(Q, A, 9.0), (Q, B, 2.0)])
    assert store.find(number, Q, [A, B]) == {A: 1.0, B: 2.0}


def test_a_batch_is_kept_whole_or_not_at_all(store):
    number = store.identity("m", TRAITS)

    def breaking():
        yield Q, A, 1.0
        raise KeyError

    with pytest.raises(KeyError):
        store.add(number, breaking())
    assert store.find(number, Q, [A]) == {}


def test_an_identity_that_was_pruned_meanwhile_comes_back_with_its_scores(store):
    number = store.identity("m", TRAITS)
    with closing(Store(store.path)) as other:
        other.db.execute("DELETE FROM identities")
        assert other.identity("new", {}) != number
    store.add(number, [(Q, A, 1.0)])
    assert store.identity("m", TRAITS) == number
    assert store.find(number, Q, [A]) == {A: 1.0}


def test_keys_follow_the_texts_alone():
    assert document_key(Document("1", "a title", "text")) == document_key(Document("2", "a title", "text"))
    texts = [("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc"), ("1 a", "bc")]
    assert len({document_key(Document("1", *both)) for both in texts}) == 5
    assert len(query_key("red")) == 12
    assert query_key("red") != query_key("Red")
    assert query_key("a \ud800 half") != query_key("a \ud801 half")


def other_file(path: Path, kind: str) -> None:
    if kind == "text":
        path.write_text("q1 Q0 cat 1 9 bm25\n" * 100)
    else:
        with closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE albums (name TEXT)")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("text", "the score store cannot be used: file is not a database. Name another score store by --store"),
        ("album", "is another program's SQLite file. Name another one: --store"),
    ],
)
def test_what_is_no_store_is_told_and_left_alone(tmp_path, kind, message):
    path = tmp_path / "other"
    other_file(path, kind)
    before = path.read_bytes()
    with pytest.raises(InputError) as caught:
        Store(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_newer_versions_store_is_told(store):
    store.db.execute("PRAGMA user_version = 3")
    with pytest.raises(InputError, match=r"a newer rerankkit made this score store \(version 3, known: 2\)\. Update"):
        Store(store.path)


def test_a_folder_and_a_file_that_is_not_there_are_told(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        Store(tmp_path)
    with pytest.raises(InputError, match="no such score store"):
        Store(tmp_path / "none", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_stays_locked_is_told(store, monkeypatch):
    number = store.identity("m", TRAITS)
    monkeypatch.setattr(module, "WAIT", 0.05)
    with closing(Store(store.path)) as other, store.writing():
        other._rows = store._rows
        with pytest.raises(InputError, match="database is locked"):
            other.add(number, [(Q, A, 1.0)])


def test_a_reader_is_not_held_up_by_a_writer(store):
    number = store.identity("m", TRAITS)
    store.add(number, [(Q, A, 1.0)])
    with closing(Store(store.path)) as other, other.writing():
        other.db.execute("DELETE FROM scores")
        assert store.find(number, Q, [A]) == {A: 1.0}
    assert store.find(number, Q, [A]) == {}


def test_many_openings_of_a_file_that_is_not_there_yet(tmp_path):
    """All at once: one makes the tables, the others wait."""
    errors, numbers = [], []
    ready = threading.Barrier(8)

    def run(index: int) -> None:
        ready.wait()
        try:
            with closing(Store(tmp_path / "s")) as store:
                numbers.append(store.identity("m", TRAITS))
                store.add(numbers[-1], [(Q, bytes([index]) * 12, float(index))])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert set(numbers) == {1}
    with closing(Store(tmp_path / "s")) as store:
        assert len(store.find(1, Q, [bytes([i]) * 12 for i in range(8)])) == 8


WRITER = """
import sys
from contextlib import closing
from rerankkit.rerank.store import Store
path, first, step = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with closing(Store(path)) as store:
    number = store.identity("m", {"weights": "w"})
    for batch in range(200):
        rows = range(batch * 50 + first, batch * 50 + 50, step)
        store.add(number, [(b"q" * 12, row.to_bytes(12, "big"), row / 3) for row in rows])
"""


def test_two_processes_write_the_same_store(tmp_path):
    """One every row, the other every second one: nothing is lost, doubled, or refused."""
    path = tmp_path / "s"
    commands = [[sys.executable, "-c", WRITER, str(path), *told] for told in (("0", "1"), ("1", "2"))]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    assert [process.communicate()[1] for process in processes] == ["", ""]
    assert [process.returncode for process in processes] == [0, 0]
    with closing(Store(path)) as store:
        keys = [row.to_bytes(12, "big") for row in range(10_000)]
        assert store.find(1, b"q" * 12, keys) == {key: row / 3 for row, key in enumerate(keys)}
        assert store.db.execute("SELECT count(*) FROM scores").fetchone() == (10_000,)
        assert store.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
