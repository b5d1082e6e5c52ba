"""What a training's log tells."""

import math

from rerankkit.train.course import (
    Measured,
    best_of,
    collapse_warnings,
    dev_values,
    dev_warnings,
    without_gain,
)

HISTORY = [
    {"eval_nDCG@10": 0.2, "eval_score_spread": 1.0, "step": 0},
    {"loss": 1.0, "step": 5},
    {"eval_nDCG@10": 0.6, "eval_score_spread": 1.0, "step": 10},
    {"eval_nDCG@10": 0.6, "eval_score_spread": 1.0, "step": 20},
    {"eval_nDCG@10": 0.5, "eval_score_spread": 1.0, "step": 30},
]


def test_values_best_and_how_long_ago():
    values = dev_values(HISTORY, "nDCG@10")
    assert values == [(0, 0.2), (10, 0.6), (20, 0.6), (30, 0.5)]
    assert best_of(values) == (10, 0.6)  # the first of equals
    assert without_gain(values) == 2
    assert dev_values(HISTORY, "PNR") == []
    assert (best_of([]), without_gain([])) == (None, 0)


def test_a_value_that_is_no_number_is_never_the_best():
    values = [Measured(0, math.nan), Measured(1, 0.1), Measured(2, math.nan)]
    assert best_of(values) == (1, 0.1)
    assert without_gain(values) == 1


def test_above_the_first_stage_there_is_nothing_to_say():
    assert dev_warnings(dev_values(HISTORY, "nDCG@10"), "nDCG@10", 0.59) == []
    assert dev_warnings([], "nDCG@10", 0.59) == []


def test_below_it_there_is():
    (said,) = dev_warnings(dev_values(HISTORY, "nDCG@10"), "nDCG@10", 0.65)
    assert said.startswith("on dev the model is below its first stage: nDCG@10 0.6000 against 0.6500")


def test_a_training_that_gained_nothing_is_told():
    values = [Measured(0, 0.7), Measured(10, 0.6)]
    (said,) = dev_warnings(values, "nDCG@10", 0.5)
    assert said.startswith("on dev no step was better than the start, nDCG@10 0.7000")


def test_a_collapse_is_told_with_its_time():
    flat = {"loss": 1.0, "collapsed_batches": 25.0, "step": 25}
    assert collapse_warnings(HISTORY) == []
    (said,) = collapse_warnings([*HISTORY, flat])
    assert said.startswith("at the end of the training the scores of all candidates of a list are the same")
    (said,) = collapse_warnings([flat, {"loss": 1.0, "step": 30}, {"train_loss": 1.0, "step": 30}])
    assert said.startswith("at step 25 (later no more) the scores")
    (said,) = collapse_warnings([{"eval_PNR": 1.0, "eval_score_spread": 0.0, "eval_collapsed": 1.0, "step": 8}])
    assert said.startswith("at the end of the training")


def test_weights_from_before_a_collapse_are_told_as_such():
    flat = {"loss": 1.0, "collapsed_batches": 25.0, "step": 25}
    (said,) = collapse_warnings([flat], kept=20)
    assert said.endswith(". The weights that were saved are of step 20, before it")
    (said,) = collapse_warnings([flat], kept=25)
    assert "before it" not in said
