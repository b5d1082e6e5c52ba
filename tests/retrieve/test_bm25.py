import json
import logging
import math
import os

import pytest

from rerankkit.collection import jvm
from rerankkit.collection.indexing import IndexSettings, index_documents
from rerankkit.errors import InputError
from rerankkit.retrieve import bm25
from rerankkit.retrieve.bm25 import Bm25, retriever
from rerankkit.types import Query

FRUITS = {
    "1": ("", "red apple"),
    "2": ("", "red red plum trees"),
    "3": ("", "green pear"),
    "4": ("Pear", "red fruit"),
    "5": ("", "yellow"),
}


def made(folder, documents, **settings):
    with (folder / "docs.jsonl").open("w") as file:
        for docid, (title, text) in documents.items():
            file.write(json.dumps({"id": docid, "title": title, "contents": text}) + "\n")
    index_documents(folder / "docs.jsonl", folder / "index", IndexSettings(**settings))
    return folder / "index"


@pytest.fixture(scope="module")
def fruits(tmp_path_factory):
    return made(tmp_path_factory.mktemp("fruits"), FRUITS)


def found(index, text, depth=10, qid="q", **settings):
    return retriever(index, Bm25(**settings)).retrieve([Query(qid, text)], depth)[qid]


def score(tf, length, average, df, documents, k1=0.9, b=0.4):
    """BM25 as Lucene computes it, rounded to four digits as Anserini does."""
    idf = math.log(1 + (documents - df + 0.5) / (df + 0.5))
    return round(idf * tf / (tf + k1 * (1 - b + b * length / average)), 4)


def test_scores_by_hand(tmp_path):
    index = made(tmp_path, {docid: FRUITS[docid] for docid in ("1", "2", "3")})
    # N = 3, df = 2: idf = ln(1 + 1.5 / 2.5) = 0.470004; the average length is 8 / 3
    # "2": 2 / (2 + 0.9 (0.6 + 0.4 * 4 * 3 / 8)) = 0.649351; "1": 1 / (1 + 0.9 (0.6 + 0.4 * 2 * 3 / 8)) = 0.552486
    assert found(index, "Reds") == (("2", pytest.approx(0.3052, abs=1e-7)), ("1", pytest.approx(0.2597, abs=1e-7)))
    # k1 = 2, b = 1: 2 / (2 + 2 * 1.5) = 0.4 and 1 / (1 + 2 * 0.75) = 0.4: a tie, in the order of the docids
    assert found(index, "red", k1=2, b=1) == (
        ("1", pytest.approx(0.188, abs=1e-7)),
        ("2", pytest.approx(0.187999, abs=1e-7)),
    )


def test_lucene_keeps_long_lengths_roughly(tmp_path):
    index = made(tmp_path, {"long": ("", "red " + "x " * 50), "short": ("", "blue " * 9)})
    # 51 words are kept as 50: ln(2) / (1 + 0.9 (0.6 + 0.4 * 50 / 30)) = 0.3239, where 51 would give 0.3221
    assert found(index, "red") == (("long", pytest.approx(0.3239, abs=1e-7)),)


def test_ties_stand_by_docid_a_millionth_apart(tmp_path):
    index = made(tmp_path, dict.fromkeys(("b", "c", "a"), ("", "same words")) | {"d": ("", "other")}, threads=2)
    hits = found(index, "same")
    assert [hit.docid for hit in hits] == ["a", "b", "c"]
    best = score(1, 2, 7 / 4, 3, 4)
    assert [hit.score for hit in hits] == pytest.approx([best, best - 1e-6, best - 2e-6], abs=1e-7)


def test_the_title_is_searched_with_the_text_and_alone(fruits):
    assert [hit.docid for hit in found(fruits, "pear")] == ["3", "4"]
    assert [hit.docid for hit in found(fruits, "pear", fields={"title": 1})] == ["4"]
    # both: title alone has df 1 of the 1 document that has a title, contents as ever
    title, contents = score(1, 1, 1, 1, 1), score(1, 3, 12 / 5, 2, 5)
    assert found(fruits, "pear", fields={"title": 2, "contents": 1})[0] == (
        "4",
        pytest.approx(2 * title + contents, abs=2e-4),
    )


def test_a_field_that_is_not_there(fruits):
    with pytest.raises(InputError, match=r"no field url\. Known: contents, id, title"):
        retriever(fruits, Bm25(fields={"title": 1, "url": 2}))


def test_our_index_has_a_title_field_though_no_document_has_a_title(tmp_path):
    index = made(tmp_path, {"1": ("", "red")})
    assert found(index, "red", fields={"title": 2, "contents": 1}) == found(index, "red")


def test_feedback_adds_words_of_the_best_documents(tmp_path):
    texts = {"1": "red plum", "2": "red plum", "3": "red plum", "4": "plum jam"}
    texts |= {f"x{n}": "blue sky" for n in range(50)}  # Anserini expands by no word of more than a tenth of them
    index = made(tmp_path, {docid: ("", text) for docid, text in texts.items()})
    assert [hit.docid for hit in found(index, "red")] == ["1", "2", "3"]
    assert [hit.docid for hit in found(index, "red", rm3=True)] == ["1", "2", "3", "4"]
    assert [hit.docid for hit in found(index, "red", rocchio=True)] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("settings", [{}, {"rm3": True}, {"fields": {"title": 2, "contents": 1}}], ids=str)
