"""A diagnosis as text and JSON."""

import json

import pytest

from rerankkit.evaluate.diagnose import Given, diagnose
from rerankkit.evaluate.findings import as_json, as_text
from rerankkit.run import Run

TEACHER = Run({"1": [("a", 2.0), ("b", 1.0), ("c", -3.0)], "2": [("d", 4.0), ("e", 0.0)]}, "llm")
STUDENT = Run({"1": [("b", 2.0), ("a", 1.0), ("c", -1.0)], "2": [("d", 3.0), ("e", 0.5)]}, "bert")
BM25 = Run({"1": [("b", 9.0), ("c", 8.0), ("a", 7.0)], "2": [("d", 9.0), ("e", 8.5)]}, "bm25")
QRELS = {"1": {"a": 2, "b": 0}, "2": {"d": 1, "e": 0}}


def lines(*args) -> list[str]:
    """The lines, their spaces squeezed."""
    return [" ".join(line.split()) for line in as_text(diagnose(Given(*args), ["RR", "PNR"])).splitlines()]


def test_a_teacher_alone():
    text = lines(TEACHER)
    assert text[0] == "Teacher's scores"
    assert text[2] == "score 0.800 2.315 -3.000 -2.400 0.000 1.000 2.000 3.600 4.000"
    assert text[4] == "5 scores of 2 queries; tied 0.0%, saturated 0.0%, queries collapsed 0.0%"
    assert text[8] == "-3.000 to -2.650 1 " + "#" * 40
    assert text[9] == "-2.650 to -2.300 0"
    assert len(text) == 28  # ends with the histogram of 20 bins


def test_everything():
    text = lines(TEACHER, STUDENT, BM25, QRELS)
    assert "2 1 2.000 0.000 2.000 2.000 2.000 2.000 2.000 2.000 2.000" in text
    assert "unjudged 1 -3.000 0.000 -3.000 -3.000 -3.000 -3.000 -3.000 -3.000 -3.000" in text
    assert "1 1 100.0% 0.0%" in text
    assert "2 1 100.0% 0.0%" in text
    assert "0 of 1 unjudged documents stand above every positive, in 0 of 2 queries with a positive" in text
    # Deviation 2.315: a over b is .43 of it, b and d over c and e 1.73, a over c 2.16.
    assert "0.25 to 0.5 1 0.0% 0.0% -1.000" in text
    assert "1 to 2 2 100.0% 0.0% 1.000" in text
    assert "2 or more 1 100.0% 0.0% 1.000" in text
    assert "0 to 0.1 0 - - -" in text
    head = "measure first stage teacher p teacher student p student gap closed teacher kept p of the rest"
    assert text[text.index(head) + 1] == "RR 0.6667 1.0000 0.5000 0.7500 0.5000 25.0% 75.0% 0.5000"
    assert text[text.index(head) + 2].startswith("PNR 1.0000 inf 0.5000")


def test_columns_of_runs_that_are_not_given_are_left_out():
    text = lines(TEACHER, None, None, QRELS)
    assert text[-3:] == ["measure teacher", "RR 1.0000", "PNR inf"]


def test_json_has_derived_values_and_null_for_what_is_no_finite_number():
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    diagnosis = diagnose(Given(TEACHER, STUDENT, BM25, QRELS), ["RR", "PNR"])
    found = json.loads(as_json(diagnosis, ["look"]), parse_constant=refuse)
    assert found["warnings"] == ["look"]
    assert found["teacher"]["scores"]["mean"] == 0.8
    assert found["agreement"]["margins"][2]["tau"] == -1
    assert found["agreement"]["margins"][0]["share"] is None
    assert [(worth["measure"], worth["closed"]) for worth in found["measured"]["worth"]] == [
        ("RR", pytest.approx(0.25)),
        ("PNR", None),
    ]
    assert found["against_grades"]["by_grade"][-1]["grade"] is None
    assert json.loads(as_json(diagnose(Given(TEACHER)), []))["agreement"] is None
