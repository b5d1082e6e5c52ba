"""Evaluations side by side."""

import json
import math

import pytest

from rerankkit.evaluate import report
from rerankkit.evaluate.matched import Matched
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


def nested(*runs: Evaluation) -> dict[str, Matched]:
    """The runs as rerankings of the first one."""
    return {run.name: Matched(run, runs[0], nested=True) for run in runs[1:]}


def test_a_reranker_below_its_first_stage_is_warned_of():
    # The PNR of the second run is above.
    assert report.warnings([FIRST, SECOND], TESTS, nested(FIRST, SECOND)) == [
        "bert.txt is below bm25.txt: nDCG@10 0.4568 < 0.5000 (p = .031): as a reranker of that run it does harm here"
    ]
    surer = {**TESTS, ("bert.txt", "nDCG@10"): Comparison(-0.04, 0.0004, 2)}
    assert report.warnings([FIRST, SECOND], surer, nested(FIRST, SECOND)) == [
        "bert.txt is below bm25.txt: nDCG@10 0.4568 < 0.5000 (p < .001): as a reranker of that run it does harm here"
    ]
    assert report.warnings([FIRST], {}) == []


def test_a_run_of_other_documents_is_called_no_reranker():
    assert report.warnings([FIRST, SECOND], TESTS) == [
        "bert.txt is below bm25.txt: nDCG@10 0.4568 < 0.5000 (p = .031): the difference is significant"
    ]
    assert report.warnings([FIRST, SECOND], {}) == [
        "bert.txt is below bm25.txt: nDCG@10 0.4568 < 0.5000: chance alone may explain the difference"
    ]
    one_query = {("bert.txt", "nDCG@10"): Comparison(-0.04, math.nan, 1)}
    assert report.warnings([FIRST, SECOND], one_query) == report.warnings([FIRST, SECOND], {})


def test_a_measure_is_compared_over_what_both_runs_have():
    there = Evaluation("bert.txt", {"nDCG@10": 0.45678, "PNR": 1.0}, {})
    first = Evaluation("bm25.txt", {"nDCG@10": 0.45678, "PNR": 2.0}, {})
    matches = {"bert.txt": Matched(there, first, True, grounds={"PNR": "the documents that both runs have"})}
    tests = {("bert.txt", "PNR"): Comparison(-0.1, 0.2, 2)}
    assert report.warnings([FIRST, SECOND], tests, matches) == [
        "bert.txt is below bm25.txt: PNR 1.0000 < 2.0000 over the documents that both runs have (p = .200): "
        "no gain over that run here, though chance alone may explain the difference"
    ]
    assert report.grounds(matches, tests) == [
        "bert.txt and bm25.txt have lists of different documents: p of PNR (1.0000 against 2.0000) is over "
        "the documents that both runs have"
    ]
    assert report.grounds(matches, {}) == []


def test_a_difference_that_may_be_chance_is_warned_of_in_weaker_words():
    doubt = ": no gain over that run here, though chance alone may explain the difference"
    tests = {("bert.txt", "nDCG@10"): Comparison(-0.04, 0.2, 2)}
    told = f"bert.txt is below bm25.txt: nDCG@10 0.4568 < 0.5000 (p = .200){doubt}"
    assert report.warnings([FIRST, SECOND], tests, nested(FIRST, SECOND)) == [told]
    # The pooled PNR is lower, the mean of the queries' shares is not: no p to tell.
    below = Evaluation("b", {"PNR": 1.0}, {})
    assert report.warnings([FIRST, below], {("b", "PNR"): Comparison(0.1, 0.01, 9)}, nested(FIRST, below)) == [
        f"b is below bm25.txt: PNR 1.0000 < 1.2500{doubt}"
    ]


def test_all_measures_that_are_below_stand_in_one_sentence():
    first = Evaluation("a", {"RR": 1.0, "P@5": 0.5, "R@5": 0.3}, {})
    worse = Evaluation("b", {"RR": 0.5, "P@5": 0.5, "R@5": 0.2}, {})
    tests = {("b", "RR"): Comparison(-0.5, 0.01, 9), ("b", "R@5"): Comparison(-0.1, 0.5, 9)}
    (warning,) = report.warnings([first, worse], tests, nested(first, worse))
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


def test_what_is_no_number_is_not_printed_as_one():
    none = Evaluation(
        "none.txt", {"nDCG@10": 0.25, "PNR": math.nan}, {"nDCG@10": {"q1": 0.25}, "PNR": {"q1": math.nan}}
    )
    tests = {("none.txt", "nDCG@10"): Comparison(-0.25, math.nan, 1)}
    assert report.table([FIRST, none], tests).splitlines()[2].split() == ["none.txt", "0.2500", "-"]
    assert report.as_csv([FIRST, none], tests).splitlines()[2] == "none.txt,0,0.25,,,"
    assert [line.split("\t")[1:3] for line in report.queries_table([none]).splitlines()] == [
        ["q1", "nDCG@10"],
        ["all", "nDCG@10"],
    ]
    record = json.loads(report.as_json([FIRST, none], tests))["runs"][1]
    assert (record["measures"]["PNR"], record["p"]) == (None, {"nDCG@10": None})


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
