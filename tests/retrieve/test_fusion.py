"""Fused runs against hand-worked sums."""

import math

import pytest

from rerankkit.errors import InputError
from rerankkit.retrieve.fusion import METHODS, combmnz, combsum, committee, interpolation, rrf
from rerankkit.run import Run

FIRST = Run({"q": [("a", 3.0), ("b", 1.0)], "r": [("a", 0.0), ("c", 0.0)]}, "first")
SECOND = Run({"q": [("b", 20.0), ("a", 10.0)], "r": [("c", 60.0), ("a", 30.0)]}, "second")


def scores(run: Run, qid: str = "q") -> dict[str, float]:
    return {hit.docid: hit.score for hit in run[qid]}


def test_a_committee_is_the_mean_of_scores_standardised_over_the_whole_run():
    """First: mean 1, deviation sqrt(1.5); second: mean 30, deviation sqrt(350)."""
    run = committee([FIRST, SECOND])
    one, two = math.sqrt(1.5), math.sqrt(350)
    assert scores(run) == pytest.approx(
        {"a": ((3 - 1) / one + (10 - 30) / two) / 2, "b": ((1 - 1) / one + (20 - 30) / two) / 2}
    )
    assert scores(run, "r") == pytest.approx({"a": -1 / one / 2, "c": (-1 / one + 30 / two) / 2})
    assert run.docids("q") == ["a", "b"]
    assert run.tag == "committee"


def test_weights_of_a_committee_are_shares():
    third = committee([FIRST, SECOND], [1, 2])
    assert scores(third) == pytest.approx(scores(committee([FIRST, SECOND], [10, 20])))
    assert scores(third)["b"] == pytest.approx(2 / 3 * -10 / math.sqrt(350))


def test_a_committee_of_one_is_its_run_standardised():
    run = committee([SECOND])
    assert scores(run) == pytest.approx({"b": -10 / math.sqrt(350), "a": -20 / math.sqrt(350)})
    for method in (rrf, combsum, combmnz):
        with pytest.raises(InputError, match="one run is nothing to combine"):
            method([FIRST])


def test_a_committee_keeps_what_every_member_scored(caplog):
    """Of q's a, b and z and of r's a and c, b and a."""
    caplog.set_level("INFO", "rerankkit")
    assert committee([FIRST, Run({"q": [("b", 2.0), ("z", 1.0)], "r": [("a", 1.0)]})]).docids("q") == ["b"]
    assert caplog.messages == ["3 of 5 candidates left out: not every run has scored them"]


@pytest.mark.parametrize(
    ("runs", "weights", "told"),
    [
        ([FIRST, SECOND], [1.0], "1 weights for 2 runs"),
        ([FIRST, SECOND], [1.0, -1.0], "weights are"),
        ([FIRST, SECOND], [0.0, 0.0], "weights are"),
        ([FIRST, SECOND], [1.0, math.nan], "weights are"),
        ([FIRST, Run({"q": [("a", 1.0), ("b", 2.0)]}, "two")], None, r"run 2 \(two\) lacks query r"),
        ([Run({"q": [("a", 1.0), ("b", 2.0)]}, "two"), FIRST], None, r"run 1 \(two\) lacks query r"),
        ([FIRST, Run({"q": [("y", 1.0)], "r": [("z", 2.0)]})], None, "no document of query q in common"),
        ([FIRST, Run({"q": [("a", 1.0)], "r": [("a", 1.0)]}, "two")], None, r"run 2 \(two\) are all the same"),
        ([FIRST, Run({})], None, r"run 2 \(rerankkit\) are all the same"),
    ],
)
def test_members_that_do_not_fit_are_refused(runs, weights, told):
    with pytest.raises(InputError, match=told):
        committee(runs, weights)


def test_rrf_sums_reciprocal_ranks_over_the_union():
    run = rrf([FIRST, Run({"q": [("z", 9.0), ("a", 1.0)], "s": [("a", 1.0)]})])
    assert scores(run) == pytest.approx({"a": 1 / 61 + 1 / 62, "z": 1 / 61, "b": 1 / 62})
    assert set(run) == {"q", "r", "s"}
    assert scores(rrf([FIRST, SECOND], [2, 1], k=0)) == pytest.approx({"a": 2 + 1 / 2, "b": 2 / 2 + 1})
    with pytest.raises(InputError, match="k is -1"):
        rrf([FIRST, SECOND], k=-1)


def test_combsum_and_combmnz_bring_scores_to_one_range():
    """q: first gives a 1, b 0; other gives a 0, b .5, z 1. In r first says nothing, so that both documents get 1."""
    other = Run({"q": [("z", 30.0), ("b", 20.0), ("a", 10.0)]})
    assert scores(combsum([FIRST, other])) == pytest.approx({"a": 1.0, "z": 1.0, "b": 0.5})
    assert scores(combsum([FIRST, other], [0.75, 0.25])) == pytest.approx({"a": 0.75, "z": 0.25, "b": 0.125})
    assert scores(combmnz([FIRST, other])) == pytest.approx({"a": 2.0, "b": 1.0, "z": 1.0}, abs=1e-6)
    assert scores(combsum([FIRST, other]), "r") == pytest.approx({"a": 1.0, "c": 1.0}, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_equal_weights_runs_does_not_matter(method):
    one, other = METHODS[method]([FIRST, SECOND]), METHODS[method]([SECOND, FIRST])
    assert scores(one) == pytest.approx(scores(other), abs=1e-6)


def test_interpolation_weighs_scores_as_they_are():
    run = interpolation([FIRST, SECOND], alpha=0.75)
    assert scores(run) == pytest.approx({"a": 0.75 * 3 + 0.25 * 10, "b": 0.75 + 0.25 * 20})
    assert scores(interpolation([FIRST, SECOND], alpha=0.75, norm="min-max")) == pytest.approx({"a": 0.75, "b": 0.25})
    assert run.tag == "interpolation"


@pytest.mark.parametrize(
    ("runs", "options", "told"),
    [
        ([FIRST], {}, "interpolation takes two runs and no weights, not 1 runs"),
        ([FIRST, SECOND], {"weights": [1.0, 2.0]}, "interpolation takes two runs and no weights"),
        ([FIRST, SECOND], {"alpha": 1.5}, "alpha is 1.5"),
        ([FIRST, SECOND], {"alpha": math.nan}, "alpha is nan"),
        ([FIRST, SECOND], {"norm": "softmax"}, "no normalisation named 'softmax'"),
    ],
)
def test_what_interpolation_cannot_do_is_told(runs, options, told):
    with pytest.raises(InputError, match=told):
        interpolation(runs, **options)
