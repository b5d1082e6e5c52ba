"""Precision by recall and nDCG by depth."""

from math import log2

import ir_measures
import numpy as np
import pytest

from rerankkit.evaluate.page.curves import DEPTHS, LEVELS, curves, depths_to
from rerankkit.run import Run


def test_curves_by_hand():
    run = Run({"1": [("a", 4), ("x", 3), ("b", 2), ("y", 1)]}, "r")
    found = curves(run, {"1": {"a": 1, "b": 2, "c": 1, "y": 0}, "2": {"a": 1}})  # the second query is lacking
    # Two of three relevant documents, at ranks 1 and 3: precision 1 to recall 1/3, 2/3 to recall 2/3, then 0.
    # trec_eval asks for floor(3 r + .9) documents: one up to r = .3, two up to .7 (2.99... in floats), then three.
    levels = [1.0] * 4 + [2 / 3] * 4 + [0.0] * 3
    assert found.precision == pytest.approx([value / 2 for value in levels])
    ideal = 2 + 1 / log2(3)
    assert found.ndcg[:2] == pytest.approx([1 / 2 / 2, 1 / ideal / 2])
    assert found.ndcg[-1] == pytest.approx((1 + 2 / log2(4)) / (ideal + 1 / log2(4)) / 2)


def test_curves_are_those_of_ir_measures():
    random = np.random.default_rng(5)
    docids = [f"d{i}" for i in range(60)]
    qrels = {f"q{i}": {docid: int(random.integers(0, 4)) for docid in docids[i : i + 30]} for i in range(12)}
    qrels["none"] = {"d1": 0}
    scores = {qid: dict(zip(docids, random.random(60).astype("f4").tolist(), strict=True)) for qid in list(qrels)[2:]}
    found = curves(Run({qid: list(one.items()) for qid, one in scores.items()}, "r"), qrels)
    names = [f"IPrec@{level}" for level in LEVELS] + [f"nDCG@{depth}" for depth in DEPTHS]
    measures = [ir_measures.parse_measure(name) for name in names]
    expected = ir_measures.calc_aggregate(measures, qrels, scores)
    assert [*found.precision, *found.ndcg] == pytest.approx([expected[measure] for measure in measures], abs=1e-9)


def test_what_is_relevant_begins_at_a_grade():
    run = Run({"1": [("a", 3), ("b", 2)]}, "r")
    found = curves(run, {"1": {"a": 1, "b": 2}}, rel=2)
    assert found.precision == (0.5,) * 11
    assert found.ndcg[0] == 0.5  # its gain is the grade


def test_a_run_without_a_relevant_document_is_zero_throughout():
    found = curves(Run({"1": [("x", 1)]}, "r"), {"1": {"a": 1}})
    assert {*found.precision, *found.ndcg} == {0.0}


@pytest.mark.parametrize(
    ("deepest", "last"), [(1, 1), (2, 2), (10, 10), (11, 12), (100, 100), (101, 150), (5000, 1000)]
)
def test_depths_end_at_the_longest_list(deepest, last):
    assert depths_to(deepest)[-1] == last
    assert depths_to(deepest)[0] == 1
