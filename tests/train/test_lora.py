"""Adapters: where they sit, and that adapter and merged weights score alike."""

import json
import shutil

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from rerankkit.errors import InputError
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scorer import Scoring
from rerankkit.train.lora import wrap
from rerankkit.train.settings import Lora


def scores_of(folder, groups) -> list[float]:
    reranker = load_reranker(str(folder), Scoring("cpu", "float32"), folder.parent)
    return [score for scores in reranker.score(groups) for score in scores]


def adapted(model) -> list[str]:
    """The layers with an adapter, as `layer number, name`."""
    names = {name.partition(".lora_A")[0] for name, _ in model.named_parameters() if ".lora_A." in name}
    return sorted(name.partition("layers.")[2] or name.partition("layer.")[2] for name in names)


LLAMA = ["mlp.down_proj", "mlp.gate_proj", "mlp.up_proj"] + [f"self_attn.{word}_proj" for word in "koqv"]


@pytest.mark.parametrize("lora_layers", [None, 1, 2, 9])
def test_every_linear_layer_of_the_last_layers_has_an_adapter(tiny_llama, lora_layers):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_llama, num_labels=1)
    model = wrap(model, Lora(2, lora_layers=lora_layers), ["score"])
    wanted = [1] if lora_layers == 1 else [0, 1]
    assert adapted(model) == [f"{layer}.{name}" for layer in wanted for name in LLAMA]


def test_layers_may_be_named(tiny_llama):
    model = wrap(AutoModelForCausalLM.from_pretrained(tiny_llama), Lora(2, target_modules="q_proj,v_proj"), [])
    assert adapted(model) == [f"{layer}.self_attn.{word}_proj" for layer in (0, 1) for word in "qv"]


def test_layers_that_are_not_there_are_told(tiny_llama):
    with pytest.raises(InputError, match="no layer to adapt: --target-modules query"):
        wrap(AutoModelForCausalLM.from_pretrained(tiny_llama), Lora(2, target_modules="query"), [])


def test_rank_and_alpha(tiny_bert):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_bert, num_labels=1)
    config = wrap(model, Lora(4), ["classifier"]).peft_config["default"]
    assert (config.r, config.lora_alpha, config.lora_dropout) == (4, 8, 0.0)
    model = AutoModelForSequenceClassification.from_pretrained(tiny_bert, num_labels=1)
    assert wrap(model, Lora(4, 4, 0.1), ["classifier"]).peft_config["default"].lora_alpha == 4


def test_adapter_and_head_train_and_nothing_else(tiny_bert):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_bert, num_labels=1)
    model = wrap(model, Lora(2), ["classifier"])
    trained = [name for name, weight in model.named_parameters() if weight.requires_grad]
    assert all(".lora_" in name or ".classifier.modules_to_save." in name for name in trained)
    assert sum(".classifier." in name for name in trained) == 2
    assert not any("pooler" in name for name in trained)


def roberta(folder, tokenizer_of):
    from transformers import RobertaConfig, RobertaModel

    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    RobertaModel(RobertaConfig(vocab_size=100, pad_token_id=0, type_vocab_size=2, **sizes)).save_pretrained(folder)
    return _with_tokenizer(folder, tokenizer_of)


def distilbert(folder, tokenizer_of):
    from transformers import DistilBertConfig, DistilBertModel

    config = DistilBertConfig(vocab_size=100, dim=32, n_layers=2, n_heads=2, hidden_dim=64, max_position_embeddings=64)
    DistilBertModel(config).save_pretrained(folder)
    return _with_tokenizer(folder, tokenizer_of)


def bert_without_pooler(folder, tokenizer_of):
    from transformers import AutoModel

    AutoModel.from_pretrained(tokenizer_of, add_pooling_layer=False).save_pretrained(folder)
    return _with_tokenizer(folder, tokenizer_of)


def _with_tokenizer(folder, tokenizer_of):
    for path in tokenizer_of.glob("tokenizer*"):
        shutil.copy(path, folder)
    if "bert-without" not in folder.name:  # only BERT has segments
        config = json.loads((folder / "tokenizer_config.json").read_text())
        config["model_input_names"] = ["input_ids", "attention_mask"]
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


MADE = {"roberta": roberta, "distilbert": distilbert, "bert-without-pooler": bert_without_pooler}


@pytest.mark.parametrize("lora_layers", [None, 1])
@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_llama", *MADE])
def test_the_adapter_alone_scores_as_the_merged_checkpoint(
    trained, request, teacher_groups, tmp_path, kind, lora_layers
):
    """Score head and scale included, and whatever else the base had no weights for."""
    if kind in MADE:
        (tmp_path / kind).mkdir()
        torch.manual_seed(0)
        base = MADE[kind](tmp_path / kind, request.getfixturevalue("tiny_bert"))
    else:
        base = request.getfixturevalue(kind)
    folder = trained(base, teacher_groups, max_steps=24, lora=Lora(4, lora_layers=lora_layers), learning_rate=1e-2)
    merged = scores_of(folder, teacher_groups)
    assert scores_of(folder / "adapter", teacher_groups) == pytest.approx(merged, abs=1e-5)
    start = scores_of(trained(base, teacher_groups, "start", max_steps=1, learning_rate=1e-9), teacher_groups)
    assert max(abs(one - two) for one, two in zip(merged, start, strict=True)) > 0.05
    assert max(merged) > 5  # the teacher's scores are around 15


def test_merging_changes_no_score_by_more_than_rounding(trained, tiny_llama, teacher_groups, monkeypatch):
    """The wrapped model's logits just before it was merged."""
    from rerankkit.train import checkpoint

    seen = {}
    merge = checkpoint.save_adapter_and_merge
    ids = torch.tensor([[0, 20, 30, 40, 1]])

    def watch(model, folder, origin):
        model.eval()
        with torch.no_grad():
            seen["before"] = model(input_ids=ids).logits
            merged = merge(model, folder, origin)
            seen["after"] = merged(input_ids=ids).logits
        return merged

    monkeypatch.setattr(checkpoint, "save_adapter_and_merge", watch)
    folder = trained(tiny_llama, teacher_groups, max_steps=5, lora=Lora(4))
    loaded = AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.no_grad():
        assert torch.allclose(seen["before"], seen["after"], atol=1e-5)
        assert torch.allclose(seen["after"], loaded(input_ids=ids).logits, atol=1e-5)


def test_the_adapter_keeps_its_note_and_tokenizer(trained, tiny_llama, teacher_groups):
    folder = trained(tiny_llama, teacher_groups, max_steps=2, lora=Lora(4))
    notes = [json.loads((path / "rerankkit.json").read_text()) for path in (folder, folder / "adapter")]
    assert notes[0] == notes[1]
    assert notes[0]["trained"]["lora"]["r"] == 4
    assert (folder / "adapter" / "tokenizer.json").is_file()
    assert not (folder / "adapter_config.json").exists()
