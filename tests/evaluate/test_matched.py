"""A system beside its baseline on what both can be compared on."""

import pytest

from rerankkit.evaluate.marks import Judgments
from rerankkit.evaluate.matched import COMMON, Matched, Side, matched
from rerankkit.evaluate.measure_names import parse_measures
from rerankkit.run import Run

QRELS = {"1": {"a": 1, "b": 0, "c": 1, "d": 0, "e": 0}}
MEASURES = ("PNR", "AP", "R@4", "nDCG@2", "RR", "NumRet", "Judged@4")


def run(**lists: str) -> Run:
    return Run.ranked({qid.lstrip("q"): [(docid, 0.0) for docid in order] for qid, order in lists.items()})


def match(base: Run, system: Run, qrels=QRELS, measures=MEASURES) -> Matched:
    wanted, judgments = parse_measures(measures), Judgments.of(qrels)
    first, second = (Side.of(name, one, qrels, wanted, judgments) for name, one in (("base", base), ("system", system)))
    return matched(second, first, wanted)


def test_runs_of_the_same_documents_are_compared_whole():
    found = match(run(q1="bacde"), run(q1="abcde"))
    assert (found.nested, found.outside, found.grounds) == (True, 0.0, {})


def test_a_shortened_reranking_is_compared_over_its_own_documents():
    found = match(run(q1="bacde"), run(q1="ab"))
    ground = f"{COMMON}, the first 2 of base"
    assert (found.nested, found.grounds) == (True, dict.fromkeys(("PNR", "AP", "R@4", "RR", "Judged@4"), ground))
    # b, a: AP 1/2 * 1/2, R 1 of 2, RR 1/2; PNR 0 of 1 pair; of its five documents 2 of 3 pairs of a, 2 of 3 of c.
    base = found.baseline.values
    assert (base["AP"], base["R@4"], base["RR"], base["PNR"]) == (0.25, 0.5, 0.5, 0.0)
    assert base["NumRet"] == 5  # a count is one of the whole list
    assert found.system.values["AP"] == 0.5


def test_documents_from_anywhere_in_the_baseline_are_common_ground_too():
    found = match(run(q1="bacde"), run(q1="cd"))
    assert set(found.grounds.values()) == {COMMON}
    # The baseline without b, a and e: c, d.
    assert (found.baseline.values["RR"], found.baseline.values["AP"]) == (1.0, 0.5)
    assert found.baseline.by_query["PNR"] == found.system.by_query["PNR"]


def test_lists_cut_at_different_ranks_are_each_compared_over_their_documents():
    qrels = {"1": QRELS["1"], "2": {"a": 1, "b": 0, "c": 0}}
    found = match(run(q1="bacde", q2="bca"), run(q1="bac", q2="ba"), qrels, ["AP", "PNR"])
    # b, a, c and b, a: AP (1/2 + 2/3) / 2 and 1/2; pairs: b above a, b above c, and b above a.
    assert found.baseline.values == found.system.values == {"AP": pytest.approx(13 / 24), "PNR": 0.0}
    assert found.baseline.by_query["AP"]["1"] == pytest.approx(7 / 12)


def test_a_run_of_other_documents_is_no_reranking():
    found = match(run(q1="bac"), run(q1="xac"))
    assert (found.nested, found.outside) == (False, pytest.approx(1 / 3))
    # Both have a and c, which are of one grade: no pair is left.
    assert found.grounds == {"PNR": COMMON}
    assert found.system.by_query["PNR"]["1"] != found.system.by_query["PNR"]["1"]


def test_runs_of_other_documents_and_depths_are_compared_down_to_the_shorter():
    found = match(run(q1="bacde"), run(q1="xac"), measures=["AP", "nDCG@3", "R@4", "PNR"])
    assert found.grounds == {
        "PNR": COMMON,
        "AP": "the first 3 documents of both runs",
        "R@4": "the first 3 documents of both runs",
    }
    # b, a, c: (1/2 + 2/3) / 2.
    assert found.baseline.values["AP"] == pytest.approx(7 / 12)
    deeper = match(run(q1="xac"), run(q1="bacde"), measures=["AP"])
    assert deeper.system.values["AP"] == pytest.approx(7 / 12)


def test_pairs_with_unjudged_documents_are_of_what_both_runs_have():
    qrels = {"1": {"a": 1}}
    # Both have a, u, v: u above a in one of them; x and y stand in one run alone.
    found = match(run(q1="uxav"), run(q1="ayuv"), qrels, ["PNR(unjudged=0)"])
    base, system = (one.by_query["PNR(unjudged=0)"]["1"] for one in (found.baseline, found.system))
    assert (base.concordant, base.discordant) == (1, 1)
    assert (system.concordant, system.discordant) == (2, 0)


def test_a_query_that_the_system_lacks_stays_as_it_is():
    qrels = {"1": QRELS["1"], "2": QRELS["1"]}
    found = match(run(q1="bacde", q2="bacde"), run(q1="ba"), qrels, ["RR", "AP"])
    assert found.baseline.by_query["AP"]["2"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert found.system.by_query["AP"]["2"] == 0.0


def test_a_query_that_the_baseline_lacks_makes_it_no_reranking():
    qrels = {"1": QRELS["1"], "2": QRELS["1"]}
    assert not match(run(q1="bac"), run(q1="abc", q2="a"), qrels, ["RR"]).nested
