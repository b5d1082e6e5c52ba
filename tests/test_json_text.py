"""JSON of other people's."""

import json

import pytest

from rerankkit.json_text import loads


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"a": "cut \ud83d here"}', {"a": "cut � here"}),
        (r'["\uDE00", "ok"]', ["�", "ok"]),
        (r'"\ud83d\ude00"', "😀"),
        (r'"a path \\ud83d"', r"a path \ud83d"),
        ('{"n": 1.5, "none": null}', {"n": 1.5, "none": None}),
    ],
)
def test_half_a_character_is_replaced_and_all_else_stays(text, value):
    assert loads(text) == value
    json.dumps(loads(text), ensure_ascii=False).encode()


def test_what_is_no_json_is_a_value_error():
    with pytest.raises(ValueError, match="Expecting"):
        loads("{")
