"""What a reader of a comparison should doubt."""

import pytest

from rerankkit.evaluate.comparison import compare_runs
from rerankkit.evaluate.study import Settings
from rerankkit.run import Run

MANY = [f"q{number:02}" for number in range(30)]
QRELS = {qid: {"a": 1, "b": 0, "c": 0} for qid in MANY}


def run(order: str, qids: list[str] = MANY) -> Run:
    return Run.ranked({qid: [(docid, 0.0) for docid in order] for qid in qids})


def warnings(base: Run, system: Run, qrels=QRELS, measures=("RR",), settings: Settings | None = None) -> list[str]:
    return list(compare_runs([("base", base), ("system", system)], qrels, measures, settings).warnings)


def test_nothing_is_wrong():
    assert warnings(run("bac"), run("abc")) == []


def test_runs_of_different_queries():
    lacking = run("abc", MANY[2:])
    assert warnings(run("bac"), lacking) == [
        "system lacks 2 of 30 judged queries, which count as 0 in it: q00, q01",
        "the runs are of different queries: 28 of the 30 judged ones are in all of them; compare over those alone "
        "(--topics) to tell a worse ranking from a lacking one",
    ]
    # Both lack the same: the comparison is fair, the figures are low.
    assert warnings(run("bac", MANY[2:]), lacking) == [
        f"{name} lacks 2 of 30 judged queries, which count as 0 in it: q00, q01" for name in ("base", "system")
    ]


def test_few_queries_and_queries_without_positives():
    few = {qid: QRELS[qid] for qid in MANY[:10]}
    few["q03"] = {"a": 0, "b": 0, "c": 0}
    assert warnings(run("bac"), run("abc"), few) == [
        "1 of 10 judged queries have no positive: they tell no run from another, and lower the means",
        "few judged queries (10): a single one may decide, and only large differences can be found",
    ]


def test_a_run_that_ends_earlier():
    assert warnings(run("bac"), run("ab"), measures=("RR", "P@2", "R@3", "PNR")) == [
        "system ends at rank 2, base at 3: the means of RR, R@3 count what lies deeper as not found; differences and "
        "tests do not",
        "system is compared with base by RR, R@3, PNR over the documents that both runs have, the first 2 of base",
    ]


def test_a_shortened_list_in_the_same_order_does_no_harm():
    # In base a stands above c, d and e in every list; the system's lists end before these.
    qrels = {qid: {"b": 0, "a": 1, "c": 0, "d": 0, "e": 1} for qid in MANY}
    told = warnings(run("bacde"), run("ba"), qrels, measures=("PNR", "AP", "R@5", "nDCG"))
    assert told[-1] == "no query's measures tell system from base: is it the same order?"
    assert not any("below" in sentence for sentence in told)


def test_a_shortened_list_that_is_worse_is_called_so_over_what_it_has():
    told = warnings(run("abc"), run("ba"), measures=("PNR",))
    assert told[-1] == (
        "system is below base: PNR 0.0000 < inf over the documents that both runs have, the first 2 of base "
        "(p < .001): as a reranker of that run it does harm here"
    )


def test_one_run_without_a_value_leaves_nothing_to_compare():
    told = warnings(run("ab"), run("b"), measures=("PNR",), settings=Settings(judged_at=()))
    assert told[-1] == "no query has a value of system and of base: nothing compares them"


def test_measures_without_a_value_are_left_out_and_told_once():
    positives = {qid: {"a": 1} for qid in MANY}
    measures = ("RR", "PNR", "Accuracy(rel=2)")
    assert warnings(run("ba"), run("ab"), positives, measures, Settings(judged_at=())) == [
        "PNR is left out: the qrels hold relevant documents only, and no run has two judged documents of different "
        "grades in a query; --unjudged-as 0 counts unjudged documents of the runs as grade 0",
        "Accuracy(rel=2) is left out: it is undefined for every query of these runs and qrels",
    ]


def test_unjudged_first_ranks():
    told = warnings(run("bacuvw"), run("uvwabc"), settings=Settings(judged_at=(3,)))
    assert told[0] == (
        "100.0% of system's first 3 are not judged, 0.0% of base's: they count as not relevant. "
        "Over judged documents alone RR is 1.0000 against 0.5000"
    )


def test_positives_that_the_first_stage_lacks():
    qrels = {qid: {**grades, "lost": 2, "gone": 1} for qid, grades in QRELS.items()}
    (told,) = warnings(run("bac"), run("abc"), qrels, measures=("R@3", "PNR"))
    assert told == (
        "base has 30 of 90 positives (R@3 0.3333): what it never found no reranking brings back; at most R@3 0.3333"
    )
    (told,) = warnings(run("bac"), run("abc"), qrels, measures=("RR",), settings=Settings(rel=2))
    assert told.startswith("base has 0 of 30 positives (R@3 0.0000)")


def test_what_is_no_reranking_is_told_and_not_blamed_as_one():
    assert warnings(run("abc"), run("xab")) == [
        "33.3% of system's first 10 are not judged, 0.0% of base's: they count as not relevant. "
        "Over judged documents alone RR is 1.0000 against 1.0000",
        "not rerankings of base, which lacks some of their documents: system (33.3% of its documents); the ceiling "
        "is not theirs",
    ]


@pytest.mark.parametrize(("base", "open_side"), [("abc", " (above or below the baseline)"), ("bca", "")])
def test_ties_that_could_move_a_figure(base, open_side):
    tied = Run({qid: [("a", 1.0), ("b", 1.0), ("c", 0.0)] for qid in MANY})
    told = warnings(run(base), tied)
    assert told[0] == (
        f"equal scores of system leave open its RR 0.5000 to 1.0000{open_side}: "
        "its figures are by trec_eval's order of docids"
    )
    assert warnings(run("abc"), Run({qid: [("a", 2.0), ("b", 1.0), ("c", 1.0)] for qid in MANY})) == [
        "no query's measures tell system from base: is it the same run?"
    ]


def test_a_reranker_below_its_first_stage():
    qrels = {qid: {"a": 1, "b": 0, "c": 0} for qid in MANY}
    worse = Run.ranked({qid: [(docid, 0.0) for docid in ("bac" if i % 5 else "cba")] for i, qid in enumerate(MANY)})
    assert warnings(run("abc"), worse, qrels) == [
        "system is below base: RR 0.4667 < 1.0000 (p < .001): as a reranker of that run it does harm here"
    ]
