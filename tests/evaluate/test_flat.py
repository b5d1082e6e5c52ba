"""Runs as flat arrays."""

import numpy as np
import pytest

from rerankkit.errors import InputError
from rerankkit.evaluate.flat import cut, flat, grades, paired, shared
from rerankkit.run import Run

RUN = Run({"q1": [("a", 3.0), ("b", 1.0)], "empty": [], "q2": [("c", 5.0), ("d", 4.0), ("e", -2.0)]}, "mine")


def test_queries_stand_one_after_another():
    scores = flat(RUN)
    assert (list(scores.qids), list(scores.docids)) == (["q1", "q2"], ["a", "b", "c", "d", "e"])
    assert scores.values.tolist() == [3.0, 1.0, 5.0, 4.0, -2.0]
    assert scores.spans == [(0, 2), (2, 5)]
    assert scores.per_query(np.add).tolist() == [4.0, 7.0]
    assert scores.spread_out(np.array([10, 20])).tolist() == [10, 10, 20, 20, 20]
    with pytest.raises(InputError, match="mine: the run has no hit"):
        flat(Run({"q": []}, "mine"))


@pytest.mark.parametrize("score", [7.25, 0.0, -3.5, 1e-30, 250000.0])
def test_ties_that_a_written_run_breaks_are_ties_again(score):
    run = Run.ranked({"q": [(str(i), score) for i in range(50)] + [("last", score - 1e6)], "r": [("x", score)]})
    assert len(set(run.scores("q"))) == 51
    assert flat(run).values.tolist() == [np.float32(score)] * 50 + [np.float32(score - 1e6), np.float32(score)]


def test_scores_a_little_apart_are_no_ties():
    assert len(set(flat(Run({"q": [("a", 1.00001), ("b", 1.0), ("c", 0.99999)]})).values)) == 3


def test_a_score_ties_with_none_of_another_query():
    run = Run({"q": [("a", 1.0)], "r": [("a", np.nextafter(np.float32(1), np.float32(0)))]})
    assert len(set(flat(run).values)) == 2


def test_grades_are_nan_where_nobody_judged():
    found = grades(flat(RUN), {"q1": {"b": 2, "z": 3}, "q3": {"c": 1}, "q2": {"e": -1, "c": 0}})
    np.testing.assert_array_equal(found, [np.nan, 2, 0, np.nan, -1])


def test_a_run_is_cut_to_its_own_first_or_to_the_first_stages():
    assert cut(RUN, 1) == {"q1": RUN["q1"][:1], "empty": (), "q2": RUN["q2"][:1]}
    first_stage = Run({"q2": [("e", 9.0), ("d", 8.0), ("c", 7.0)], "other": [("a", 1.0)]})
    assert cut(RUN, 2, first_stage) == {"q2": RUN["q2"][1:]}
    assert cut(RUN, 3) is RUN
    with pytest.raises(InputError, match="mine and bm25 have no query and candidate in common"):
        cut(RUN, 3, Run({"q9": [("a", 1.0)]}, "bm25"))


def test_what_runs_share():
    other = Run({"q2": [("e", 2.0), ("c", 1.0), ("x", 0.0)], "q9": [("a", 1.0)]}, "other")
    ours, theirs = shared([RUN, other])
    assert ours == {"q2": (RUN["q2"][0], RUN["q2"][2])}
    assert theirs == {"q2": other["q2"][:2]}
    assert shared([other, other]) == [other, other]
    for lacking in (Run({"q9": [("a", 1.0)]}, "lacking"), Run({"q1": [("z", 1.0)]}, "lacking")):
        with pytest.raises(InputError, match="mine and lacking have no query and candidate in common"):
            shared([RUN, lacking])


def test_pairs_of_scores_stand_in_the_first_runs_order():
    scores, theirs = paired(RUN, Run({"q2": [("e", 2.0), ("c", 1.0)], "q1": [("b", 8.0), ("a", 7.0)]}))
    assert list(zip(scores.docids, scores.values.tolist(), theirs.tolist(), strict=True)) == [
        ("a", 3.0, 7.0),
        ("b", 1.0, 8.0),
        ("c", 5.0, 1.0),
        ("e", -2.0, 2.0),
    ]
