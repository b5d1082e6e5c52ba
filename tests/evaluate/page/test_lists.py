"""Documents before and after."""

import pytest

from rerankkit.evaluate.page.lists import Limits, lists, most_changed, ranking, shortened, texts
from rerankkit.run import Run
from rerankkit.types import Document


def test_the_most_changed_queries_come_first_whatever_the_sign():
    assert most_changed({"a": 0.1, "b": -0.5, "c": 0.5, "d": 0.0}, 3) == ["b", "c", "a"]


def test_ranks_are_those_of_the_whole_runs():
    before, after = {"1": ["a", "b", "c", "d"]}, {"1": ["d", "a", "z"]}
    found = lists([before, after], {"1": {"a": 0, "d": 3}}, Limits(documents=2))
    assert found == {"1": [("a", 0, [1, 2]), ("b", None, [2, 0]), ("d", 3, [4, 1])]}


def test_a_query_that_a_run_lacks_has_no_documents():
    run = Run({"1": [("a", 1.0)]}, "r")
    assert ranking(run, ["1", "2"]) == {"1": ["a"], "2": []}


class Index(dict[str, Document]):
    """A collection that reads many documents at once, as Lucene's does."""

    def fetch(self, docids):
        self.asked = list(docids)
        return {docid: self[docid] for docid in self.asked if docid in self}


@pytest.mark.parametrize("kind", [dict, Index])
def test_texts_are_of_what_the_collection_has(kind):
    collection = kind({"a": Document("a", "T", "two\nlines"), "b": Document("b", "", "")})
    assert texts(collection, ["a", "b", "c"], Limits()) == {"a": ("T", "two lines"), "b": ("", "")}
    assert texts(None, ["a"], Limits()) == {}


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("ten letter", "ten letter"),
        ("  spread\n out  ", "spread out"),
        ("one, two, three", "one, two…"),
        ("unbrokenword", "unbrokenwo…"),
        ("中文没有空格所以在字间断开", "中文没有空格所以在字…"),
    ],
)
def test_texts_are_cut_at_a_word(text, short):
    assert shortened(text, 10) == short
