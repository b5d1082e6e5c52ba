"""`rerankkit.json`: every field has its type, and a broken one is named with the file."""

import json

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank.note import Note, read_note
from rerankkit.rerank.pairs import Lengths

LENGTHS = {"max_length": 96, "max_query_tokens": 12, "max_title_tokens": None}
FRAME = {"prefix": [2], "middle": [3], "suffix": [3], "segments": True, "query_end": 0, "separator": None}
EXPORTED = {"backend": "onnx", "dtype": "float32", "architecture": "BertForSequenceClassification"}
EXPORTED |= {"positions": 64, "pad_id": 0, "frame": FRAME}


def test_a_whole_note(tmp_path):
    record = {
        "architecture": "llm",
        "lengths": LENGTHS,
        "trained": {"seed": 1},
        "pooling": "mean",
        "exported": EXPORTED,
    }
    (tmp_path / "rerankkit.json").write_text(json.dumps(record))
    assert read_note(tmp_path) == Note("llm", Lengths(96, 12), {"seed": 1}, "mean", False, EXPORTED)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"architecture": 5}, "the field 'architecture' is 5"),
        ({"lengths": []}, "the field 'lengths' is []"),
        ({"lengths": {"max_length": "96"}}, "the field 'max_length' is '96'"),
        ({"lengths": {"max_length": True}}, "the field 'max_length' is True"),
        ({"lengths": {"max_length": -5}}, "max_length is -5"),
        ({"lengths": {"max_length": 10**30}}, "max_length is 1000000000"),
        ({"lengths": {"max_length": 2}}, "--max-length 2 is too small"),
        ({"lengths": {"max_length": 96, "max_query_tokens": 96}}, "--max-query-tokens must be between 1"),
        ({"lengths": {"max_length": 96, "least": 1}}, "unknown length 'least'"),
        ({"pooling": "max"}, "the pooling 'max'"),
        ({"separate_title": "yes"}, "the field 'separate_title' is 'yes'"),
        ({"trained": None}, "the field 'trained' is None"),
        ({"exported": {"backend": "onnx"}}, "the field 'dtype' is missing"),
        ({"exported": {**EXPORTED, "backend": "os"}}, "the backend is 'os'"),
        ({"exported": {**EXPORTED, "positions": -1}}, "positions or pad_id out of range"),
        ({"exported": {**EXPORTED, "frame": {**FRAME, "prefix": ["a"]}}}, "the field 'prefix' is ['a']"),
    ],
)
def test_a_broken_field_is_named(tmp_path, changes, problem):
    path = tmp_path / "rerankkit.json"
    path.write_text(json.dumps({"architecture": "cross-encoder", "lengths": LENGTHS, **changes}))
    with pytest.raises(InputError) as caught:
        read_note(tmp_path)
    assert problem in caught.value.problem
    assert caught.value.path == path


@pytest.mark.parametrize(
    "text", ["[" * 10_000, '{"architecture": "llm", "architecture": "llm", "lengths": {}}', "\x00"]
)
def test_what_is_no_json_is_told(tmp_path, text):
    (tmp_path / "rerankkit.json").write_text(text)
    with pytest.raises(InputError, match="not a checkpoint's note"):
        read_note(tmp_path)
