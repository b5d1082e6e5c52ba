"""Scores against grades."""

import math

import numpy as np
import pytest

from rerankkit.errors import InputError
from rerankkit.evaluate.by_grade import against_grades
from rerankkit.evaluate.flat import flat
from rerankkit.evaluate.measures import evaluate
from rerankkit.run import Run

QRELS = {"q1": {"a": 3, "b": 1, "c": 0, "gone": 2}, "q2": {"x": 1, "y": 0, "z": 0}, "q3": {"m": 0}}
RUN = Run(
    {
        "q1": [("u", 9.0), ("a", 3.0), ("c", 2.5), ("v", 2.2), ("b", 2.0)],
        "q2": [("z", 5.0), ("x", 4.0), ("y", 4.0), ("w", 4.0)],
        "q3": [("s", 2.0), ("m", 1.0)],
        "q4": [("t", 8.0)],
    }
)


def test_worked_by_hand():
    found = against_grades(flat(RUN), QRELS)
    spreads = {level.grade: level.scores for level in found.by_grade}
    assert list(spreads) == [3, 1, 0, None]
    assert (spreads[3].count, spreads[3].mean) == (1, 3.0)
    assert (spreads[1].count, spreads[1].mean) == (2, 3.0)
    assert (spreads[0].count, spreads[0].mean) == (4, pytest.approx((2.5 + 4 + 5 + 1) / 4))
    assert (spreads[None].count, spreads[None].low, spreads[None].high) == (5, 2.0, 9.0)
    # One apart: b under c, x under z, x ties y. Two apart: a over b. Three apart: a over c.
    counts = [(pairs.difference, pairs.concordant, pairs.discordant, pairs.tied) for pairs in found.accuracy]
    assert counts == [(1, 0, 2, 1), (2, 1, 0, 0), (3, 1, 0, 0)]
    assert [pairs.share for pairs in found.accuracy] == [0.0, 1.0, 1.0]
    # Only u: v is under a, w ties with the positive, q3 and q4 have no positive.
    assert (found.unjudged, found.unjudged_above) == (5, 1)
    assert (found.queries_with_unjudged_above, found.queries_with_positives) == (1, 2)


def test_all_differences_together_are_pnr():
    found = against_grades(flat(RUN), QRELS)
    concordant, discordant = (sum(getattr(p, name) for p in found.accuracy) for name in ("concordant", "discordant"))
    qrels = {qid: QRELS[qid] for qid in ("q1", "q2")}
    assert evaluate(RUN, qrels, ["PNR"]).values["PNR"] == concordant / discordant == 1.0


def test_all_of_one_grade():
    found = against_grades(flat(Run({"q": [("a", 2.0), ("b", 1.0)]})), {"q": {"a": 1, "b": 1}})
    assert (found.accuracy, found.unjudged, len(found.by_grade)) == ((), 0, 1)


def test_ties_alone_have_no_share():
    found = against_grades(flat(Run({"q": [("a", 2.0), ("b", 2.0)]})), {"q": {"a": 1, "b": 0}})
    assert found.accuracy[0].tied == 1
    assert math.isnan(found.accuracy[0].share)


def test_nothing_judged_is_an_error():
    with pytest.raises(InputError, match="none of the candidates is judged"):
        against_grades(flat(RUN), {"q1": {"gone": 1}})


def test_pairs_of_many_grades_by_their_difference():
    chance = np.random.default_rng(3)
    grade, score = chance.integers(0, 40, 80) * 25, chance.integers(0, 30, 80).astype(float)
    run = Run({"1": [(f"d{i}", one) for i, one in enumerate(score)]})
    found = against_grades(flat(run), {"1": {f"d{i}": int(one) for i, one in enumerate(grade)}}).accuracy
    pairs = [(a, b) for a in range(80) for b in range(80) if grade[a] - grade[b] == 50]
    of_fifty = next(one for one in found if one.difference == 50)
    assert of_fifty.concordant == sum(score[a] > score[b] for a, b in pairs)
    assert of_fifty.discordant == sum(score[a] < score[b] for a, b in pairs)
    assert of_fifty.tied == sum(score[a] == score[b] for a, b in pairs)


def test_grades_far_apart_need_no_room_between_them():
    run = Run({"1": [("a", 2.0), ("b", 1.0)]})
    (found,) = against_grades(flat(run), {"1": {"a": 10**12, "b": 0}}).accuracy
    assert (found.difference, found.concordant) == (10**12, 1)
