"""LoRA adapters of others: merged into their base, whatever names it; or one message that names the file."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
import transformers

from rerankkit.errors import InputError
from rerankkit.rerank.adapter_base import adapter_base
from rerankkit.rerank.identity import digest_of_model
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scoring import Scoring
from rerankkit.train.weights import with_score_head

from .classifiers import QUERY, TEXTS, scores


def own_scores(model, tokenizer) -> list[float]:
    """PEFT's scores, each pair alone."""
    pairs = [tokenizer(QUERY, text, return_tensors="pt") for text in TEXTS]
    with torch.no_grad():
        return [
            model.eval()(input_ids=pair["input_ids"], attention_mask=pair["attention_mask"]).logits.item()
            for pair in pairs
        ]


def adapted(model, folder: Path, base: str, layer: str, seed: int) -> Path:
    """Adds an adapter with weights of its own to a model, and saves it under the name of a base."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(r=2, task_type="SEQ_CLS", target_modules=[layer], init_lora_weights=False)
    made = get_peft_model(model, config)
    made.save_pretrained(folder)
    change(folder, base_model_name_or_path=base)
    return folder


def change(folder: Path, **values) -> Path:
    """Sets fields of the adapter's configuration."""
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    return folder


@pytest.fixture
def one(tiny_llama, tmp_path):
    """An adapter beside a copy of its base, named by a relative path; it has no tokenizer. And PEFT's scores."""
    shutil.copytree(tiny_llama, tmp_path / "base")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tiny_llama, num_labels=1)
    adapted(model, tmp_path / "one", "../base", "q_proj", 1)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_llama)
    from peft import PeftModel

    fresh = transformers.AutoModelForSequenceClassification.from_pretrained(tiny_llama, num_labels=1)
    return tmp_path / "one", own_scores(PeftModel.from_pretrained(fresh, tmp_path / "one"), tokenizer)


def test_an_adapter_scores_as_in_peft_with_its_bases_tokenizer(one, caplog):
    folder, theirs = one
    with caplog.at_level("INFO"):
        assert scores(folder) == pytest.approx(theirs, abs=1e-5)
    assert f"{folder} is an adapter of {folder.parent / 'base'}" in caplog.text


def test_an_adapter_of_an_adapter(one, tiny_llama):
    from peft import PeftModel

    folder, _ = one
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_llama)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tiny_llama, num_labels=1)
    merged = PeftModel.from_pretrained(model, folder).merge_and_unload()
    two = adapted(merged, folder.parent / "two", "../one", "v_proj", 2)
    theirs = own_scores(PeftModel.from_pretrained(merged, two), tokenizer)
    assert theirs != pytest.approx(one[1], abs=1e-3)
    assert scores(two) == pytest.approx(theirs, abs=1e-5)


def test_a_training_starts_from_the_merged_weights(one):
    start = with_score_head(str(one[0]), 0)
    assert (start.architecture, start.fresh, hasattr(start.model, "peft_config")) == ("llm", [], False)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"base_model_name_or_path": None}, "the adapter names no base"),
        ({"base_model_name_or_path": "."}, "the adapter names itself as its base"),
        ({"base_model_name_or_path": "/no/where"}, "the base '/no/where' of the adapter is not there"),
        ({"base_model_name_or_path": "../no-where"}, "the base '../no-where' of the adapter is not there"),
        ({"base_model_name_or_path": "a" * 9000}, "of the adapter is not there"),
        ({"base_model_name_or_path": "a\0b"}, "of the adapter is not there"),
        ({"base_model_name_or_path": []}, "the field 'base_model_name_or_path' is []"),
        ({"base_model_name_or_path": "nobody/nothing"}, "cannot load nobody/nothing: "),
        ({"task_type": "CAUSAL_LM"}, "the adapter is for CAUSAL_LM, it has no score head"),
        ({"r": 10**9}, "the rank 1000000000"),
        ({"r": -1}, "the rank -1"),
        ({"rank_pattern": {"q_proj": 10**9}}, "the rank 1000000000"),
        ({"target_modules": "(q_proj+)+$"}, "the pattern '(q_proj+)+$' repeats a repetition"),
        ({"megatron_config": {"a": 1}}, "megatron_config is set"),
        ({"layer_replication": [[0, 2]]}, "layer_replication is set"),
        ({"peft_type": "NO_SUCH"}, "'NO_SUCH' is missing or unknown"),
        ({"target_modules": ["nothing"]}, "No modules were targeted"),
        ({"target_modules": ["q_proj", "k_proj"]}, "missing adapter keys"),
    ],
)
@pytest.mark.timeout(60)
def test_a_broken_configuration_is_told(one, values, problem):
    change(one[0], **values)
    with pytest.raises(InputError, match=re.escape(problem)) as caught:
        scores(one[0])
    assert caught.value.remedy


@pytest.mark.parametrize("text", ["", "1", "[]", "[" * 10_000, "{}", '{"base_model_naoe_or_path": "base"}'])
def test_what_is_no_configuration_is_told_with_its_file(one, text):
    path = one[0] / "adapter_config.json"
    path.write_text(text)
    for read in (lambda: scores(one[0]), lambda: digest_of_model(str(one[0])), lambda: adapter_base(one[0])):
        with pytest.raises(InputError) as caught:
            read()
        assert caught.value.path == path


def test_adapters_that_name_each_other(one):
    other = shutil.copytree(one[0], one[0].parent / "other")
    change(Path(other), base_model_name_or_path="../one")
    change(one[0], base_model_name_or_path="../other")
    for read in (lambda: scores(one[0]), lambda: digest_of_model(str(one[0]))):
        with pytest.raises(InputError, match="adapters that name each other"):
            read()


def test_weights_that_are_cut_missing_or_of_another_head(one):
    folder = one[0]
    weights = folder / "adapter_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-9])
    with pytest.raises(InputError, match="is cut"):
        scores(folder)
    weights.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(InputError, match="Git LFS pointer"):
        scores(folder)
    weights.unlink()
    with pytest.raises(InputError, match="the adapter has no weights"):
        scores(folder)


def test_a_head_drawn_at_random_is_no_score(one):
    from safetensors.torch import load_file, save_file

    path = one[0] / "adapter_model.safetensors"
    save_file({name: tensor for name, tensor in load_file(path).items() if "score" not in name}, path)
    with pytest.raises(InputError, match=r"neither the adapter .* nor its base .* holds a score head"):
        load_reranker(str(one[0]), Scoring("cpu"))
