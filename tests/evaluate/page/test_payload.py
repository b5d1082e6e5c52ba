"""What the page's scripts draw from."""

import json
import math
from dataclasses import replace

import pytest

from rerankkit.evaluate.matched import COMMON, Matched
from rerankkit.evaluate.page.lists import Limits
from rerankkit.evaluate.page.payload import changes, payload


def test_values_by_measure_run_and_query(material):
    record = payload(material())
    assert record["systems"] == ["bm25.txt", "bert <new>.txt", "rm3.txt"]
    assert record["measures"] == ["nDCG@10", "RR@10", "PNR"]
    assert record["labels"][2] == "PNR (share of pairs rightly ordered)"
    assert record["qids"] == ["1", "2", "q<3>"]
    # RR@10: the first stage has its first relevant document at ranks 2, 2 and 1.
    assert record["values"][1] == [[0.5, 0.5, 1.0], [1.0, 1.0, 0.5], [0.5, 0.5, 0.0]]
    # PNR's share: of the first query's three pairs, BM25 orders (a, c) rightly; of the third's one, BERT none.
    assert record["values"][2][0] == [pytest.approx(0.33333), 0.0, 1.0]
    assert record["values"][2][1] == [1.0, 1.0, 0.0]
    assert json.loads(json.dumps(record, allow_nan=False))["means"][1][0] == pytest.approx(2 / 3)


def test_documents_before_and_after(material):
    record = payload(material())
    docids = [document[0] for document in record["documents"]]
    rows = {docids[number]: (grade, ranks) for number, grade, ranks in record["lists"][0]}
    assert rows == {"b": (0, [1, 3, 1]), "a": (3, [2, 1, 2]), "c": (1, [3, 2, 3]), "x": (None, [4, 0, 4])}
    assert {docid: title for docid, title, _ in record["documents"]}["b"] == "A title"
    assert "4 have no text in the collection" in record["notes"]["lists"]  # x, y, f and g


def test_few_queries_and_documents_where_the_limits_say_so(material):
    record = payload(material(limits=Limits(documents=1, queries=1)))
    assert list(record["lists"]) == [2]  # RM3 lacks it: the largest change of nDCG@10
    assert [document[0] for document in record["documents"]] == ["f", "g"]
    assert "the 1 query that changed most" in record["notes"]["lists"]
    assert "--report-queries" in record["notes"]["unlisted"]


def test_without_texts_there_are_docids(material):
    record = payload(material(queries=None, documents=None, teacher=None, timings={}, learning=()))
    assert record["queries"] is None
    assert all(document[1:] == ["", ""] for document in record["documents"])
    assert (record["teacher"], record["timings"], record["learning"]) == (None, [], [])
    assert "only docids" in record["notes"]["lists"]


def test_timings_and_teacher(material):
    record = payload(material())
    assert record["timings"] == [{"system": 1, "p50": 12.5, "p95": 30.0}, {"system": 2, "p50": 100.0, "p95": None}]
    assert list(record["teacher"]["students"]) == [1, 2]
    assert record["teacher"]["told"].startswith("The teacher is llm: 7 scores of 3 queries")


def test_learning_curves_are_as_given_but_for_what_is_no_number(material):
    (learnt,) = payload(material())["learning"]
    assert learnt["lines"][1]["points"] == [[10, 0.7], [20, None], [30, 0.125]]
    assert learnt["dev"]["best"] == [30, 0.625]


def test_a_teacher_that_is_compared_is_no_student(material):
    given = material()
    second = list(given.runs())[1]
    assert list(payload(replace(given, teacher=second))["teacher"]["students"]) == [2]


def test_the_largest_change_of_a_query_decides(study):
    found = changes(study)
    assert set(found) == {"1", "2", "q<3>"}
    assert found["2"] == pytest.approx(1 - 1 / math.log2(3))
    # BERT moves the third query's relevant document from the first to the second place, RM3 lacks it: that is more.
    assert found["q<3>"] == pytest.approx(-1 / (1 + 1 / math.log2(3)))


def test_values_of_shorter_lists_are_those_over_what_both_runs_have(study, material):
    base, system = study.baseline, study.systems[0]
    there = replace(base, by_query={**base.by_query, "RR@10": {"1": 0.25, "2": 0.5, "q<3>": 1.0}})
    matches = {system.name: Matched(system, there, True, grounds={"RR@10": COMMON})}
    record = payload(replace(material(), study=replace(study, matches=matches)))
    assert record["there"] == [[None] * 3, [None, [[0.25, 0.5, 1.0], [1.0, 1.0, 0.5]], None], [None] * 3]
