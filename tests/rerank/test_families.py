"""Published rerankers with prompts of their own are recognised, and refused unless any prompt is allowed."""

import json
import logging
import shutil
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import Note
from rerankkit.rerank.families import FAMILIES, check_prompt, family_of
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scoring import Scoring


def configured(folder: Path, name: str, **config) -> Path:
    """A folder of that name with a configuration alone."""
    made = folder / name
    made.mkdir(parents=True)
    (made / "config.json").write_text(
        json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"], **config})
    )
    return made


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Qwen/Qwen3-Reranker-0.6B", "Qwen3-Reranker"),
        ("tomaarsen/Qwen3-Reranker-4B-seq-cls", "Qwen3-Reranker"),
        ("mixedbread-ai/mxbai-rerank-large-v2", "mxbai-rerank-v2"),
        ("BAAI/bge-reranker-v2-gemma", "bge-reranker-v2-gemma"),
        ("BAAI/bge-reranker-v2-minicpm-layerwise", "bge-reranker-v2-minicpm-layerwise"),
        ("BAAI/bge-reranker-v2.5-gemma2-lightweight", "bge-reranker-v2.5-gemma2-lightweight"),
        ("castorini/rank_zephyr_7b_v1_full", "RankZephyr"),
        ("castorini/rank_vicuna_7b_v1", "RankVicuna"),
        ("castorini/first_mistral", "FIRST"),
        ("rryisthebest/First_Model", "FIRST"),
        ("castorini/LiT5-Distill-base", "LiT5"),
        ("castorini/monot5-base-msmarco-10k", "monoT5"),
        ("unicamp-dl/InRanker-base", "monoT5"),
        ("castorini/duot5-3b-msmarco", "duoT5"),
        ("castorini/rankllama-v1-7b-lora-passage", "RankLLaMA"),
        ("jhu-clsp/rank1-7b", "Rank1"),
        ("jhu-clsp/FollowIR-7B", "FollowIR"),
        ("jinaai/jina-reranker-v2-base-multilingual", "jina-reranker-v2"),
        ("jinaai/jina-reranker-v3", "jina-reranker-v3"),
        ("zeroentropy/zerank-1", "zerank"),
        ("ContextualAI/ctxl-rerank-v2-instruct-multilingual-1b", "ctxl-rerank-v2"),
        ("nvidia/llama-3.2-nv-rerankqa-1b-v2", "NVIDIA's LLM rerankers"),
    ],
)
def test_a_published_model_is_known_by_id_folder_and_origin(tmp_path, name, family):
    folder = configured(tmp_path, name.rpartition("/")[2])
    other = configured(tmp_path, "mine", _name_or_path=name)
    card = configured(tmp_path, "carded")
    (card / "README.md").write_text(f"---\nlicense: mit\n---\n\n# {name.rpartition('/')[2]}\n\nA reranker.\n")
    assert [found and found.name for found in map(family_of, (name, str(folder), str(other), str(card)))] == [
        family
    ] * 4


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("mxbai-rerank-base-v1", "DebertaV2ForSequenceClassification"),
        ("bge-reranker-v2-m3", "XLMRobertaForSequenceClassification"),
        ("bge-reranker-base", "XLMRobertaForSequenceClassification"),
        ("ms-marco-MiniLM-L6-v2", "BertForSequenceClassification"),
        ("student-of-monot5", "BertForSequenceClassification"),
        ("SmolLM2-135M-Instruct", "LlamaForCausalLM"),
        ("Qwen3-0.6B", "Qwen3ForCausalLM"),
        ("gemma-2b", "GemmaForCausalLM"),
    ],
)
def test_plain_models_are_of_no_family(tmp_path, name, classes):
    assert family_of(str(configured(tmp_path, name, architectures=[classes]))) is None


def test_qwen3_rerankers_are_known_by_their_configuration_and_template(tmp_path):
    sizes = {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "hidden_size": 1024}
    assert family_of(str(configured(tmp_path, "a", **sizes, vocab_size=151936))) is None
    assert family_of(str(configured(tmp_path, "b", **sizes, vocab_size=151669))).name == "Qwen3-Reranker"
    asked = configured(tmp_path, "c", **sizes)
    text = "Judge whether the Document meets the requirements based on the Query"
    (asked / "tokenizer_config.json").write_text(json.dumps({"chat_template": text}))
    assert family_of(str(asked)).name == "Qwen3-Reranker"
    converted = configured(tmp_path, "d", **sizes, is_original_qwen3_reranker=True)
    assert family_of(str(converted)).name == "Qwen3-Reranker"


def test_a_model_that_answers_by_its_modules_is_refused(tmp_path):
    folder = configured(tmp_path, "asks")
    modules = [{"type": f"sentence_transformers.{one}", "path": ""} for one in ("Transformer", "LogitScore")]
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(InputError, match=r"answers to its own chat template .LogitScore in modules.json."):
        check_prompt(str(folder))


def test_the_message_names_family_and_option_which_is_obeyed(tiny_llama, tmp_path, caplog):
    folder = shutil.copytree(tiny_llama, tmp_path / "rank_zephyr_7b_v1_full")
    with pytest.raises(InputError, match=r"RankZephyr, which expects a list of numbered passages.*--any-prompt"):
        load_reranker(str(folder), Scoring("cpu"))
    with caplog.at_level(logging.WARNING):
        load_reranker(str(folder), Scoring("cpu", any_prompt=True))
    (line,) = [record.getMessage() for record in caplog.records]
    assert "'Query: …\\nDocument: …\\nRelevant (yes or no):'" in line
    assert "logit(' yes') - logit(' no')" in line


def test_what_was_trained_here_is_scored_by_its_own_prompt(llama_reranker, tmp_path):
    folder = Path(shutil.copytree(llama_reranker(), tmp_path / "Qwen3-Reranker-tuned"))
    Note("llm").write(folder)
    load_reranker(str(folder), Scoring("cpu"))


def test_texts_that_a_tokenizer_glues_are_told_once(smol_llama, bert_reranker, tmp_path, caplog):
    from transformers import AutoModelForSequenceClassification

    folder = shutil.copytree(smol_llama, tmp_path / "glued")
    AutoModelForSequenceClassification.from_pretrained(smol_llama, num_labels=1).save_pretrained(folder)
    with caplog.at_level(logging.WARNING):
        load_reranker(str(bert_reranker), Scoring("cpu"))
        assert caplog.records == []
        load_reranker(str(folder), Scoring("cpu"))
    (line,) = [record.getMessage() for record in caplog.records]
    told = "its tokenizer puts nothing between query and document, they are scored as one text"
    assert line == f"{folder}: {told}: '{{query}}{{title}}. {{text}}'"


def test_names_of_families_are_distinct():
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
