"""A diagnosis from runs."""

import math
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.evaluate.diagnose import Given, diagnose
from rerankkit.evaluate.verdict import warnings
from rerankkit.run import Run
from rerankkit.trec import read_qrels, read_run

DL19 = Path(__file__).parents[2].parent / "shared" / "data" / "dl19"
TEACHER = Run({"1": [("a", 2.0), ("b", 1.0), ("c", -3.0)], "2": [("d", 4.0), ("e", 0.0)]}, "llm")
# Two of each list were reranked, the third of the first list was appended as its tail.
STUDENT = Run({"1": [("a", 1.0), ("c", 0.5), ("b", -0.5)], "2": [("d", 3.0), ("e", 0.5)]}, "bert")
BM25 = Run({"1": [("c", 9.0), ("a", 8.0), ("b", 7.0)], "2": [("d", 9.0), ("e", 8.5)]}, "bm25")


def test_what_is_not_given_is_not_told():
    found = diagnose(Given(TEACHER))
    assert (found.student, found.against_grades, found.agreement, found.measured) == (None, None, None, None)
    assert math.isnan(found.borrowed)
    assert found.teacher.scores.count == 5


def test_the_depth_leaves_the_tail_out():
    assert diagnose(Given(TEACHER, STUDENT, BM25)).agreement.candidates == 5
    found = diagnose(Given(TEACHER, STUDENT, BM25, depth=2))
    assert found.agreement.candidates == 4
    assert (found.teacher.scores.count, found.teacher.scores.low) == (4, -3.0)  # c is among the first stage's two
    # Without the first stage each run's own two: the teacher's a and b, the student's a and c.
    found = diagnose(Given(TEACHER, STUDENT, depth=2))
    assert (found.teacher.scores.count, found.agreement.candidates, found.agreement.left_out) == (4, 3, 1)


def test_the_share_of_borrowed_scores():
    reordered = Run({"1": [("b", 9.0), ("a", 8.0), ("c", 7.0)], "2": [("e", 1.0), ("d", 0.5)]})
    assert diagnose(Given(reordered, first_stage=BM25)).borrowed == 0.5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Given(TEACHER, Run({"9": [("a", 1.0)]}, "bert")), "llm and bert have no query and candidate in common"),
        (Given(TEACHER, None, Run({"1": [("z", 1.0)]}, "bm25"), {"1": {"a": 1}}), "bm25 and llm have no query and"),
        (Given(TEACHER, None, Run({"9": [("a", 1.0)]}, "bm25")), "bm25 and llm have no query and"),
        (Given(TEACHER, None, Run({"9": [("a", 1.0)]}, "bm25"), depth=2), "llm and bm25 have no query and"),
        (Given(TEACHER, None, None, {"9": {"a": 1}}), "none of the candidates is judged"),
        (Given(Run({}, "void")), "void: the run has no hit"),
    ],
)
def test_nothing_in_common_is_an_error(given, message):
    with pytest.raises(InputError, match=message):
        diagnose(given)


@pytest.mark.skipif(not DL19.is_dir(), reason=f"the development collection {DL19} is absent")
def test_published_rankings_of_trec_dl_2019():
    bm25, gpt, vicuna = (
        read_run(DL19 / f"run.{name}.txt")
        for name in ("bm25", "ref-gpt-3.5-turbo.bm25-top100", "ref-output_v2_aug_vicuna_7b.bm25-top100")
    )
    given = Given(gpt, vicuna, bm25, read_qrels(DL19 / "qrels.txt"))
    found = diagnose(given)
    ndcg = next(worth for worth in found.measured.worth if worth.measure == "nDCG@10")
    values = [round(value, 4) for value in (ndcg.first_stage, ndcg.teacher, ndcg.student)]
    assert values == [0.5058, 0.6938, 0.684]  # published
    assert ndcg.closed == pytest.approx((0.6840 - 0.5058) / (0.6938 - 0.5058), abs=1e-3)
    assert (found.agreement.queries, found.agreement.candidates) == (43, 4300)
    assert found.agreement.tau.mean > 0.3
    assert [level.grade for level in found.against_grades.by_grade] == [3, 2, 1, 0, None]
    assert found.borrowed == 1.0
    assert any("a ranking, not raw scores" in warning for warning in warnings(found))
