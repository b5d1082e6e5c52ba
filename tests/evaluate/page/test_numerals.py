"""Numbers as people read them."""

import math

import pytest

from rerankkit.evaluate.page.numerals import chance, data, data_p, number, percent


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [
        (0.50584, False, "0.5058"),
        (0.1, True, "+0.1000"),
        (-0.1, True, "−0.1000"),
        (-0.00001, True, "0.0000"),
        (math.nan, True, "–"),
        (math.inf, False, "∞"),
        (-math.inf, False, "−∞"),
    ],
)
def test_numbers(value, sign, text):
    assert number(value, sign=sign) == text


def test_small_chances_are_not_zero():
    assert [chance(p) for p in (0.00009, 0.0001, 0.04321, 1.0)] == ["< 0.0001", "0.0001", "0.0432", "1.0000"]


def test_shares():
    shown = [percent(x).replace("\u00a0", "_") for x in (0.95, 0.1234, 1.0, 0.0, math.nan)]
    assert shown == ["95_%", "12.3_%", "100_%", "0_%", "–"]


def test_programs_find_all_digits():
    assert data(1 / 3) == '<data value="0.3333333333333333">0.3333</data>'
    assert data_p(1e-9) == '<data value="1e-09">&lt; 0.0001</data>'
