"""Labels from people and from a teacher."""

import pytest

from rerankkit.errors import InputError
from rerankkit.groups.label import by_clicks, by_qrels, by_run, graded
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
    (second,) = by_clicks(GROUPS, {"plum": {"e": 4.5, "x": 1}, "pear": {"a": 1}})
    assert (second.query.qid, second.labels) == ("2", (0.0, 4.5))


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


def labelled(*labels: float) -> Group:
    return Group(
        Query("1", "apple"), tuple(Candidate(Document(str(i), "", ""), 0.0) for i in range(len(labels))), labels
    )


def test_grades_halve_upwards_by_the_teachers_order():
    scores = [0.5 * n - 3.75 for n in (8, 14, 2, 11, 5, 0, 13, 3, 9, 1, 12, 7, 4, 10, 6)]
    best_first = [grade for _, grade in sorted(zip(scores, graded(labelled(*scores)).labels or (), strict=True))][::-1]
    assert best_first == [3] + [2] * 2 + [1] * 4 + [0] * 8
    assert graded(labelled(-1.0, 9.0, 4.0, 2.0), levels=2).labels == (0, 1, 1, 0)  # a third, the middle of it counting


@pytest.mark.parametrize(
    ("labels", "grades"),
    [
        ((), ()),
        ((-7.5,), (3,)),
        ((0.1, 0.2), (0, 3)),
        ((5.0, 1.0, 3.0), (3, 0, 1)),
        ((8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0), (3, 2, 1, 1, 0, 0, 0, 0)),
        ((9.0, 9.0, 9.0, 2.0, 1.0), (3, 3, 3, 0, 0)),  # the best get the top grade, however many
        ((9.0,) + (0.0,) * 9, (3,) + (0,) * 9),
        ((4.0, 4.0, 4.0), (3, 3, 3)),
    ],
)
def test_equal_labels_get_equal_grades(labels, grades):
    assert graded(labelled(*labels)).labels == grades


def test_only_the_order_of_the_labels_counts():
    labels = (3.5, -2.0, 0.25, 12.0, 0.25, -8.0, 1.5)
    assert graded(labelled(*labels)).labels == graded(labelled(*(2.0**label for label in labels))).labels


@pytest.mark.parametrize("levels", [1, 0, 32])
def test_a_number_of_levels_that_makes_no_grades_is_refused(levels):
    with pytest.raises(InputError, match=rf"{levels} levels of grades. Give 2 to 31"):
        graded(labelled(1.0, 2.0), levels)


def test_queries_without_labels_are_counted(caplog):
    caplog.set_level("INFO")
    groups = [Group(Query(qid, f"query {qid}"), (Candidate(Document("a", "", "text"), 1.0),)) for qid in "123"]
    assert len(list(by_qrels(groups, {"2": {"a": 1}}))) == 1
    assert "2 of the run's 3 queries left out: not judged in the qrels" in caplog.text
    assert len(list(by_clicks(groups, {"query 1": {"a": 1.0}, "Query 2": {"a": 1.0}}))) == 1
    assert "2 of the run's 3 queries left out: no click for their text" in caplog.text
    assert "1 of 2 clicked queries are not in the run, by their text" in caplog.text
