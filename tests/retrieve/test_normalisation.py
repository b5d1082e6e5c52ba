"""Normalised scores against hand-worked ones."""

import pytest

from rerankkit.retrieve.normalisation import NORMS, Listed, normalised, unfound
from rerankkit.run import Run

LISTED = Listed.of(Run({"q": [("a", 8.0), ("b", 4.0), ("c", 0.0)]}), "q", 5)
"""Mean 4, deviation sqrt(32 / 3)."""
EXPECTED = {
    "none": (8, 4, 0),
    "min-max": (1, 0.5, 0),
    "max": (1, 0.5, 0),
    "sum": (2 / 3, 1 / 3, 0),
    "z": (1.2247449, 0, -1.2247449),
    "rank": (1, 2 / 3, 1 / 3),
    "borda": (1, 4 / 5, 3 / 5),
}
CONSTANT = {"none": 7, "min-max": 1, "max": 1, "sum": 0.5, "z": 0}


def test_there_is_a_value_for_each():
    assert set(EXPECTED) == set(NORMS)


@pytest.mark.parametrize("norm", NORMS)
def test_scores_by_hand(norm):
    assert normalised(LISTED, norm) == pytest.approx(dict(zip("abc", EXPECTED[norm], strict=True)))


@pytest.mark.parametrize("norm", CONSTANT)
def test_equal_scores(norm):
    assert normalised(Listed(["a", "b"], [7.0, 7.0], 2), norm) == {"a": CONSTANT[norm], "b": CONSTANT[norm]}


def test_scores_without_a_positive_one_have_no_greatest_to_share():
    assert normalised(Listed(["a", "b"], [-1.0, -2.0], 2), "max") == {"a": -1.0, "b": -2.0}


def test_borda_shares_what_is_left_among_the_unfound():
    """Ranks 4 and 5 of five are left: worth 2/5 and 1/5, or .3 each."""
    assert unfound(LISTED, "borda") == pytest.approx(0.3)
    assert [unfound(LISTED, norm) for norm in NORMS if norm != "borda"] == [0.0] * 6


def test_an_empty_list_has_no_scores():
    assert [normalised(Listed([], [], 3), norm) for norm in NORMS] == [{}] * len(NORMS)
