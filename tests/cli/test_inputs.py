"""What several commands read."""

from pathlib import Path

import pytest

from rerankkit.cli.inputs import all_queries, collection_of, merged, queries_of
from rerankkit.errors import InputError
from rerankkit.run import Run
from rerankkit.types import Document, Query


def test_queries_come_from_a_file(toy):
    assert queries_of("topics.tsv")["q2"] == Query("q2", "green")


def test_of_a_collection_only_what_the_run_names_is_kept(toy):
    run = Run({"q1": [("cat", 2.0)], "q2": [("fish", 1.0), ("nowhere", 0.5)]})
    assert collection_of(None, Path("docs.jsonl"), run) == {
        "cat": Document("cat", "cat", "grey cat"),
        "fish": Document("fish", "fish", "grey fish"),
    }
    assert len(collection_of(None, Path("docs.jsonl"), None)) == 6


@pytest.mark.parametrize(("index", "collection"), [(None, None), ("index", Path("docs.jsonl"))])
def test_the_text_comes_from_one_place(toy, index, collection):
    with pytest.raises(InputError, match="the documents' text comes from one place") as caught:
        collection_of(index, collection, None)
    assert caught.value.remedy == "Give either --index or --collection"


def test_an_index_that_is_not_there(toy):
    with pytest.raises(InputError, match="no such index folder"):
        collection_of("./nowhere", None, None)


def test_runs_of_different_queries_become_one():
    one, two = Run({"1": [("a", 1.0), ("b", 2.0)]}, "first"), Run({"2": [("a", 3.0)]}, "second")
    both = merged([one, two])
    assert (dict(both), both.tag) == ({"1": (("b", 2.0), ("a", 1.0)), "2": (("a", 3.0),)}, "first")
    assert merged([one]) is one


def test_a_query_in_two_runs_is_named():
    with pytest.raises(InputError, match="query 7 stands in two of the runs"):
        merged([Run({"7": [("a", 1.0)]}), Run({"7": [("b", 1.0)]})])


def test_topics_that_give_one_id_two_texts_are_refused(tmp_path):
    one, two = tmp_path / "one.tsv", tmp_path / "two.tsv"
    one.write_text("1\tfirst\n2\tsecond\n")
    two.write_text("2\tsecond\n3\tthird\n")
    assert list(all_queries([str(one), str(two)])) == ["1", "2", "3"]
    two.write_text("2\tanother\n")
    with pytest.raises(InputError, match=r"two\.tsv: query 2 is 'another' here, 'second' in topics given before"):
        all_queries([str(one), str(two)])
