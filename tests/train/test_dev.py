"""What a training is measured on."""

import pytest

from rerankkit.errors import InputError
from rerankkit.evaluate.measures import evaluate
from rerankkit.run import Run
from rerankkit.train.dev import DevSet
from rerankkit.types import Candidate, Document, Group, Query


def group(qid: str, *docids: str) -> Group:
    candidates = tuple(Candidate(Document(docid, docid, ""), float(-rank)) for rank, docid in enumerate(docids))
    return Group(Query(qid, f"text {qid}"), candidates)


GROUPS = [group("q1", "a", "b", "c"), group("q2", "x", "y"), group("unjudged", "a")]
QRELS = {"q1": {"b": 1}, "q2": {"y": 2, "x": 0}, "absent": {"a": 1}}


@pytest.mark.parametrize("measure", ["RR@10", "nDCG@10", "PNR", "AP"])
def test_a_measure_is_what_evaluate_says_a_query_without_candidates_counting_as_nothing(measure):
    dev = DevSet.of(GROUPS, QRELS, measure)
    assert [one.query.qid for one in dev.groups] == ["q1", "q2"]
    run = Run.ranked({one.query.qid: [(c.document.docid, c.score) for c in one.candidates] for one in GROUPS})
    assert dev.first_stage() == evaluate(run, QRELS, [measure]).values[measure]
    turned = Run({"q1": [("c", 2), ("b", 1), ("a", 0)], "q2": [("y", 1), ("x", 0)]})
    assert dev.measured([[0, 1, 2], [0, 1]]) == evaluate(turned, QRELS, [measure]).values[measure]


def test_by_hand():
    """b stands second and y second of the first stage: a half each over three judged queries."""
    dev = DevSet.of(GROUPS, QRELS, "RR@10")
    assert dev.first_stage() == pytest.approx(1 / 3)
    assert dev.measured([[0.0, 1.0, 0.5], [1.0, 1.5]]) == pytest.approx(2 / 3)
    assert dev.measured([[7.0, 7.0, 7.0], [7.0, 7.0]]) == pytest.approx(1 / 3)  # equal ones stay as they came


def test_what_the_run_lacks_is_told_once(caplog):
    dev = DevSet.of(GROUPS, QRELS, "RR@10")
    dev.first_stage()
    dev.first_stage()
    assert caplog.messages == ["the dev run lacks 1 of 3 judged queries, counted as 0"]


@pytest.mark.parametrize(
    ("measure", "qrels", "message"),
    [
        ("nDCG@ten", QRELS, "not a measure: 'nDCG@ten'"),
        ("nDCG@10 PNR", QRELS, "--metric-for-best-model 'nDCG@10 PNR' names 2 measures"),
        ("nDCG@10", {"other": {"a": 1}}, "no query of the dev run is judged in the dev qrels"),
    ],
)
def test_a_dev_set_that_measures_nothing_is_told(measure, qrels, message):
    with pytest.raises(InputError) as caught:
        DevSet.of(GROUPS, qrels, measure)
    assert str(caught.value).startswith(message)


def test_queries_that_are_trained_on_are_told(caplog):
    dev = DevSet.of(GROUPS[:2], {"q1": {"b": 1}, "q2": {"y": 1}}, "RR@10")
    dev.tell_shared([group("other", "a")])
    assert caplog.messages == []
    dev.tell_shared([Group(Query("t7", " Text q2"), GROUPS[0].candidates)])
    assert caplog.messages == ["1 of 2 dev queries are trained on too, first: q2. Measure on others"]


def test_the_digest_tells_other_grades_candidates_and_measures_apart():
    sets = [
        DevSet.of(GROUPS, QRELS, "RR@10"),
        DevSet.of(GROUPS, QRELS, "PNR"),
        DevSet.of(GROUPS, {**QRELS, "q1": {"b": 2}}, "RR@10"),
        DevSet.of(GROUPS[:1], QRELS, "RR@10"),
    ]
    assert len({one.digest() for one in sets}) == 4
    assert sets[0].digest() == DevSet.of(GROUPS, QRELS, "RR@10").digest()
