"""The positive-negative ratio."""

import math
import random

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import nDCG

from rerankkit.evaluate.measures import evaluate
from rerankkit.evaluate.pnr import PNR, PairRatio, pair_ratio
from rerankkit.run import Run

QRELS = {"q1": {"a": 3, "b": 1, "c": 0, "absent": 2}, "q2": {"x": 1, "y": 0, "z": 0, "v": 0}, "q3": {"m": 1, "n": 0}}
RUN = {
    "q1": {"a": 3.0, "b": 2.0, "c": 2.5, "unjudged": 9.0},  # a over b and c, b not over c: 2 to 1
    "q2": {"x": 4.0, "y": 4.0, "z": 5.0, "v": 6.0},  # x ties with y, z and v are above it: 0 to 2
    "unknown": {"a": 1.0},
}


def test_worked_by_hand():
    assert ir_measures.calc_aggregate([PNR], QRELS, RUN) == {PNR: pytest.approx(2 / 3)}


def test_the_mean_of_the_queries_ratios_is_a_variant():
    assert PNR(mean=True).calc_aggregate(QRELS, RUN) == pytest.approx((2 / 1 + 0 / 2) / 2)


def test_a_query_without_a_discordant_pair_counts_as_if_it_had_one_in_the_mean():
    run = {**RUN, "q3": {"m": 2.0, "n": 1.0}}
    assert PNR(mean=True).calc_aggregate(QRELS, run) == pytest.approx((2 + 0 + 1) / 3)
    assert PNR.calc_aggregate(QRELS, run) == 1.0  # pooled: 3 to 3


def test_a_query_that_the_run_lacks_adds_no_pair_and_has_no_ratio():
    values = {metric.query_id: metric.value for metric in PNR.iter_calc(QRELS, RUN)}
    assert set(values) == {"q1", "q2", "q3"}
    assert (values["q1"], values["q2"]) == (2.0, 0.0)
    assert math.isnan(values["q3"])


def test_it_is_known_to_ir_measures_by_name():
    assert ir_measures.parse_measure("PNR") == PNR
    assert str(ir_measures.parse_measure("PNR(mean=True)")) == "PNR(mean=True)"
    docs = [ir_measures.ScoredDoc(qid, docid, score) for qid, docs in RUN.items() for docid, score in docs.items()]
    qrels = [ir_measures.Qrel(qid, docid, grade) for qid, docs in QRELS.items() for docid, grade in docs.items()]
    values = ir_measures.calc_aggregate([nDCG @ 10, PNR], iter(qrels), iter(docs))
    assert values[PNR] == pytest.approx(2 / 3)
    assert 0.2 < values[nDCG @ 10] < 0.6


def test_a_cut_off_is_not_among_its_parameters():
    with pytest.raises(AssertionError, match="unsupported params"):
        ir_measures.calc_aggregate([PNR @ 10], QRELS, RUN)


def test_without_discordant_pairs_it_is_infinite_and_without_pairs_no_number():
    assert PNR.calc_aggregate({"q": {"a": 1, "b": 0}}, {"q": {"a": 2.0, "b": 1.0}}) == math.inf
    assert math.isnan(PNR.calc_aggregate({"q": {"a": 1, "b": 1}}, {"q": {"a": 2.0, "b": 1.0}}))
    assert math.isnan(PNR(mean=True).calc_aggregate({"q": {"a": 1}}, {"q": {"a": 2.0}}))


def test_the_papers_ratio_is_its_pairwise_accuracy():
    assert PairRatio(3643, 1000) == 3.643
    assert PairRatio(3643, 1000).share() == pytest.approx(0.785, abs=5e-4)
    assert math.isnan(PairRatio(0, 0).share())


def test_scores_that_are_one_float32_are_equal():
    assert (pair_ratio({"a": 1 + 1e-12, "b": 1.0}, {"a": 1, "b": 0}).concordant) == 0
    assert (pair_ratio({"a": 1 + 1e-6, "b": 1.0}, {"a": 1, "b": 0}).concordant) == 1


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 5)), max_size=25))
def test_counting_equals_comparing_every_pair(judged):
    ratio = pair_ratio(
        {str(i): float(score) for i, (_, score) in enumerate(judged)},
        {str(i): grade for i, (grade, _) in enumerate(judged)},
    )
    pairs = [(s, t) for g, s in judged for h, t in judged if g > h]
    assert ratio.concordant == sum(s > t for s, t in pairs)
    assert ratio.discordant == sum(s < t for s, t in pairs)


def test_unjudged_documents_of_the_run_count_as_grade_0_where_asked():
    # u, w and v are not judged. Right: a > w, a > v, b > v; wrong: u > a, u > b, a > b; b and w are tied.
    run = Run({"1": [("u", 5.0), ("a", 4.0), ("b", 3.0), ("w", 3.0), ("v", 1.0)], "2": [("x", 1.0), ("y", 0.5)]})
    qrels = {"1": {"a": 1, "b": 2, "lost": 3}, "2": {"y": 0}}
    found = evaluate(run, qrels, ["PNR", "PNR(unjudged=0)"])
    one = found.by_query["PNR(unjudged=0)"]["1"]
    assert (one.concordant, one.discordant) == (3, 3)
    assert math.isnan(found.by_query["PNR(unjudged=0)"]["2"])  # all of grade 0
    assert found.by_query["PNR"]["1"].discordant == 1


def test_unjudged_documents_are_above_those_of_negative_grades():
    run = Run({"1": [("spam", 2.0), ("u", 1.0)]})
    one = evaluate(run, {"1": {"spam": -2}}, ["PNR(unjudged=0)"]).by_query["PNR(unjudged=0)"]["1"]
    assert (one.concordant, one.discordant) == (0, 1)


def test_unjudged_pairs_are_those_of_ir_measures_way_of_counting():
    chance = random.Random(5)
    docids = [f"d{i}" for i in range(30)]
    for _ in range(20):
        scores = {docid: float(chance.randrange(12)) for docid in docids}
        grades = {docid: chance.randrange(-1, 4) for docid in chance.sample(docids, 12)}
        found = evaluate(Run({"1": scores.items()}), {"1": grades}, ["PNR(unjudged=0)"]).by_query["PNR(unjudged=0)"][
            "1"
        ]
        expected = pair_ratio(scores, grades, 0)
        assert (found.concordant, found.discordant) == (expected.concordant, expected.discordant)
