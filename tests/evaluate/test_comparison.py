"""Systems against a baseline."""

import math

import pytest

from rerankkit.errors import InputError
from rerankkit.evaluate.comparison import compare_runs
from rerankkit.evaluate.significance import holm
from rerankkit.evaluate.study import FirstStage, Settings
from rerankkit.run import Run

QIDS = [str(qid) for qid in range(1, 5)]
QRELS = {qid: {"a": 1, "b": 0, "lost": 1} for qid in QIDS}


def run(*orders: str) -> Run:
    return Run.ranked({qid: [(docid, 0.0) for docid in order] for qid, order in zip(QIDS, orders, strict=False)})


BASE = run("bac", "bac", "abc", "cba")
SYSTEM = run("abc", "abc", "abc", "bca")


@pytest.fixture(scope="module")
def study():
    return compare_runs(iter([("base", BASE), ("system", SYSTEM)]), QRELS, ["RR", "PNR", "R@3"])


def test_means_differences_and_counts_worked_by_hand(study):
    # RR: 1/2, 1/2, 1, 1/3 against 1, 1, 1, 1/3.
    one = study.outcome("system", "RR")
    assert (one.baseline_mean, one.system_mean) == (pytest.approx(7 / 12), pytest.approx(10 / 12))
    assert (one.difference, one.queries) == (pytest.approx(1 / 4), 4)
    assert (one.wins, one.ties, one.losses) == (2, 2, 0)
    assert one.effect_size == pytest.approx(0.25 / math.sqrt(1 / 12))
    assert one.p_randomisation == 0.5  # two of four assignments of two equal differences
    t = 0.25 / (math.sqrt(1 / 12) / 2)
    assert one.p_t == pytest.approx(1 - 2 * _cdf(t))
    assert (one.low, one.high) == (0.0, 0.5)
    assert one.tested == ""


def _cdf(t: float) -> float:
    """Student's distribution function from 0 to t, three degrees of freedom."""
    angle = math.atan(t / math.sqrt(3))
    return (angle + math.sin(angle) * math.cos(angle)) / math.pi


def test_pnr_is_told_as_a_ratio_and_tested_by_shares(study):
    # One pair a query: 0, 0, 1, 0 against 1, 1, 1, 0.
    one = study.outcome("system", "PNR")
    assert (float(one.baseline_mean), float(one.system_mean)) == (1 / 3, 3)
    assert (one.difference, one.tested) == (0.5, "share of concordant pairs")


def test_a_measure_that_cannot_differ(study):
    one = study.outcome("system", "R@3")
    assert (one.difference, one.p_t, one.p_randomisation, one.wins + one.losses) == (0, 1, 1, 0)
    assert math.isnan(one.effect_size)
    assert one.detectable == 0


def test_p_values_are_corrected_over_systems_and_measures():
    runs = [("base", BASE), ("system", SYSTEM), ("other", run("cba", "abc", "bac", "abc"))]
    study = compare_runs(runs, QRELS, ["RR", "P@1", "nDCG"], Settings(seed=3))
    assert [(one.system, one.measure) for one in study.outcomes] == [
        (system, measure) for system in ("system", "other") for measure in ("RR", "P@1", "nDCG")
    ]
    assert [one.p_t_holm for one in study.outcomes] == holm([one.p_t for one in study.outcomes])
    corrected = [one.p_randomisation_holm for one in study.outcomes]
    assert corrected == holm([one.p_randomisation for one in study.outcomes])


def test_what_the_baselines_candidates_hold(study):
    assert study.first_stage == FirstStage(3, 4, 8, 0.5)
    assert study.ceiling == {"RR": 1.0, "PNR": math.inf, "R@3": 0.5}
    shallow = compare_runs([("base", BASE), ("system", SYSTEM)], QRELS, ["RR", "R@3"], Settings(depth=1))
    assert shallow.first_stage == FirstStage(1, 1, 8, 1 / 8)
    assert shallow.ceiling == {"RR": pytest.approx(7 / 12), "R@3": 0.5}  # nothing moves within one rank


def test_judged_shares_are_over_the_queries_that_a_run_has():
    part = Run({"1": [("a", 2.0), ("u", 1.0)]})
    study = compare_runs([("base", BASE), ("part", part)], QRELS, ["RR", "P@2"], Settings(judged_at=(1,)))
    assert study.judged["part"] == {1: 1.0, 2: 0.5}
    assert study.judged["base"] == {1: 0.75, 2: 7 / 8}
    assert study.outside == {"part": 0.5}


def test_ties_leave_an_interval():
    tied = Run({qid: [("a", 1.0), ("b", 1.0), ("c", 0.0)] for qid in QIDS})
    study = compare_runs([("base", BASE), ("tied", tied)], QRELS, ["RR", "P@2"])
    assert study.tie_intervals["tied", "RR"] == (0.5, 1.0)
    assert study.tie_intervals["tied", "P@2"] == (0.5, 0.5)
    assert study.tie_intervals["base", "RR"] == (pytest.approx(7 / 12), pytest.approx(7 / 12))


def test_numbers_are_added_and_tested_a_query():
    one = compare_runs([("base", BASE), ("part", run("ab", "ab", "ab"))], QRELS, ["NumRet"]).outcomes[0]
    assert (one.baseline_mean, one.system_mean, one.difference, one.tested) == (12, 6, -1.5, "number")


def test_one_query_leaves_nothing_to_say_of_others():
    one = compare_runs([("base", BASE), ("system", SYSTEM)], {"1": QRELS["1"]}, ["RR"]).outcomes[0]
    assert (one.difference, one.queries) == (0.5, 1)
    assert all(map(math.isnan, (one.p_t, one.p_randomisation, one.p_t_holm, one.p_randomisation_holm)))
    assert all(map(math.isnan, (one.low, one.high, one.effect_size, one.detectable)))


def test_draws_follow_the_seed():
    # So many queries that not all assignments are counted.
    qrels = {str(qid): {"a": 1, "b": 0} for qid in range(60)}
    base = Run({qid: [("a", 1.0), ("b", 2.0 - 3 * (int(qid) % 3 == 0))] for qid in qrels})
    system = Run({qid: [("a", 1.0), ("b", 2.0 - 3 * (int(qid) % 2 == 0))] for qid in qrels})

    def drawn(seed: int) -> tuple[float, float]:
        one = compare_runs([("b", base), ("s", system)], qrels, ["RR"], Settings(seed=seed, rounds=500)).outcomes[0]
        return one.low, one.p_randomisation

    assert drawn(1) == drawn(1) != drawn(2)


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([("base", BASE)], "nothing to compare with the first run"),
        ([("base", BASE), ("odd", Run({"9": [("a", 1.0)]}))], "odd: no query in common with the qrels"),
        ([("odd", Run({"9": [("a", 1.0)]})), ("base", BASE)], "odd: no query in common with the qrels"),
    ],
)
def test_what_cannot_be_compared_is_told(runs, message):
    with pytest.raises(InputError, match=message):
        compare_runs(runs, QRELS)
