"""Labels from people and from a teacher."""

import pytest

from rerankkit.errors import InputError
from rerankkit.groups.label import by_clicks, by_qrels, by_run
from rerankkit.run import Run
from rerankkit.types import Candidate, Document, Group, Query


def group(qid: str, text: str, docids: str) -> Group:
    return Group(Query(qid, text), tuple(Candidate(Document(docid, "", docid), 0.0) for docid in docids))


GROUPS = [group("1", "apple", "abc"), group("2", "plum", "de")]


def docids(labelled: Group) -> list[str]:
    return [candidate.document.docid for candidate in labelled.candidates]


def test_grades_with_unjudged_as_zero():
    first, second = by_qrels(GROUPS, {"1": {"b": 3, "c": 1, "elsewhere": 2}, "2": {"d": 1}})
    assert (docids(first), first.labels) == (["a", "b", "c"], (0.0, 3.0, 1.0))
    assert second.labels == (1.0, 0.0)


def test_a_negative_grade_counts_as_zero():
    (first,) = by_qrels(GROUPS, {"1": {"a": -2, "b": 1}})
    assert first.labels == (0.0, 1.0, 0.0)


def test_judged_only_leaves_the_unjudged_out():
    (first,) = by_qrels(GROUPS, {"1": {"c": 0, "a": 2}}, judged_only=True)
    assert (docids(first), first.labels) == (["a", "c"], (2.0, 0.0))


def test_queries_without_judgments_are_left_out():
    assert [labelled.query.qid for labelled in by_qrels(GROUPS, {"2": {"e": 1}})] == ["2"]


def test_qrels_of_other_topics_are_refused():
    with pytest.raises(InputError, match="no query of the run is judged"):
        list(by_qrels(GROUPS, {"01": {"a": 1}}))


def test_clicks_are_matched_by_the_querys_text():
    (second,) = by_clicks(GROUPS, {"plum": {"e": 4, "x": 1}, "pear": {"a": 1}})
    assert (second.query.qid, second.labels) == ("2", (0.0, 1.0))


def test_clicks_of_other_queries_are_refused():
    with pytest.raises(InputError, match="no query of the run has a click"):
        list(by_clicks(GROUPS, {"1": {"a": 1}}))


def test_a_teachers_scores_go_to_their_documents_raw():
    teacher = Run({"1": [("c", 12.5), ("a", -8.25)], "2": [("d", -0.5), ("e", 22.0)]})
    first, second = by_run(GROUPS, teacher)
    assert (docids(first), first.labels) == (["a", "c"], (-8.25, 12.5))
    assert (docids(second), second.labels) == (["d", "e"], (-0.5, 22.0))


@pytest.mark.parametrize("teacher", [{"1": [("a", 1.0)]}, {"1": [("a", 1.0)], "2": [("z", 1.0)]}])
def test_a_query_that_the_teacher_did_not_score_is_named(teacher):
    with pytest.raises(InputError, match="no score for query 2"):
        list(by_run(GROUPS, Run(teacher)))
