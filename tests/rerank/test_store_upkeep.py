"""What a store holds, told, cut back and exported."""

from contextlib import closing

import pytest
from pyarrow import parquet

from rerankkit.errors import InputError
from rerankkit.rerank import store_upkeep
from rerankkit.rerank.store import Store, document_key, query_key
from rerankkit.rerank.store_upkeep import day, export, file_size, kept, prune
from rerankkit.types import Document

DAY = 86_400


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Three identities: a at days 1 and 3, a second one of the same name at day 2, b at day 4 without scores."""
    with closing(Store(tmp_path / "scores.sqlite")) as opened:
        for at, model, weights, texts in (
            (1, "a", "w1", ["red", "green"]),
            (2, "a", "w2", ["red"]),
            (3, "a", "w1", ["blue"]),
            (4, "b", "w3", []),
        ):
            monkeypatch.setattr("time.time", lambda at=at: at * DAY + 0.5)
            number = opened.identity(model, {"weights": weights})
            rows = [(query_key("q"), document_key(Document("", "", text)), len(text) / 3) for text in texts]
            opened.add(number, rows)
        yield opened


def told(store: Store, **chosen: str) -> list[tuple[str, str, int, int, int]]:
    return [
        (one.model, one.traits["weights"], one.scores, one.made // DAY, one.used // DAY)
        for one in kept(store, **chosen)
    ]


def scores(store: Store) -> list[float]:
    return sorted(score for (score,) in store.db.execute("SELECT score FROM scores"))


def test_rerankers_are_told_those_used_last_first(store):
    assert told(store) == [("b", "w3", 0, 4, 4), ("a", "w1", 3, 1, 3), ("a", "w2", 1, 2, 2)]
    assert told(store, model="a") == [("a", "w1", 3, 1, 3), ("a", "w2", 1, 2, 2)]
    digest = kept(store)[2].digest
    assert len(digest) == 32
    assert told(store, prefix=digest[:7].upper()) == [("a", "w2", 1, 2, 2)]
    assert told(store, model="a", prefix="") == told(store, model="a")


def test_who_is_not_there_is_told(store):
    with pytest.raises(InputError, match=r"scores\.sqlite: no scores of --model c and --identity 0\. See"):
        kept(store, "c", "0")


def test_no_store_is_empty_yet(tmp_path):
    with closing(Store(tmp_path / "s")) as store:
        assert kept(store) == []
        assert prune(store, []) == 0


def test_the_scores_of_some_are_removed_and_their_identities(store):
    assert prune(store, kept(store, "a")[1:]) == 1
    assert told(store) == [("b", "w3", 0, 4, 4), ("a", "w1", 3, 1, 3)]
    assert prune(store, kept(store)) == 3
    assert told(store) == []


def test_only_older_ones_are_removed(store):
    assert prune(store, kept(store), before=3 * DAY) == 3
    assert told(store) == [("a", "w1", 1, 1, 3)]
    assert scores(store) == [4 / 3]


def test_scores_without_an_identity_go(store):
    store.db.execute("DELETE FROM identities WHERE id = 1")
    assert prune(store, []) == 0
    assert scores(store) == [1.0]


def test_the_file_shrinks_at_once(store):
    number = store.identity("b", {"weights": "w3"})
    store.add(number, [(i.to_bytes(12, "big"), b"d" * 12, 0.5) for i in range(20_000)])
    before = file_size(store)
    assert prune(store, kept(store, "b")) == 20_000
    assert file_size(store) < 40_000 < 600_000 < before


def test_an_export_can_be_joined_with_texts(store, tmp_path, monkeypatch):
    monkeypatch.setattr(store_upkeep, "ROWS", 2)
    assert export(store, kept(store), tmp_path / "out.parquet") == 4
    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    names = {document_key(Document("", "", text)).hex(): text for text in ("red", "green", "blue")}
    assert sorted((row["model"], names[row["document"]], row["score"], row["made"].day - 1) for row in rows) == [
        ("a", "blue", 4 / 3, 3),
        ("a", "green", 5 / 3, 1),
        ("a", "red", 1.0, 1),
        ("a", "red", 1.0, 2),
    ]
    assert {row["query"] for row in rows} == {query_key("q").hex()}
    assert {row["identity"] for row in rows} == {one.digest for one in kept(store, "a")}
    assert list(rows[0]) == ["identity", "model", "query", "document", "score", "made"]


def test_an_export_of_nothing_has_the_columns(store, tmp_path):
    assert export(store, kept(store, "b"), tmp_path / "out.parquet") == 0
    table = parquet.read_table(tmp_path / "out.parquet")
    assert (table.num_rows, table.num_columns) == (0, 6)


def test_a_day():
    assert day(1_700_000_000) == "2023-11-14"
