"""Likely false negatives."""

import pytest

from rerankkit.errors import InputError
from rerankkit.groups.suspects import examined, suspects
from rerankkit.run import Run
from rerankkit.types import Candidate, Document, Group, Query


def group(qid: str, docids: str, labels: tuple[float, ...] | None = None) -> Group:
    return Group(Query(qid, "text"), tuple(Candidate(Document(d, "", d), 0.0) for d in docids), labels)


@pytest.mark.parametrize(
    ("positives", "expected"),
    [
        ("c", "ab"),
        ("e", "abcd"),
        ("ce", "abd"),
        ("ace", "b"),
        ("ade", "bc"),
        ("acef", "bd"),
        ("a", ""),
    ],
)
def test_a_suspect_stands_above_half_of_the_positives(positives, expected):
    """Scores: a 6, b 5, c 4, d 3, e 2, f 1. Of two positives it must beat one, of three two, of four two."""
    scores = dict(zip("abcdef", (6, 5, 4, 3, 2, 1), strict=True))
    found = suspects(group("1", "fedcba"), scores, dict.fromkeys(positives, 1))
    assert sorted("fedcba"[index] for index in found) == list(expected)


def test_only_the_order_of_the_scores_counts():
    grades = {"b": 1, "e": 2, "f": 1}
    plain = dict(zip("abcdef", (6, 5, 4, 3, 2, 1), strict=True))
    curved = {docid: 3.0**score - 40 for docid, score in plain.items()}
    assert suspects(group("1", "abcdef"), plain, grades) == suspects(group("1", "abcdef"), curved, grades) == [0, 2, 3]


def test_whom_people_judged_is_never_a_suspect():
    assert suspects(group("1", "abc"), {"a": 9.0, "b": 8.0, "c": 1.0}, {"a": 0, "c": 3}) == [1]


def test_equal_to_the_positive_is_not_above_it():
    assert suspects(group("1", "abc"), {"a": 2.0, "b": 1.0, "c": 1.0}, {"c": 1}) == [0]


def test_a_positive_need_not_be_a_candidate_and_one_without_a_score_does_not_count():
    scores = {"a": 9.0, "b": 8.0, "elsewhere": 8.5}
    assert suspects(group("1", "ab"), scores, {"elsewhere": 1, "unscored": 1}) == [0]
    assert suspects(group("1", "ab"), scores, {"unscored": 1, "judged": 0}) == []
    assert suspects(group("1", "abx"), scores, {"elsewhere": 1}) == [0]


GROUPS = [group("q1", "abc", (0.0, 1.0, 0.0)), group("q2", "de", (1.0, 0.0)), group("q3", "fg", (1.0, 0.0))]
TEACHER = Run({"q1": [("a", 3.0), ("b", 2.0), ("c", 1.0)], "q2": [("d", 5.0), ("e", 4.0)]}, "llm")
JUDGED = {"q1": {"b": 1}, "q2": {"d": 1}, "q3": {"f": 2.5}}


def test_they_are_counted_and_named_and_stay(caplog):
    assert list(examined(GROUPS, TEACHER, JUDGED, drop=False)) == GROUPS
    assert caplog.messages == ["1 likely false negatives in 1 of 2 queries that llm scored: q1 a"]


def test_they_are_taken_out_with_their_labels(caplog):
    first, *rest = examined(GROUPS, TEACHER, JUDGED, drop=True)
    assert (first, rest) == (group("q1", "bc", (1.0, 0.0)), GROUPS[1:])
    assert caplog.messages == ["1 likely false negatives in 1 of 2 queries that llm scored, left out: q1 a"]


def test_the_first_five_are_named(caplog):
    many = [group(qid, "abcd", (0.0, 0.0, 0.0, 1.0)) for qid in ("x", "y", "z")]
    teacher = Run({qid: [("a", 4.0), ("b", 3.0), ("c", 2.0), ("d", 1.0)] for qid in "xyz"}, "t")
    list(examined(many, teacher, {qid: {"d": 1} for qid in "xyz"}, drop=True))
    told = "9 likely false negatives in 3 of 3 queries that t scored, left out: x a, x b, x c, y a, y b, …"
    assert caplog.messages == [told]


def test_none_found_is_told_too(caplog):
    with caplog.at_level("INFO", "rerankkit"):
        list(examined(GROUPS[1:2], TEACHER, JUDGED, drop=True))
    assert caplog.messages == ["0 likely false negatives in 0 of 1 queries that llm scored"]


def test_a_run_of_other_queries_is_refused():
    with pytest.raises(InputError, match="the run of --suspects has none of the queries"):
        list(examined(GROUPS[2:], TEACHER, JUDGED, drop=False))
