"""Depths and cascades from scores that were measured once: what they are worth, by hand, and what they cost."""

import pytest

from rerankkit.run import Run
from rerankkit.tune.grid import Judged, lists_of, points
from rerankkit.tune.measured import Measured
from rerankkit.tune.points import Configuration
from rerankkit.types import Candidate, Document, Group, Query

QRELS = {"1": {"c": 1}, "2": {"b": 1}, "3": {"a": 1}}
"""The first stage has c third of query 1, b second of query 2, and lacks query 3."""
RUN = Run({qid: [("a", 9), ("b", 8), ("c", 7), ("d", 6)] for qid in "12"})


def groups() -> list[Group]:
    candidates = tuple(Candidate(Document(docid, "", docid), 9 - i) for i, docid in enumerate("abcd"))
    return [Group(Query(qid, qid), candidates) for qid in "12"]


def measured(model: str, scores: dict[str, float], cost: float) -> Measured:
    times = {depth: [cost * depth, 2 * cost * depth] for depth in (2, 4)}
    return Measured(Configuration(model, "torch", "float32"), {"1": scores, "2": scores}, times)


SMALL = measured("small", {"a": 1, "b": 0, "c": 2, "d": 4}, 1)
LARGE = measured("large", {"a": 1, "b": 2, "c": 3, "d": 0}, 10)


@pytest.fixture
def found() -> dict[str, tuple[float, float, float]]:
    lists = lists_of(groups(), [2, 4], 2, 0)
    told = points([LARGE, SMALL], lists, Judged(RUN, QRELS, "RR"), cascades=True)
    return {str(one).replace(" torch float32", ""): (one.value, one.p50, one.p95) for one in told}


def test_every_depth_and_cascade_is_there_once(found):
    assert set(found) == {"first stage", "large @2", "large @4", "small @2", "small @4", "small @4 > large @2"}


@pytest.mark.parametrize(
    ("name", "ranks"),
    [
        ("first stage", (3, 2)),  # abcd
        ("small @2", (3, 2)),  # ab|cd
        ("small @4", (2, 4)),  # dcab
        ("large @2", (3, 1)),  # ba|cd
        ("large @4", (1, 2)),  # cbad
        ("small @4 > large @2", (1, 4)),  # dcab, then cd|ab
    ],
)
def test_what_a_point_is_worth(found, name, ranks):
    """The query that the run lacks counts as zero."""
    assert found[name][0] == pytest.approx(sum(1 / rank for rank in ranks) / 3)


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("first stage", (0, 0)),
        ("small @4", (4, 8)),
        ("large @2", (20, 40)),
        ("small @4 > large @2", (4 + 20, 8 + 40)),
    ],
)
def test_what_a_point_costs(found, name, taken):
    """A cascade's times are added query by query; p50 and p95 lie at .5 and .95 of the way from one to the other."""
    low, high = taken
    assert found[name][1:] == pytest.approx((low + 0.5 * (high - low), low + 0.95 * (high - low)))


def test_each_query_has_its_value():
    lists = lists_of(groups(), [2, 4], 2, 0)
    _, shallow, _ = points([LARGE], lists, Judged(RUN, QRELS, "RR"), cascades=False)
    assert shallow.by_query == pytest.approx({"1": 1 / 3, "2": 1, "3": 0})


def test_the_deepest_lists_are_timed_first_and_the_draw_has_a_seed():
    short = Group(Query("s", "s"), groups()[0].candidates[:2])
    many = [short, *(Group(Query(str(i), "q"), groups()[0].candidates) for i in range(9))]
    lists = lists_of(many, [1, 3], 9, 0)
    assert {len(group.candidates) for group in lists.groups} == {2, 3}
    assert sorted(group.query.qid for group in lists.timed) == [str(i) for i in range(9)]
    assert lists.timed == lists_of(many, [1, 3], 9, 0).timed != lists_of(many, [1, 3], 9, 1).timed
