"""JSON and TOML that others wrote."""

import json

import pytest

from rerankkit.errors import InputError
from rerankkit.io import foreign
from rerankkit.io.foreign import DEEPEST, Fields, parse_json, read_json, read_toml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"a": "cut \ud83d here"}', {"a": "cut � here"}),
        (r'["\uDE00", "ok"]', ["�", "ok"]),
        (r'"\ud83d\ude00"', "😀"),
        (r'"a path \\ud83d"', r"a path \ud83d"),
        ('{"n": 1.5, "none": null}', {"n": 1.5, "none": None}),
        ("[" * DEEPEST + "]" * DEEPEST, parse_json("[" * DEEPEST + "]" * DEEPEST)),
        ('"' + "[" * 5000 + '"', "[" * 5000),
    ],
)
def test_half_a_character_is_replaced_and_all_else_stays(text, value):
    assert parse_json(text) == value
    json.dumps(parse_json(text), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting"),
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' stands twice"),
        ('{"outer": {"a": 1, "a": 1}}', "the key 'a' stands twice"),
        ("NaN", "NaN is not a JSON value"),
        ('{"a": -Infinity}', "-Infinity is not a JSON value"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested more than 200 deep"),
        ("[" * 100_000, "nested more than 200 deep"),
        ('{"a":' * 100_000, "nested more than 200 deep"),
        ("1" * 401, "a number of 401 digits"),
        ("1." + "1" * 400, "a number of 402 digits"),
    ],
)
def test_what_is_not_json_is_a_value_error_with_the_reason(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse_json(text)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", ["9" * 1_000_000, "[" * 1_000_000, '{"a":[' * 200_000])
def test_a_megabyte_of_digits_or_brackets_is_refused(text):
    with pytest.raises(ValueError, match=r"digits|deep"):
        parse_json(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a note: the file ends too early, at line 1, column 1"),
        (b'{"a": 1,\n "b"', "not a note: the file ends too early, at line 2"),
        (b"{'a': 1}", "not a note: Expecting property name enclosed in double quotes at line 1, column 2"),
        (b'{"a": "\xff"}', ":1: not UTF-8 (byte 0xff)"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a Git LFS pointer"),
    ],
)
def test_a_broken_json_file_is_named_with_the_reason(tmp_path, content, message):
    path = tmp_path / "note.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_json(path, "a note")
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_a_byte_order_mark_is_skipped_and_a_large_file_refused(tmp_path, monkeypatch):
    path = tmp_path / "note.json"
    path.write_bytes(b"\xef\xbb\xbf" + b'{"a": 1}')
    assert read_json(path, "a note") == {"a": 1}
    monkeypatch.setattr(foreign, "LARGEST_FILE", 5)
    with pytest.raises(InputError, match="11 bytes"):
        read_json(path, "a note")


@pytest.mark.parametrize("content", ["a = ", "a = 1\na = 2", "a = " + "[" * 100_000])
def test_a_broken_toml_file_is_named(tmp_path, content):
    path = tmp_path / "settings.toml"
    path.write_text(content)
    with pytest.raises(InputError, match=r"settings.toml: not settings"):
        read_toml(path, "settings")


def test_fields_give_values_of_their_type():
    record = {"name": "a", "n": 3, "x": 1.5, "on": True, "words": ["a"], "rows": [{}], "t": {"u": 1}}
    fields = Fields(record, "a note", "note.json")
    assert (fields.text("name"), fields.whole("n"), fields.number("x"), fields.flag("on")) == ("a", 3, 1.5, True)
    assert (fields.texts("words"), fields.records("rows"), fields.table("t")) == (["a"], [{}], {"u": 1})
    assert fields.whole("missing", 7) == 7
    assert "n" in fields
    assert "missing" not in fields


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda fields: fields.text("n"), "note.json: not a note: the field 'n' is 3. Expected a text"),
        (lambda fields: fields.whole("on"), "note.json: not a note: the field 'on' is True. Expected a whole number"),
        (lambda fields: fields.number("x"), "note.json: not a note: the field 'x' is inf. Expected a number"),
        (lambda fields: fields.texts("gone"), "note.json: not a note: the field 'gone' is missing. Expected a list"),
        (lambda fields: fields.table("n", {}), "note.json: not a note: the field 'n' is 3. Expected an object"),
    ],
)
def test_a_field_of_another_type_is_named(ask, message):
    fields = Fields({"n": 3, "on": True, "x": float("inf")}, "a note", "note.json")
    with pytest.raises(InputError) as caught:
        ask(fields)
    assert str(caught.value).startswith(message)


def test_a_record_that_is_no_object_is_refused():
    with pytest.raises(InputError, match=r"x:3: not a note: \[1\]. Expected a JSON object"):
        Fields([1], "a note", "x", 3)
