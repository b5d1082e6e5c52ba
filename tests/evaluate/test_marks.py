"""Where a run has the judged documents, and other orders of its hits."""

from itertools import chain, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerankkit.evaluate.marks import Judgments, best_reranking, best_ties, marks_of, places, worst_ties
from rerankkit.evaluate.measure_names import parse_measures
from rerankkit.evaluate.measures import measured
from rerankkit.run import Run

QRELS = {"q1": {"a": 2, "b": 0, "absent": 1}, "q2": {"c": 1}, "q3": {"d": 3, "e": -1}}
RUN = Run({"q1": [("u", 3.0), ("a", 2.0), ("b", 2.0), ("v", 2.0), ("w", 1.0)], "q3": [("e", 5.0), ("d", 4.0)], "x": []})


def test_worked_by_hand():
    # trec_eval puts v before b before a, which are tied.
    marks = marks_of(RUN, QRELS)
    assert marks.query.tolist() == [0, 0, 2, 2]
    assert marks.rank.tolist() == [2, 3, 0, 1]
    assert marks.grade.tolist() == [0, 2, -1, 3]
    assert marks.first.tolist() == [1, 1, 0, 1]
    assert marks.end.tolist() == [4, 4, 1, 2]
    assert marks.judgment.tolist() == [1, 0, 5, 4]
    assert marks.lengths.tolist() == [5, 0, 2]
    assert marks.missing == ("q2",)
    assert marks.tied


def test_what_trec_eval_takes_for_unjudged_is_left_out_of_the_judged_alone():
    judged = marks_of(RUN, QRELS).judged_only()
    assert (judged.query.tolist(), judged.rank.tolist(), judged.grade.tolist()) == ([0, 0, 2], [0, 1, 0], [0, 2, 3])


def test_other_grades():
    marks = marks_of(RUN, QRELS).regraded({0: 5, 1: 7, 3: 0})
    assert marks.grade.tolist() == [5, 2, -1, 0]
    assert marks.judgments.grade.tolist() == [2, 5, 7, 7, 0, -1]


def test_ties_in_their_best_and_worst_order():
    marks = marks_of(RUN, QRELS)
    best, worst = best_ties(marks), worst_ties(marks)
    assert (best.grade.tolist()[:2], best.rank.tolist()) == ([2, 0], [1, 2, 0, 1])
    assert (worst.grade.tolist()[:2], worst.rank.tolist()) == ([0, 2], [2, 3, 0, 1])


def test_the_best_reranking_down_to_a_depth():
    whole = best_reranking(marks_of(RUN, QRELS))
    assert (whole.grade.tolist(), whole.rank.tolist()) == ([2, 0, 3, -1], [0, 1, 0, 1])
    three = best_reranking(marks_of(RUN, QRELS), depth=3)
    assert (three.grade.tolist(), three.rank.tolist()) == ([0, 2, 3, -1], [0, 3, 0, 1])


def test_no_judged_hit_at_all():
    marks = marks_of(Run({"q2": [("u", 1.0)]}), QRELS)
    assert (len(marks.rank), marks.tied, marks.missing) == (0, False, ("q1", "q3"))
    for arranged in (best_ties, worst_ties, best_reranking):
        assert measured(marks, parse_measures(["nDCG AP RR PNR"]), "", arranged).values["nDCG"] == 0


def test_the_ideal_order():
    query, grade, rank = Judgments.of(QRELS).ideal
    assert query.tolist() == [0, 0, 0, 1, 2, 2]
    assert grade.tolist() == [2, 1, 0, 1, 3, -1]
    assert rank.tolist() == places(query).tolist() == [0, 1, 2, 0, 0, 1]


MEASURES = parse_measures(
    ["nDCG@3 nDCG RR RR@2 AP AP@2 P@2 R@3 Success@1 Judged@2 nDCG(judged_only=True)@2 PNR nDCG(gains={0:3,2:1})@3"]
)
documents = st.lists(st.tuples(st.sampled_from([-1, 0, 1, 2, None]), st.integers(0, 2)), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(documents.filter(lambda found: any(grade is not None for grade, _ in found)))
def test_ties_reach_the_extremes_of_all_orders_and_no_farther(found):
    grades = {str(i): grade for i, (grade, _) in enumerate(found) if grade is not None}
    by_score = {score: [str(i) for i, (_, other) in enumerate(found) if other == score] for score in (2, 1, 0)}
    orders = [list(chain(*parts)) for parts in product(*(permutations(tied) for tied in by_score.values()))]
    tied = marks_of(Run({"q": [(str(i), score) for i, (_, score) in enumerate(found)]}), {"q": grades})
    values = [
        measured(marks_of(Run.ranked({"q": [(docid, 0.0) for docid in order]}), {"q": grades}), MEASURES, "").values
        for order in orders
    ]
    low, high = (measured(tied, MEASURES, "", arranged).values for arranged in (worst_ties, best_ties))
    for name in (str(measure) for measure in MEASURES if measure.kind != "PNR"):
        assert low[name] == pytest.approx(min(one[name] for one in values)), name
        assert high[name] == pytest.approx(max(one[name] for one in values)), name
    np.testing.assert_equal(float(low["PNR"]), float(high["PNR"]))  # counts no tied pair
