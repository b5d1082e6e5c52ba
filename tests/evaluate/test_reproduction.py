"""Reproducibility measures by hand, and against repro_eval."""

import math
import random

import pytest

from rerankkit.evaluate.reproduction import measures, orders, rbo, tau_union
from rerankkit.run import Run


def test_tau_union_by_hand():
    """The union of a b c and a b d is a b c d: places 0 1 2 against 0 1 3, three concordant pairs."""
    assert tau_union(["a", "b", "c"], ["a", "b", "d"]) == 1
    assert tau_union(["a", "b", "c"], ["d", "a", "b"]) == pytest.approx(-1 / 3)  # places 3 0 1
    assert tau_union(["a", "b", "c"], ["c", "b", "a"]) == -1
    assert tau_union(["a", "b", "c", "d"], ["a", "c", "b"]) == pytest.approx(1 / 3)
    assert (tau_union(["a"], ["a"]), tau_union(["a"], ["b"])) == (1, 0)


def test_tau_union_does_not_follow_from_the_names():
    """Kendall's tau between two orders of four documents is that of their ranks: here 4 of 6 pairs agree."""
    first, second = ["d", "a", "c", "b"], ["a", "d", "b", "c"]
    assert tau_union(first, second) == pytest.approx(1 / 3)
    renamed = dict(zip("abcd", "wzyx", strict=True))
    assert tau_union([renamed[x] for x in first], [renamed[x] for x in second]) == pytest.approx(1 / 3)


def test_rbo_by_hand():
    """Two lists of two with one document in common at depth 2: overlaps 0, 1/2, then 1/d."""
    p = 0.5
    weights = [p**d for d in range(1000)]
    wanted = sum(w * (1 / d if d >= 2 else 0) for d, w in enumerate(weights, 1)) / sum(weights)
    assert rbo(["a", "b"], ["c", "a"], p) == pytest.approx(wanted)
    same = sum(w * min(d, 2) / d for d, w in enumerate(weights, 1)) / sum(weights)
    assert rbo(["a", "b"], ["a", "b"], p) == pytest.approx(same)


def drawn(seed: int) -> Run:
    """Ten queries of thirty documents; names rise with the rank in the run of seed 0."""
    draw = random.Random(seed)
    lists = {}
    for qid in range(10):
        docids = [f"d{i:02}" for i in range(30)]
        if seed:
            for _ in range(5):
                one, two = draw.sample(range(30), 2)
                docids[one], docids[two] = docids[two], docids[one]
        lists[str(qid)] = [(docid, 30.0 - place) for place, docid in enumerate(docids)]
    return Run(lists)


def test_orders_are_those_of_repro_eval():
    """Where the names rise with the original's rank; repro_eval takes the union by name."""
    order = pytest.importorskip("repro_eval.measure.document_order", reason="repro-eval is not installed")
    one, two = drawn(0), drawn(1)
    first, second = ({qid: dict(run[qid]) for qid in run} for run in (one, two))
    found = orders(one, two)
    assert found.tau == pytest.approx(order.KTU(first, second), abs=1e-9)
    assert found.rbo == pytest.approx(
        order.RBO(first, second, p=0.95, depth=1000, pbar=False, per_topic=False), abs=1e-9
    )
    assert (found.queries, found.lacking) == (10, 0)


def test_a_query_that_is_not_in_both_counts_as_nothing():
    one = Run({"1": [("a", 2.0), ("b", 1.0)], "2": [("a", 1.0)]})
    found = orders(one, Run({"1": [("a", 2.0), ("b", 1.0)]}))
    assert (found.queries, found.lacking, found.tau, found.least_tau) == (1, 1, 0.5, 0)


QRELS = {"1": {"a": 1}, "2": {"b": 1}}
ONE = Run({"1": [("a", 2.0), ("b", 1.0)], "2": [("b", 2.0), ("a", 1.0)]})
TWO = Run({"1": [("a", 2.0), ("b", 1.0)], "2": [("a", 2.0), ("b", 1.0)]})
LOW = Run({"1": [("b", 2.0), ("a", 1.0)], "2": [("a", 2.0), ("b", 1.0)]})


def test_measures_by_hand():
    """RR: 1, 1 against 1, 1/2, over a baseline of 1/2, 1/2."""
    (found,) = measures(ONE, TWO, QRELS, ["RR"], LOW)
    assert (found.original, found.reproduced) == (1.0, 0.75)
    assert found.rmse == pytest.approx(math.sqrt(0.25 / 2))
    assert found.effect_ratio == pytest.approx(0.25 / 0.5)
    (alone,) = measures(ONE, TWO, QRELS, ["RR"])
    assert math.isnan(alone.effect_ratio)


def test_pnr_is_the_pooled_ratio_and_its_rmse_that_of_the_shares():
    qrels = {"1": {"a": 1, "b": 0}, "2": {"b": 1, "a": 0}, "3": {"c": 1}}
    (found,) = measures(ONE, TWO, qrels, ["PNR"], LOW)
    # Pairs right and wrong: 2 and 0 against 1 and 1; the shares are 1, 1 and 1, 0; the third query has no pair.
    assert (found.original, found.reproduced) == (math.inf, 1.0)
    assert found.rmse == pytest.approx(math.sqrt(1 / 2))
    assert math.isnan(found.effect_ratio)


def test_rmse_and_effect_ratio_are_those_of_repro_eval():
    effects = pytest.importorskip("repro_eval.measure.overall_effects", reason="repro-eval is not installed")
    from repro_eval.measure.effectiveness import RMSE

    from rerankkit.evaluate.measures import evaluate

    draw = random.Random(3)
    qrels = {str(qid): {f"d{i:02}": draw.choice([0, 0, 1, 2]) for i in range(30)} for qid in range(10)}
    runs = [drawn(seed) for seed in (1, 2, 3)]
    scores = []
    for run in runs:
        by_query = evaluate(run, qrels, ["nDCG@10"]).by_query["nDCG@10"]
        scores.append({qid: {"nDCG@10": by_query[qid]} for qid in qrels})
    (found,) = measures(runs[0], runs[1], qrels, ["nDCG@10"], runs[2])
    assert found.rmse == pytest.approx(RMSE(scores[0], scores[1])["nDCG@10"], abs=1e-9)
    ratio = effects.ER(scores[0], scores[2], scores[1], scores[2])["nDCG@10"]
    assert found.effect_ratio == pytest.approx(ratio, abs=1e-9)
