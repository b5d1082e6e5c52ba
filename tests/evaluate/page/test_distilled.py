"""Teacher and student for the page."""

import math

from rerankkit.evaluate.diagnose import Given
from rerankkit.evaluate.page.distilled import finite, is_same, of_student, of_teacher
from rerankkit.run import Run

TEACHER = Run({"1": [("a", 2.0), ("b", 1.0), ("c", -2.0)], "2": [("d", 2.0), ("e", 0.0)]}, "llm")
STUDENT = Run({"1": [("a", 1.0), ("b", 0.5), ("c", -1.0)], "2": [("d", 1.0), ("e", 0.0)]}, "bert")
FIRST = Run({"1": [("c", 3.0), ("b", 2.0), ("a", 1.0)], "2": [("e", 2.0), ("d", 1.0)]}, "bm25")
QRELS = {"1": {"a": 1, "c": 0}, "2": {"d": 1, "e": 0}}


def test_the_teachers_scores_by_grade():
    found = of_teacher(Given(TEACHER, qrels=QRELS))
    assert [bar["grade"] for bar in found["bars"]] == [1, 0, None]
    assert [sum(bar["counts"]) for bar in found["bars"]] == [2, 2, 1]
    assert (found["edges"][0], found["edges"][-1], found["scores"], found["queries"]) == (-2.0, 2.0, 5, 2)
    assert found["bars"][0]["counts"][-1] == 2  # both of grade 1 have the highest score


def test_without_qrels_there_is_one_row():
    assert [bar["grade"] for bar in of_teacher(Given(TEACHER))["bars"]] == [None]


def test_a_student_of_half_the_scale():
    found = of_student(Given(TEACHER, STUDENT, FIRST, QRELS), ["RR"])
    assert (found["line"]["slope"], found["line"]["intercept"], found["line"]["r"]) == (0.5, 0.0, 1.0)
    assert found["cells"]["x"] == [-2.0, 2.0]
    assert found["cells"]["y"] == [-1.0, 1.0]
    assert sorted(found["cells"]["counts"]) == [[0, 0, 1], [20, 20, 1], [30, 30, 1], [39, 39, 2]]
    (worth,) = found["worth"]
    # The first stage has reciprocal ranks of 1/3 and 1/2; teacher and student of 1.
    assert (round(worth["first_stage"], 6), worth["teacher"], worth["student"]) == (0.416667, 1.0, 1.0)
    assert (worth["closed"], worth["kept"], found["tau"]) == (1.0, 1.0, 1.0)


def test_a_student_is_compared_with_its_teacher_where_no_candidate_is_judged():
    found = of_student(Given(TEACHER, STUDENT, FIRST, {"1": {"far": 1}}), ["RR"])
    assert (found["tau"], found["worth"]) == (1.0, [])


def test_the_teacher_is_no_student_of_itself():
    assert is_same(TEACHER, Run({qid: TEACHER[qid] for qid in TEACHER}, "another tag"))
    assert not is_same(TEACHER, STUDENT)


def test_json_has_no_numbers_that_are_not_finite():
    assert finite({"a": [1.0, math.nan, (math.inf, "x")], "b": None}) == {"a": [1.0, None, [None, "x"]], "b": None}
