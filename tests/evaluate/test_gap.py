"""What a student keeps of its teacher's worth."""

import math

import pytest

from rerankkit.errors import InputError
from rerankkit.evaluate.gap import Worth, measured
from rerankkit.run import Run

QRELS = {"1": {"a": 1}, "2": {"a": 1}, "3": {"a": 1}, "4": {"a": 1}}


def ranks(*places: int, tag: str) -> Run:
    """A run in whose queries the relevant document has these ranks among three."""
    lists = {}
    for qid, place in enumerate(places, 1):
        docids = ["b", "c"]
        docids.insert(place - 1, "a")
        lists[str(qid)] = [(docid, -float(i)) for i, docid in enumerate(docids)]
    return Run(lists, tag)


BM25 = ranks(2, 2, 2, 2, tag="bm25")  # RR 1/2
TEACHER = ranks(1, 1, 1, 1, tag="llm")  # RR 1
STUDENT = ranks(1, 1, 1, 2, tag="bert")  # RR 7/8
WORSE = ranks(3, 3, 3, 2, tag="broken")  # RR 3/8


def test_the_share_of_the_gap_worked_by_hand():
    found = measured(TEACHER, STUDENT, BM25, QRELS, ["RR"])
    (worth,) = found.worth
    assert (worth.first_stage, worth.teacher, worth.student) == (0.5, 1.0, 0.875)
    assert worth.closed == pytest.approx(0.75)
    assert worth.kept == pytest.approx(0.875)
    # Differences 1/2, 1/2, 1/2, 0: mean 3/8, standard error 1/8, t = 3 with three degrees of freedom.
    assert worth.p_student_first == pytest.approx(0.05767, abs=1e-5)
    # Differences 0, 0, 0, -1/2: t = -1.
    assert worth.p_student_teacher == pytest.approx(0.39100, abs=1e-5)
    assert (found.queries, found.lost, found.warnings) == (4, 0.0, ())


def test_what_is_not_given_has_no_value():
    (worth,) = measured(TEACHER, None, None, QRELS, ["RR"]).worth
    assert worth.teacher == 1.0
    rest = (worth.first_stage, worth.student, worth.closed, worth.kept, worth.p_teacher_first, worth.p_student_teacher)
    assert all(map(math.isnan, rest))


def test_there_is_no_gap_where_the_teacher_is_not_above_the_first_stage():
    assert math.isnan(Worth("RR", teacher=0.5, first_stage=0.5, student=0.6).closed)
    assert math.isnan(Worth("RR", teacher=0.4, first_stage=0.5, student=0.6).closed)
    assert math.isnan(Worth("PNR", teacher=math.inf, first_stage=1.0, student=2.0).closed)
    assert math.isnan(Worth("PNR", teacher=math.inf, first_stage=1.0, student=2.0).kept)
    assert Worth("RR", teacher=0.75, first_stage=0.5, student=0.25).closed == -1.0


def test_who_is_below_the_first_stage_is_warned_of():
    found = measured(WORSE, STUDENT, BM25, QRELS, ["RR"])
    assert found.warnings == (
        "the teacher (broken) is below the first stage (bm25): RR 0.3750 < 0.5000 (p = .058): "
        "no gain over that run here, though chance alone may explain the difference",
    )
    assert measured(WORSE, STUDENT, None, QRELS, ["RR"]).warnings == ()


def test_runs_are_measured_over_what_all_have():
    teacher = Run({"1": [("a", 2.0), ("b", 1.0)], "9": [("a", 1.0), ("b", 0.0)]}, "llm")
    found = measured(teacher, None, BM25, QRELS, ["RR"])
    assert (found.queries, found.worth[0].teacher, found.worth[0].first_stage) == (1, 1.0, 0.5)
    assert found.lost == 0.0  # c is the first stage's alone, and query 9 is not judged
    found = measured(TEACHER, Run({"1": [("b", 1.0)], "2": [("a", 2.0), ("c", 1.0), ("b", 0.0)]}), None, QRELS, ["RR"])
    assert (found.queries, found.lost) == (2, pytest.approx(1 - 4 / 12))
    assert found.worth[0].teacher == 0.5  # in the first query only b is left


def test_no_judged_query_in_common_is_an_error():
    with pytest.raises(InputError, match=r"the teacher \(llm\): no query in common with the qrels"):
        measured(TEACHER, STUDENT, None, {"9": {"a": 1}}, ["RR"])


def test_a_measure_without_a_value_is_left_out_and_told():
    found = measured(TEACHER, STUDENT, BM25, QRELS, ["RR", "PNR"])
    assert [worth.measure for worth in found.worth] == ["RR"]
    assert found.left_out[0].startswith("PNR is left out: the qrels hold relevant documents only")
    assert measured(TEACHER, STUDENT, BM25, QRELS, ["PNR"]).worth == ()


def test_unjudged_candidates_count_as_grade_0_where_asked():
    (worth,) = measured(TEACHER, STUDENT, BM25, QRELS, ["PNR(unjudged=0)"]).worth
    # b and c are unjudged. BM25: one of two pairs right a query; the student: both in three queries, one in the last.
    assert (worth.first_stage, worth.student) == (1.0, 7.0)
