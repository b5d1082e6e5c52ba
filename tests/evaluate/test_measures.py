"""A run against qrels."""

import logging
import math
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.evaluate.measures import evaluate, parse_measures
from rerankkit.run import Run
from rerankkit.trec import read_qrels, read_run

DL19 = Path(__file__).parents[2].parent / "shared" / "data" / "dl19"
QRELS = {"007": {"a": 1, "b": 0}, "7": {"c": 2, "d": 1}}
RUN = Run({"007": [("b", 2.0), ("a", 1.0)], "7": [("c", 0.5), ("d", 0.25), ("e", 0.1)], "other": [("a", 1)]}, "mine")


def test_worked_by_hand():
    # Query 007: the relevant document is second: nDCG 1 / log2(3), RR 1/2. Query 7 is perfect.
    result = evaluate(RUN, QRELS, ["nDCG@10 RR@10", "PNR"])
    assert result.name == "mine"
    assert result.values == {
        "nDCG@10": pytest.approx((1 / math.log2(3) + 1) / 2),
        "RR@10": pytest.approx(0.75),
        "PNR": pytest.approx(1.0),
    }
    assert result.by_query["RR@10"] == {"007": 0.5, "7": 1.0}
    assert result.by_query["PNR"] == {"007": 0.0, "7": math.inf}
    assert result.missing == ()


def test_judged_queries_that_the_run_lacks_count_as_zero_and_are_named(caplog):
    run = Run({"007": [("a", 2.0), ("b", 1.0)], "7": []})
    with caplog.at_level(logging.WARNING):
        result = evaluate(run, QRELS, ["nDCG@10", "PNR"], name="half.txt")
    assert result.missing == ("7",)
    assert result.values["nDCG@10"] == 0.5
    assert result.by_query["nDCG@10"] == {"007": 1.0, "7": 0.0}
    assert result.values["PNR"] == math.inf
    assert caplog.messages == ["half.txt: lacks 1 of 2 judged queries, counted as 0: 7"]


def test_many_missing_queries_are_counted_and_not_all_named(caplog):
    qrels = {str(qid): {"a": 1} for qid in range(25)}
    with caplog.at_level(logging.WARNING):
        evaluate(Run({"0": [("a", 1)]}), qrels, ["RR"])
    assert caplog.messages[0].endswith(
        "lacks 24 of 25 judged queries, counted as 0: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 14 more"
    )


@pytest.mark.parametrize("hits", [{"8": [("a", 1.0)]}, {"7 ": [("a", 1.0)]}, {"7": []}])
def test_no_query_in_common_is_an_error_and_never_zero(hits):
    with pytest.raises(InputError, match=r"no query in common with the qrels \(run: .*; qrels: 007, 7\)"):
        evaluate(Run(hits), QRELS)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nDCG@ten", "must be str, float.*Examples: nDCG@10, RR@10"),
        ("PNR@10", "unsupported params found: .*cutoff.*PNR takes mean, unjudged"),
        ("R", "Give a cut-off, e.g. R@10"),
        ("ndcg_cut", "Give a cut-off from 1, e.g. nDCG@10"),
        ("nDGC@10", "Did you mean nDCG@10"),
        ("P(rel=2", "Examples: nDCG@10, RR@10"),
        ("alpha_nDCG@5", r"Install what computes it: pip install ir-measures\[pyndeval\]"),
        ("nDCG@10,RR", "Separate measures by spaces"),
        ("nDCG@10;RR", "Separate measures by spaces"),
        ("'nDCG@10'", "Write it without quotation marks"),
        ("nDCG@10_0", "10_0 is not a plain number"),
        ("AP(rel=1_0)", "1_0 is not a plain number"),
        ("nDCG@0x10", "0x10 is not a plain number"),
    ],
)
def test_an_unknown_measure_is_refused_with_a_remedy(name, message):
    with pytest.raises(InputError, match=rf"not a measure: ['\"].*{message}"):
        evaluate(RUN, QRELS, [name])


def test_no_measure_at_all_is_refused():
    with pytest.raises(InputError, match="no measure given"):
        evaluate(RUN, QRELS, [" "])


def test_measures_by_spaces_each_once():
    parsed = parse_measures(["nDCG@10  RR@10", "nDCG@10", "P(rel=2, judged_only=True)@5"])
    assert [str(measure) for measure in parsed] == ["nDCG@10", "RR@10", "P(rel=2,judged_only=True)@5"]


def test_equal_scores_stand_in_trec_evals_order():
    tied = Run({"q": [("a", 1.0), ("b", 1.0)]})
    assert evaluate(tied, {"q": {"b": 1}}, ["RR"]).values == {"RR": 1.0}
    assert evaluate(tied, {"q": {"a": 1}}, ["RR"]).values == {"RR": 0.5}


@pytest.mark.skipif(not DL19.is_dir(), reason=f"the development collection {DL19} is absent")
@pytest.mark.parametrize(
    ("name", "ndcg"), [("bm25", 0.5058), ("bm25_rm3", 0.5216), ("ref-gpt-3.5-turbo.bm25-top100", 0.6938)]
)
def test_public_runs_of_trec_dl_2019_have_their_published_figures(name, ndcg):
    result = evaluate(read_run(DL19 / f"run.{name}.txt"), read_qrels(DL19 / "qrels.txt"), ["nDCG@10"])
    assert round(result.values["nDCG@10"], 4) == ndcg
    assert len(result.by_query["nDCG@10"]) == 43
