"""Checkpoint folders: the note, and what is refused."""

import json
import shutil

import pytest
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import (
    Note,
    check_length,
    load_sequence_classifier,
    positions,
    quiet_transformers,
    read_note,
)
from rerankkit.rerank.kinds import generates
from rerankkit.rerank.pairs import Lengths


@pytest.fixture
def copy(bert_reranker, tmp_path):
    """A checkpoint to spoil."""
    return shutil.copytree(bert_reranker, tmp_path / "copy")


def refusal(folder) -> str:
    with pytest.raises(InputError) as caught:
        load_sequence_classifier(str(folder))
    assert caught.value.remedy
    return caught.value.problem


def test_a_note_comes_back_as_it_was_written(tmp_path):
    note = Note("llm", Lengths(96, 12), {"loss": "ranknet", "groups": 3, "lora": {"r": 16}})
    note.write(tmp_path)
    assert read_note(tmp_path) == note
    assert json.loads((tmp_path / "rerankkit.json").read_text())["architecture"] == "llm"


def test_a_note_tells_pooling_titles_and_their_lengths(tmp_path):
    note = Note("cross-encoder", Lengths(96, None, 12), {}, pooling="mean", separate_title=True)
    note.write(tmp_path)
    assert read_note(tmp_path) == note
    assert json.loads((tmp_path / "rerankkit.json").read_text())["lengths"]["max_title_tokens"] == 12


def test_an_older_note_means_what_it_meant(tmp_path):
    text = '{"architecture": "llm", "lengths": {"max_length": 96, "max_query_tokens": null}, "trained": {"seed": 1}}'
    (tmp_path / "rerankkit.json").write_text(text)
    assert read_note(tmp_path) == Note("llm", Lengths(96, None, None), {"seed": 1}, "last", False)


def test_causal_llms_are_told_from_classifiers(tiny_llama, tiny_bert, bert_reranker, llama_reranker, copy):
    folders = [tiny_llama, tiny_bert, bert_reranker, llama_reranker()]
    assert [generates(str(folder)) for folder in folders] == [True, False, False, False]
    (copy / "config.json").unlink()
    (copy / "adapter_config.json").write_text("{}")
    assert not generates(str(copy))
    with pytest.raises(InputError, match="cannot load nobody/no-such-llm: ") as caught:
        generates("nobody/no-such-llm")
    assert "rerankkit models" in caught.value.remedy


def test_a_folder_of_others_has_no_note(bert_reranker):
    assert read_note(bert_reranker) is None
    assert read_note("cross-encoder/ms-marco-MiniLM-L6-v2") is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"architecture": "llm"}', '{"architecture": "", "lengths": {"x": 1}}']
)
def test_a_broken_note_is_told_with_its_path(tmp_path, text):
    (tmp_path / "rerankkit.json").write_text(text)
    with pytest.raises(InputError, match="not a checkpoint's note") as caught:
        read_note(tmp_path)
    assert caught.value.path == tmp_path / "rerankkit.json"


def test_a_whole_checkpoint_loads_in_float32(copy):
    model, tokenizer = load_sequence_classifier(str(copy))
    assert {str(parameter.dtype) for parameter in model.parameters()} == {"torch.float32"}
    assert model.config.num_labels == 1
    assert tokenizer("red")["input_ids"] == [2, 5, 3]


def test_a_model_without_head(tiny_bert, tiny_llama):
    assert refusal(tiny_bert) == f"{tiny_bert} has no score head (BertModel)"
    assert refusal(tiny_llama) == f"{tiny_llama} has no score head (LlamaForCausalLM)"


def test_a_head_of_two_labels(bert_reranker, copy):
    config = AutoConfig.from_pretrained(bert_reranker, num_labels=2)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(copy)
    assert refusal(copy) == f"{copy} has 2 labels (0 LABEL_0, 1 LABEL_1), a reranker has one"


def test_missing_weights_are_named(copy):
    from safetensors.torch import load_file, save_file

    weights = load_file(copy / "model.safetensors")
    save_file(
        {name: w for name, w in weights.items() if "pooler" not in name}, copy / "model.safetensors", {"format": "pt"}
    )
    assert refusal(copy) == f"{copy} lacks weights: bert.pooler.dense.bias, bert.pooler.dense.weight"


def test_weights_cut_short(copy):
    weights = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    assert refusal(copy) == f"is cut: {len(weights) // 2:,} of {len(weights):,} bytes"


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_file_that_is_not_there(copy, name):
    (copy / name).unlink()
    assert refusal(copy).startswith(f"cannot load {copy}: ")


def test_no_tokenizer_at_all(copy):
    """transformers makes one up, of special tokens alone: every word would be unknown."""
    (copy / "tokenizer.json").unlink()
    (copy / "tokenizer_config.json").unlink()
    assert refusal(copy) == f"{copy} has no tokenizer"


def test_a_name_that_is_nowhere():
    assert refusal("nobody/no-such-reranker").startswith("cannot load nobody/no-such-reranker: ")


def test_an_adapter_whose_base_is_gone(copy):
    adapter = {"peft_type": "LORA", "task_type": "SEQ_CLS", "base_model_name_or_path": "/nowhere/base", "r": 2}
    (copy / "adapter_config.json").write_text(json.dumps(adapter))
    assert refusal(copy) == "the base '/nowhere/base' of the adapter is not there"


def test_an_adapter_without_score_head(bert_reranker, copy):
    adapter = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": str(bert_reranker), "r": 2}
    (copy / "adapter_config.json").write_text(json.dumps(adapter))
    assert refusal(copy) == "the adapter is for CAUSAL_LM, it has no score head"


def test_learnt_positions_limit_the_length(bert_reranker, tiny_llama):
    from transformers import AutoModel, RobertaConfig, RobertaModel

    bert = AutoModel.from_pretrained(bert_reranker)
    llama = AutoModel.from_pretrained(tiny_llama)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    roberta = RobertaModel(RobertaConfig(vocab_size=50, max_position_embeddings=66, pad_token_id=1, **sizes))
    assert (positions(bert), positions(roberta), positions(llama)) == (64, 64, None)
    check_length(bert, 64)
    check_length(llama, 4096)
    with pytest.raises(InputError, match=r"--max-length 65 is more than the model's 64 positions\. Give at most 64"):
        check_length(roberta, 65)


def test_transformers_is_quiet_only_inside():
    logging.set_verbosity_info()
    logging.enable_progress_bar()
    try:
        with quiet_transformers():
            inside = logging.get_verbosity(), logging.is_progress_bar_enabled()
        after = logging.get_verbosity(), logging.is_progress_bar_enabled()
    finally:
        logging.set_verbosity_error()
        logging.disable_progress_bar()
    assert inside == (logging.ERROR, False)
    assert after == (logging.INFO, True)


def test_loading_prints_nothing(bert_reranker, capfd):
    load_sequence_classifier(str(bert_reranker))
    assert capfd.readouterr() == ("", "")
    assert AutoTokenizer.from_pretrained(bert_reranker).pad_token == "[PAD]"


def test_a_tokenizer_without_its_parts_is_told(copy):
    (copy / "tokenizer.json").write_text("{}")
    assert refusal(copy).startswith(f"cannot load {copy}: ")
