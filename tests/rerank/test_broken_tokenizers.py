"""Tokenizers that load and cannot encode."""

import json
import shutil

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scoring import Scoring


def test_a_panic_of_the_tokenizers_library_is_a_message(bert_reranker, tmp_path):
    """The template puts a special token that the file no longer has: the library panics, which is no Exception."""
    folder = shutil.copytree(bert_reranker, tmp_path / "model")
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    names = tokenizer["post_processor"]["special_tokens"]
    names["[OTHER]"] = {**names.pop("[SEP]"), "id": "[OTHER]"}
    path.write_text(json.dumps(tokenizer))
    with pytest.raises(InputError, match=r"cannot load .*: the tokenizer: "):
        load_reranker(str(folder), Scoring("cpu", "float32"), tmp_path)
