"""Numbers in other people's files."""

import math

import pytest

from rerankkit.io.numbers import decimal_number, whole_number


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("051", 51), ("-3", -3), ("+7", 7), ("9" * 18, 10**18 - 1)])
def test_a_whole_number(text, value):
    assert whole_number(text) == value


@pytest.mark.parametrize("text", ["1_000", "１２", "٣", "1.0", "", " 1", "1 ", "0x1", "--1", "9" * 19, "²"])
def test_other_whole_numbers_are_refused(text):
    with pytest.raises(ValueError, match="not a whole number"):
        whole_number(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1.0), ("-1.5e-3", -0.0015), (".5", 0.5), ("5.", 5.0), ("inf", math.inf), ("-INF", -math.inf)],
)
def test_a_decimal_number(text, value):
    assert decimal_number(text) == value
    assert math.isnan(decimal_number("NaN"))


@pytest.mark.parametrize("text", ["1_000.5", "１.５", "1,5", "", ".", "e5", " 1", "1e", "0x1p3", "1" * 401])
def test_other_decimal_numbers_are_refused(text):
    with pytest.raises(ValueError, match="not a number"):
        decimal_number(text)
