"""What clicks are worth, and at which rank they were made."""

import math

import pytest

from rerankkit.collection.click_weights import ClickWeight, displayed, top_as_clicks, with_ranks, worth_by_query
from rerankkit.collection.clicks import Click
from rerankkit.errors import InputError
from rerankkit.run import Run
from rerankkit.types import Document, Query

CLICKS = [Click("red", "a", 3, None, 1), Click("red", "b", 2, None, 4), Click("red", "b", 1, None, 9)]
"""Document b was shown fourth, later ninth."""


@pytest.mark.parametrize(
    ("kind", "eta", "a", "b"),
    [
        ("binary", 1.0, 1.0, 1.0),
        ("count", 1.0, 3.0, 3.0),
        ("log-count", 1.0, 2.0, 2.0),
        ("ipw", 1.0, 3.0, 2 * 4 + 9),
        ("ipw", 0.5, 3.0, 2 * 2 + 3),
        ("ipw", 0.0, 3.0, 3.0),
        ("log-ipw", 0.5, 2.0, 3.0),
    ],
)
def test_worth_by_hand(kind, eta, a, b):
    assert worth_by_query(CLICKS, ClickWeight(kind, eta)) == {"red": {"a": a, "b": b}}


def test_weighed_by_the_propensity_clicks_count_as_if_all_ranks_were_seen():
    """1200 users each would choose a or b alike; of b at rank 3 a third have seen it."""
    seen = {"a": Click("red", "a", 1200, None, 1), "b": Click("red", "b", 400, None, 3)}
    assert worth_by_query(seen.values(), ClickWeight("ipw")) == {"red": {"a": 1200.0, "b": 1200.0}}


def test_the_gain_of_a_logarithmic_label_is_the_count():
    worth = worth_by_query([Click("red", "a", 41)], ClickWeight("log-count"))["red"]["a"]
    assert 2**worth - 1 == pytest.approx(41)


def test_a_rank_that_is_needed_and_missing_is_told():
    with pytest.raises(InputError, match="the click on document a for 'red' has no rank") as caught:
        worth_by_query([Click("red", "a", 2)], ClickWeight("ipw"))
    assert caught.value.remedy == "Give the clicks a column `rank`, or the order that users saw with --displayed RUN"
    assert worth_by_query([Click("red", "a", 2)], ClickWeight("count")) == {"red": {"a": 2.0}}


def test_a_click_without_docid_labels_nothing():
    with pytest.raises(InputError, match="the click for 'plum' names no docid"):
        worth_by_query([Click("plum", "", 1, Document("", "Plums", ""))], ClickWeight())


@pytest.mark.parametrize(("kind", "eta"), [("cubic", 1.0), ("ipw", -1.0), ("ipw", 11.0), ("ipw", math.nan)])
def test_what_is_no_weight(kind, eta):
    with pytest.raises(InputError, match=r"unknown --click-weight 'cubic'|--position-bias (-1.0|11.0|nan) is out of"):
        ClickWeight(kind, eta)


RUN = Run({"1": [("a", 9.0), ("b", 8.0), ("c", 7.0)], "2": [("c", 1.0)], "3": [("b", 2.0), ("a", 1.0)]})
QUERIES = {"1": Query("1", "red"), "2": Query("2", "red"), "3": Query("3", "green")}


def test_ranks_of_a_displayed_run_go_to_clicks_without_one():
    shown = displayed(RUN, QUERIES)
    assert shown == {"red": {"a": 1, "b": 2, "c": 3}, "green": {"b": 1, "a": 2}}
    clicks = [
        Click("red", "c"),
        Click("green", "a", 5),
        Click("red", "b", 1, None, 7),
        Click("red", "z"),
        Click("x", "a"),
    ]
    assert [click.rank for click in with_ranks(clicks, shown)] == [3, 2, 7, None, None]


def test_a_run_of_other_queries_was_not_displayed():
    with pytest.raises(InputError, match="no query of the displayed run is in the topics"):
        displayed(RUN, {"9": Query("9", "red")})


def test_the_top_of_an_order_as_clicks():
    assert list(top_as_clicks(displayed(RUN, QUERIES), 2)) == [
        Click("red", "a", 2, None, 1),
        Click("red", "b", 1, None, 2),
        Click("green", "b", 2, None, 1),
        Click("green", "a", 1, None, 2),
    ]


def test_displayed_queries_that_the_topics_lack_are_counted(caplog):
    caplog.set_level("INFO")
    run = Run({"1": [("a", 1.0)], "2": [("a", 1.0)], "3": [("a", 1.0)]})
    assert displayed(run, {"2": Query("2", "two")}) == {"two": {"a": 1}}
    assert "2 of the displayed run's 3 queries left out: not in the topics" in caplog.text