@pytest.mark.parametrize("batch_size", [0, 2, 100])
def test_threads_and_batches_change_nothing(fruits, settings, batch_size):
    queries = [Query(str(n), text) for n, text in enumerate(["red", "plum", "none", "pear green", "yellow apple red"])]
    one = retriever(fruits, Bm25(**settings)).retrieve(queries, 10)
    many = retriever(fruits, Bm25(threads=3, batch_size=batch_size, **settings)).retrieve(queries, 10)
    assert list(one) == ["0", "1", "3", "4"]
    assert dict(one) == dict(many)


def test_depth_and_the_query_itself(fruits):
    assert [hit.docid for hit in found(fruits, "red", depth=2)] == ["2", "1"]
    assert [hit.docid for hit in found(fruits, "red", qid="2", remove_query=True)] == ["1", "4"]
    assert [hit.docid for hit in found(fruits, "red", qid="2")] == ["2", "1", "4"]


def test_topics_without_hits_are_named_and_left_out(fruits, caplog):
    queries = [Query("a", "red"), Query("b", "unheard of"), Query("c", "the"), Query("5", "yellow")]
    queries += [Query(f"x{n}", "unheard") for n in range(10)]
    with caplog.at_level(logging.WARNING, "rerankkit"):
        run = retriever(fruits, Bm25(remove_query=True)).retrieve(queries, 10)
    assert list(run) == ["a"]
    assert caplog.messages == ["no hits for 13 of 14 topics: b, c, 5, x0, x1, x2, x3, x4, x5, x6, …"]


def test_languages(tmp_path):
    documents = {"1": ("", "Die Häuser sind rot"), "2": ("", "Ein Haus")}
    index = made(tmp_path, documents, language="de")
    assert [hit.docid for hit in found(index, "häuser")] == ["2", "1"]  # by the index's own language
    assert found(index, "haus", language="de") == found(index, "häuser")
    with pytest.raises(KeyError):
        found(index, "häuser", language="en")


def test_odd_queries(fruits):
    assert [hit.docid for hit in found(fruits, "😀 red\ud83d AND (plum^2 OR")] == ["2", "1", "4"]
    with pytest.raises(InputError, match=r"Lucene refuses query q: .*TooManyClauses: max.* 1024\. Shorten"):
        found(fruits, " ".join(f"w{n}" for n in range(1100)))
    queries = [Query("1", "red"), Query("2", " ".join(f"w{n}" for n in range(1100)))]
    with pytest.raises(InputError, match="Lucene refuses query 2"):
        retriever(fruits, Bm25(threads=2)).retrieve(queries, 10)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k1": 0.9}, "k1 and b go together. Give both"),
        ({"b": 0.4}, "k1 and b go together"),
        ({"k1": -1.0, "b": 0.4}, "k1 is at least 0"),
        ({"k1": 0.9, "b": 1.1}, "b between 0 and 1"),
        ({"k1": math.nan, "b": 0.4}, "k1 is at least 0"),
        ({"rm3": True, "rocchio": True}, "RM3 and Rocchio are alternatives"),
        ({"threads": 0}, "0 threads"),
        ({"fields": {"title": 0.0}}, "weight is more than 0"),
        ({"language": "xx"}, "no analyzer for the language 'xx'"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(InputError, match=message):
        Bm25(**settings)


class Searcher:
    """Notes what it is told."""

    def __init__(self):
        self.told = []
        self.reader = self

    def getTermVectors(self, number):  # noqa: N802
        return None

    def set_bm25(self, k1, b):
        self.told.append((k1, b))

    def set_rm3(self, parser, *rest):
        self.told.append(parser)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("msmarco-v1-passage", (0.82, 0.68)),
        ("msmarco-v1-passage-slim", (0.82, 0.68)),
        ("msmarco-v1-passage.d2q-t5", (2.18, 0.86)),
        ("msmarco-v1-doc", (4.46, 0.82)),
        ("msmarco-v1-doc-segmented-full", (2.16, 0.61)),
        ("msmarco-v1-doc.d2q-t5", (4.68, 0.87)),
        ("msmarco-v1-doc-segmented.d2q-t5", (2.56, 0.59)),
        ("beir-v1.0.0-scifact.flat", (0.9, 0.4)),
    ],
)
def test_pyserinis_parameters_by_index(monkeypatch, tmp_path, name, parameters):
    searcher = Searcher()
    monkeypatch.setattr(bm25, "index_folder", lambda index: tmp_path)
    monkeypatch.setattr(bm25, "open_searcher", lambda folder: searcher)
    retriever(name)
    retriever(name, Bm25(k1=1.2, b=0.75))
    assert searcher.told == [parameters, (1.2, 0.75)]


def test_feedback_without_vectors_needs_a_parser(monkeypatch, tmp_path):
    searcher = Searcher()
    monkeypatch.setattr(bm25, "index_folder", lambda index: tmp_path)
    monkeypatch.setattr(bm25, "open_searcher", lambda folder: searcher)
    retriever("msmarco-v2-doc", Bm25(rm3=True))
    assert searcher.told[1:] == ["MsMarcoV2DocCollection"]
    with pytest.raises(InputError, match="no document vectors for feedback"):
        retriever("beir-v1.0.0-scifact.flat", Bm25(rm3=True))


def test_a_forked_process_is_refused(fruits, monkeypatch):
    first_stage = retriever(fruits)
    monkeypatch.setattr(jvm, "_owner", os.getpid() + 1)
    with pytest.raises(RuntimeError, match="fork"):
        first_stage.retrieve([Query("1", "red")], 10)
