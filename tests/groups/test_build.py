"""Runs joined with texts."""

import pytest

from rerankkit.errors import InputError
from rerankkit.groups.build import groups_of
from rerankkit.run import Run
from rerankkit.types import Candidate, Document, Group, Query

QUERIES = {"1": Query("1", "first"), "2": Query("2", "second"), "3": Query("3", "not in the run")}
DOCUMENTS = {name: Document(name, name.upper(), f"text of {name}") for name in "abc"}
RUN = Run({"2": [("a", 1.0), ("b", 3.0)], "1": [("c", 0.5), ("a", -2.0), ("b", 0.25)]})


def test_groups_stand_in_the_runs_order_with_its_scores():
    first, second = groups_of(RUN, QUERIES, DOCUMENTS)
    a, b = DOCUMENTS["a"], DOCUMENTS["b"]
    assert first == Group(QUERIES["2"], (Candidate(b, 3.0, 1), Candidate(a, 1.0, 2)))
    assert second.query == Query("1", "first")
    assert [(c.document.docid, c.score) for c in second.candidates] == [("c", 0.5), ("b", 0.25), ("a", -2.0)]
    assert second.labels is None


def test_depth_keeps_the_best():
    groups = list(groups_of(RUN, QUERIES, DOCUMENTS, depth=2))
    assert [[c.document.docid for c in group.candidates] for group in groups] == [["b", "a"], ["c", "b"]]


def test_an_unknown_query_is_named_before_any_work():
    run = Run({"1": [("a", 1.0)], "007": [("a", 1.0)], "008": [("a", 1.0)]})
    with pytest.raises(InputError, match="2 of the run's 3 queries are not in the topics, first: 007"):
        next(groups_of(run, QUERIES, DOCUMENTS))


def test_an_unknown_document_is_named():
    run = Run({"1": [("a", 2.0), ("z", 1.0)]})
    with pytest.raises(InputError, match="document z of query 1 is not in the collection") as caught:
        list(groups_of(run, QUERIES, DOCUMENTS))
    assert caught.value.remedy == "Give the collection that was searched"


def test_what_lies_below_the_depth_is_not_looked_up():
    run = Run({"1": [("a", 2.0), ("z", 1.0)]})
    (group,) = groups_of(run, QUERIES, DOCUMENTS, depth=1)
    assert [c.document.docid for c in group.candidates] == ["a"]


def test_an_empty_document_is_refused_and_a_title_alone_is_not():
    documents = {"empty": Document("empty", "", ""), "title": Document("title", "Title", "")}
    (group,) = groups_of(Run({"1": [("title", 1.0)]}), QUERIES, documents)
    assert group.candidates[0].document.title == "Title"
    with pytest.raises(InputError, match="document empty of query 1 is empty"):
        list(groups_of(Run({"1": [("empty", 1.0)]}), QUERIES, documents))
