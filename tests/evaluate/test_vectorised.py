"""Measures of all queries at once, beside ir_measures."""

import math

import ir_measures
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerankkit.evaluate.measure_names import parse_measures
from rerankkit.evaluate.measures import evaluate
from rerankkit.evaluate.pnr import PNR
from rerankkit.run import Run

MEASURES = parse_measures(
    [
        "nDCG nDCG@1 nDCG@3 nDCG@10 nDCG(judged_only=True)@3 nDCG(gains={0:1,1:0,3:7})@5 "
        "RR RR@2 RR(rel=2)@5 RR(judged_only=True) AP AP@3 AP(rel=2) AP(judged_only=True)@4 "
        "P@1 P@5 P(rel=2)@3 P(judged_only=True)@3 R@2 R@10 R(rel=2)@5 Success@1 Success(rel=3)@4 "
        "Judged Judged@1 Judged@5 NumRet NumRet(rel=1) NumRet(rel=2) PNR PNR(mean=True)"
    ]
)

QIDS = ["7", "007", "q 1", "é"]
DOCIDS = [*"abcdefgh", "10", "9", "é", "\U0001f600", "z-"]
qrels_of = st.dictionaries(
    st.sampled_from(QIDS), st.dictionaries(st.sampled_from(DOCIDS), st.integers(-2, 4), min_size=1), min_size=1
)
runs_of = st.dictionaries(
    st.sampled_from(QIDS), st.dictionaries(st.sampled_from(DOCIDS), st.sampled_from([0.0, 1.0, 1 + 1e-9, 2.5, -3.0]))
)


def strict(run: Run) -> dict[str, dict[str, float]]:
    """The run's order by scores that all tools read alike: they do not agree on equal ones."""
    return {qid: {docid: -float(rank) for rank, docid in enumerate(run.docids(qid))} for qid in run if run.scores(qid)}


def some_grade_is_not_negative(qrels: dict[str, dict[str, int]]) -> bool:
    """trec_eval reads memory that it did not set where all of a query's grades are below zero."""
    return all(max(grades.values()) >= 0 for grades in qrels.values())


@settings(max_examples=100, deadline=None)
@given(qrels_of.filter(some_grade_is_not_negative), runs_of)
def test_every_query_and_mean_equals_ir_measures(qrels, hits):
    run = Run({qid: list(found.items()) for qid, found in hits.items()})
    if not strict(run).keys() & qrels.keys():
        return
    ours = evaluate(run, qrels, map(str, MEASURES))
    wanted = [ir_measures.parse_measure(name) for name in map(str, MEASURES)]
    for measure in wanted:
        name = str(measure)
        given = {qid: dict(run[qid]) for qid in strict(run)} if name.startswith(str(PNR)) else strict(run)
        theirs, by_query = ir_measures.calc([measure], qrels, given)
        assert ours.values[name] == pytest.approx(theirs[measure], abs=1e-9, nan_ok=True), name
        expected = {metric.query_id: metric.value for metric in by_query if metric.query_id in qrels}
        assert ours.by_query[name] == pytest.approx(expected, abs=1e-9, nan_ok=True), name


def test_exponential_gains_worked_by_hand():
    run, qrels = Run({"q": [("a", 3.0), ("b", 2.0), ("c", 1.0)]}), {"q": {"a": 1, "c": 3, "d": 2, "e": -1}}
    dcg, ideal = 1 + 7 / 2, 7 + 3 / math.log2(3) + 1 / 2
    assert evaluate(run, qrels, ["nDCG(dcg='exp-log2')@10"]).values == {
        "nDCG(dcg='exp-log2')@10": pytest.approx(dcg / ideal)
    }


def test_reciprocal_rank_of_judged_documents_with_a_cut_off_which_ir_measures_lacks():
    run, qrels = Run({"q": [("u", 4.0), ("v", 3.0), ("a", 2.0), ("b", 1.0)]}), {"q": {"a": 0, "b": 1}}
    names = ["RR(judged_only=True)@2", "RR(judged_only=True)@1", "RR@3"]
    assert list(evaluate(run, qrels, names).values.values()) == [0.5, 0.0, 0.0]


def test_a_query_whose_grades_are_all_negative_has_nothing_to_find():
    result = evaluate(Run({"q": [("a", 1.0)]}), {"q": {"a": -1, "b": -2}}, ["nDCG AP RR P@1 R@1 Judged PNR"])
    assert list(result.values.values())[:6] == [0, 0, 0, 0, 0, 1]
    assert math.isnan(result.values["PNR"])
