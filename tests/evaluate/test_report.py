"""Evaluations side by side."""

import json
import math

import pytest

from rerankkit.evaluate import report
from rerankkit.evaluate.measures import Evaluation
from rerankkit.evaluate.significance import Comparison

FIRST = Evaluation("bm25.txt", {"nDCG@10": 0.5, "PNR": 1.25}, {"nDCG@10": {"q1": 0.5}, "PNR": {"q1": 1.25}})
SECOND = Evaluation(
    "bert.txt",
    {"nDCG@10": 0.45678, "PNR": math.inf},
    {"nDCG@10": {"q1": 0.91356, "q2": 0.0}, "PNR": {"q1": math.inf, "q2": math.nan}},
    missing=("q2",),
)
TESTS = {("bert.txt", "nDCG@10"): Comparison(-0.04, 0.03125, 2), ("bert.txt", "PNR"): Comparison(1.0, 1e-9, 2)}


def test_every_later_run_is_compared_with_the_first_where_a_query_has_both_values():
    assert set(report.against_first([FIRST, SECOND])) == {("bert.txt", "nDCG@10")}
    third = Evaluation("llm.txt", FIRST.values, FIRST.by_query)
    assert set(report.against_first([FIRST, third])) == {("llm.txt", "nDCG@10"), ("llm.txt", "PNR")}
    assert report.against_first([FIRST]) == {}


def test_table_of_one_run():
    assert report.table([FIRST], {}) == "run       nDCG@10     PNR\nbm25.txt   0.5000  1.2500"


def test_table_of_two_runs_with_the_best_marked():
    assert report.table([FIRST, SECOND], TESTS, lambda cell: cell.replace(" ", "*") + "!").splitlines() == [
        "run       nDCG@10       p     PNR       p",
        "bm25.txt  *0.5000!          1.2500",
        "bert.txt   0.4568  0.0312  ***inf!  <.0001",
    ]


def test_a_reranker_below_its_first_stage_is_warned_of():
    # The PNR of the second run is above.
    assert report.warnings([FIRST, SECOND], TESTS) == [
        "bert.txt is below bm25.txt: nDCG@10 0.4568 < 0.5000 (p = .031): as a reranker of that run it does harm here"
    ]
    assert report.warnings([FIRST, SECOND], {**TESTS, ("bert.txt", "nDCG@10"): Comparison(-0.04, 0.0004, 2)}) == [
        "bert.txt is below bm25.txt: nDCG@10 0.4568 < 0.5000 (p < .001): as a reranker of that run it does harm here"
    ]
    assert report.warnings([FIRST], {}) == []


def test_a_difference_that_may_be_chance_is_warned_of_in_weaker_words():
    doubt = ": no gain over that run here, though chance alone may explain the difference"
    tests = {("bert.txt", "nDCG@10"): Comparison(-0.04, 0.2, 2)}
    told = f"bert.txt is below bm25.txt: nDCG@10 0.4568 < 0.5000 (p = .200){doubt}"
    assert report.warnings([FIRST, SECOND], tests) == [told]
    # The pooled PNR is lower, the mean of the queries' shares is not: no p to tell.
    below = Evaluation("b", {"PNR": 1.0}, {})
    assert report.warnings([FIRST, below], {("b", "PNR"): Comparison(0.1, 0.01, 9)}) == [
        f"b is below bm25.txt: PNR 1.0000 < 1.2500{doubt}"
    ]


def test_all_measures_that_are_below_stand_in_one_sentence():
    first = Evaluation("a", {"RR": 1.0, "P@5": 0.5, "R@5": 0.3}, {})
    worse = Evaluation("b", {"RR": 0.5, "P@5": 0.5, "R@5": 0.2}, {})
    tests = {("b", "RR"): Comparison(-0.5, 0.01, 9), ("b", "R@5"): Comparison(-0.1, 0.5, 9)}
    (warning,) = report.warnings([first, worse], tests)
    assert warning.startswith("b is below a: RR 0.5000 < 1.0000 (p = .010), R@5 0.2000 < 0.3000 (p = .500): as a")


@pytest.mark.parametrize(
    ("measure", "value", "other"),
    [
        ("RR", 0.5, 0.5),
        ("RR", 0.5, 0.49999),  # reads alike
        ("RR", 0.4, 0.5),
        ("PNR", math.nan, 1.0),
        ("PNR", 1.0, math.nan),
        ("PNR", math.inf, math.inf),
        ("Judged@10", 0.9, 0.1),
        ("NumRet", 100.0, 10.0),
    ],
)
def test_what_is_not_below_is_not_warned_of(measure, value, other):
    runs = [Evaluation("a", {measure: value}, {}), Evaluation("b", {measure: other}, {})]
    assert report.warnings(runs, {("b", measure): Comparison(-0.1, 0.001, 9)}) == []


def test_csv():
    assert report.as_csv([FIRST], {}) == "run,missing,nDCG@10,PNR\nbm25.txt,0,0.5,1.25"
    assert report.as_csv([FIRST, SECOND], TESTS).splitlines() == [
        "run,missing,nDCG@10,PNR,p(nDCG@10),p(PNR)",
        "bm25.txt,0,0.5,1.25,,",
        "bert.txt,1,0.45678,inf,0.03125,1e-09",
    ]


def test_csv_by_query():
    assert report.queries_csv([FIRST, SECOND]).splitlines() == [
        "run,qid,nDCG@10,PNR",
        "bm25.txt,q1,0.5,1.25",
        "bert.txt,q1,0.91356,inf",
        "bert.txt,q2,0,",
    ]


def test_lines_by_query_end_in_the_whole_run():
    assert report.queries_table([FIRST]).splitlines() == [
        "bm25.txt\tq1\tnDCG@10\t0.5000",
        "bm25.txt\tq1\tPNR\t1.2500",
        "bm25.txt\tall\tnDCG@10\t0.5000",
        "bm25.txt\tall\tPNR\t1.2500",
    ]


def test_json_has_null_for_what_is_no_finite_number():
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    first, second = json.loads(report.as_json([FIRST, SECOND], TESTS, queries=True), parse_constant=refuse)["runs"]
    assert first == {
        "run": "bm25.txt",
        "measures": {"nDCG@10": 0.5, "PNR": 1.25},
        "missing": [],
        "queries": {"nDCG@10": {"q1": 0.5}, "PNR": {"q1": 1.25}},
    }
    assert second["measures"] == {"nDCG@10": 0.45678, "PNR": None}
    assert (second["baseline"], second["p"], second["missing"]) == (
        "bm25.txt",
        {"nDCG@10": 0.03125, "PNR": 1e-9},
        ["q2"],
    )
    assert second["queries"]["PNR"] == {"q1": None, "q2": None}
    assert "queries" not in json.loads(report.as_json([FIRST], {}))["runs"][0]
