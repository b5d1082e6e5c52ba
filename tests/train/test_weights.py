"""Where training starts."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from rerankkit.errors import InputError
from rerankkit.train.weights import is_causal, with_score_head


def test_a_fresh_head_is_drawn_by_the_seed(tiny_bert):
    one, same, other = (with_score_head(str(tiny_bert), seed).model.classifier.weight for seed in (1, 1, 2))
    assert one.shape == (1, 32)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_head_that_is_there_stays(bert_reranker):
    start = with_score_head(str(bert_reranker), 5)
    theirs = AutoModelForSequenceClassification.from_pretrained(bert_reranker)
    assert torch.equal(start.model.classifier.weight, theirs.classifier.weight)
    assert start.fresh == []


def test_the_architecture_is_told(tiny_bert, tiny_llama):
    assert with_score_head(str(tiny_bert), 0).architecture == "cross-encoder"
    start = with_score_head(str(tiny_llama), 0)
    assert (start.architecture, start.model.config.num_labels, start.fresh) == ("llm", 1, [])


def test_what_else_has_no_weights_is_named(tiny_bert, tmp_path):
    from transformers import AutoModel

    AutoModel.from_pretrained(tiny_bert, add_pooling_layer=False).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(tmp_path)
    assert with_score_head(str(tmp_path), 0).fresh == ["bert.pooler.dense"]


def test_a_classifier_of_three_labels_is_given_a_fresh_head(tiny_bert, tmp_path, caplog):
    AutoModelForSequenceClassification.from_pretrained(tiny_bert, num_labels=3).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(tmp_path)
    start = with_score_head(str(tmp_path), 0)
    theirs = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert start.model.classifier.weight.shape == (1, 32)
    assert torch.equal(start.model.bert.pooler.dense.weight, theirs.bert.pooler.dense.weight)
    assert start.fresh == []
    assert "its score head is not kept, a fresh one of one label is drawn" in caplog.text


@pytest.mark.parametrize("spoil", ["tokenizer.json", "config.json", "model.safetensors"])
def test_a_base_that_lacks_a_file_is_refused(tiny_bert, tmp_path, spoil):
    import shutil

    base = shutil.copytree(tiny_bert, tmp_path / "base")
    (base / spoil).unlink()
    with pytest.raises(InputError, match=f"cannot load {base}: ") as caught:
        with_score_head(str(base), 0)
    assert caught.value.remedy == "Restore its files, or save the model again"


@pytest.mark.parametrize(
    ("kind", "causal"),
    [("llama", True), ("qwen3", True), ("gpt2", True), ("gemma3_text", True), ("modernbert-decoder", True)]
    + [("bert", False), ("roberta", False), ("distilbert", False), ("modernbert", False), ("deberta-v2", False)]
    + [("electra", False), ("xlm-roberta", False), ("t5", False)],
)
def test_decoders_are_told_from_encoders(kind, causal):
    assert is_causal(AutoConfig.for_model(kind)) is causal
