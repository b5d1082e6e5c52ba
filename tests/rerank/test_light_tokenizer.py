"""`tokenizer.json` alone gives the ids that transformers gives."""

import json

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank.compiling import write_tokenizer
from rerankkit.rerank.light_tokenizer import LightTokenizer
from rerankkit.rerank.pairs import PLAIN

TEXTS = ["Red cat, green dog!", "", "a river of white stones 42", "Grüße an die 水 cat", "  spaced   out  "]


def test_ids_and_offsets_are_those_of_transformers(bert_reranker, tmp_path):
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(bert_reranker)
    theirs.backend_tokenizer.enable_padding(length=40)
    theirs.backend_tokenizer.enable_truncation(3)
    write_tokenizer(theirs, tmp_path)
    ours = LightTokenizer(tmp_path)
    expected = theirs(TEXTS, return_offsets_mapping=True, **PLAIN)
    assert ours(TEXTS, **PLAIN)["input_ids"] == expected["input_ids"]
    found = ours(TEXTS, return_offsets_mapping=True, **PLAIN)
    assert found["input_ids"] == expected["input_ids"]
    assert found["offset_mapping"] == expected["offset_mapping"]
    assert len(expected["input_ids"][2]) > 8


def test_a_folder_without_a_tokenizer_or_with_a_broken_one_is_told(tmp_path):
    with pytest.raises(InputError, match=r"no tokenizer\.json"):
        LightTokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": 1}))
    with pytest.raises(InputError, match="not a tokenizer"):
        LightTokenizer(tmp_path)
