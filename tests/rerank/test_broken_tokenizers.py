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


@pytest.mark.parametrize("half", [r"\ud83d", r"\ude00", r"\ud83d\ud83d\ude00"])
def test_half_a_character_in_a_tokenizers_settings_is_refused(bert_reranker, tmp_path, half):
    """The library reads it, and cannot save it again."""
    folder = shutil.copytree(bert_reranker, tmp_path / "model")
    path = folder / "tokenizer_config.json"
    path.write_text(path.read_text().replace("{", '{"note": "' + half + '",', 1))
    with pytest.raises(
        InputError, match=r"tokenizer_config.json: not settings of a model: it holds half of a character"
    ):
        load_reranker(str(folder), Scoring("cpu", "float32"), tmp_path)


def test_a_whole_character_in_a_tokenizers_settings_is_read(bert_reranker, tmp_path):
    folder = shutil.copytree(bert_reranker, tmp_path / "model")
    path = folder / "tokenizer_config.json"
    path.write_text(path.read_text().replace("{", r'{"note": "\ud83d\ude00",', 1))
    load_reranker(str(folder), Scoring("cpu", "float32"), tmp_path)
