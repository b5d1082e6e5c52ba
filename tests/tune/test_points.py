"""Pareto front, budget and percentiles by hand."""

import pytest

from rerankkit.errors import InputError
from rerankkit.tune.points import (
    Configuration,
    Point,
    Stage,
    best,
    depths_of,
    front,
    milliseconds,
    percentile_of,
)


def point(value: float, p50: float, p95: float, depth: int = 10) -> Point:
    return Point((Stage(Configuration("m", "torch", "float32"), depth),), value, p50, p95, {})


FIRST = Point((), 0.5, 0.0, 0.0, {})
FAST, SLOW, WORSE, LATE = point(0.6, 10, 20), point(0.7, 30, 90), point(0.55, 15, 30), point(0.65, 12, 95)
ALL = [SLOW, WORSE, FIRST, LATE, FAST]


def test_the_front_is_what_nothing_beats():
    """LATE is slower at p95 than SLOW, which is worth more; at p50 it is faster."""
    assert front(ALL, "p95") == [FIRST, FAST, SLOW]
    assert front(ALL, "p50") == [FIRST, FAST, LATE, SLOW]


def test_of_equal_latencies_the_better_and_of_equal_values_the_faster_stays():
    same = [point(0.6, 10, 20), point(0.7, 10, 20), point(0.7, 10, 21)]
    assert front(same, "p95") == [same[1]]


@pytest.mark.parametrize(
    ("budget", "percentile", "expected"),
    [(100, "p95", SLOW), (90, "p95", SLOW), (89, "p95", FAST), (12, "p50", LATE), (5, "p95", FIRST)],
)
def test_the_best_within_a_budget(budget, percentile, expected):
    assert best(ALL, budget, percentile) is expected


def test_nothing_within_the_budget():
    assert best([SLOW], 5, "p95") is None


@pytest.mark.parametrize(("text", "value"), [("50ms", 50), ("0.2s", 200), (" 1.5 s ", 1500), (".5ms", 0.5)])
def test_budgets(text, value):
    assert milliseconds(text) == value


@pytest.mark.parametrize("text", ["50", "fast", "-5ms", "0ms", "5 minutes", "ms", ""])
def test_what_is_no_budget(text):
    with pytest.raises(InputError, match="Write it as 50ms"):
        milliseconds(text)


def test_depths_end_at_the_longest_list():
    assert depths_of("100,10,20,50", 45) == [10, 20, 45]
    assert depths_of("5", 45) == [5]


@pytest.mark.parametrize("text", ["", "a", "10,,20", "0,10", "-1"])
def test_what_is_no_list_of_depths(text):
    with pytest.raises(InputError, match="--depths"):
        depths_of(text, 10)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 3), (0.95, 4.8), (1.0, 5)])
def test_percentiles_lie_between_the_nearest(share, value):
    """As numpy.percentile's default: 0.95 of the way over four steps is 3.8 of them."""
    assert percentile_of([5, 3, 1, 4, 2], share) == pytest.approx(value)


def test_a_point_is_called_by_its_stages():
    stages = (
        Stage(Configuration("runs/models/bert", "torch", "bfloat16"), 100),
        Stage(Configuration("llm", "torch", "float32"), 10),
    )
    assert str(Point(stages, 0.5, 1, 2, {})) == "bert torch bfloat16 @100 > llm torch float32 @10"
    assert str(FIRST) == "first stage"
