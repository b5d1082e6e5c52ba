"""`rerankkit rerank --model`: what a name stands for, labels, and models of other prompts."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.trec import read_run

FILES = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl", "--no-store"]


def rerank(*arguments: str, code: int = 0) -> str:
    """What the command says; it ends with that exit code."""
    result = CliRunner().invoke(main, ["rerank", *FILES, "--output", "out.txt", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_a_label_turns_the_order_around(toy, bert_reranker):
    from transformers import AutoConfig, AutoModelForSequenceClassification

    folder = shutil.copytree(bert_reranker, toy / "two")
    config = AutoConfig.from_pretrained(folder, num_labels=2)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    assert "rerankkit rerank --label 1" in rerank("--model", "./two", code=2)
    orders = []
    for label in ("0", "1"):
        rerank("--model", "./two", "--label", label)
        run = read_run("out.txt")
        orders.append({qid: list(run.docids(qid)) for qid in run})
    assert orders[0] == {qid: order[::-1] for qid, order in orders[1].items()}


def test_a_model_of_another_prompt_needs_the_option(toy, tiny_llama):
    shutil.copytree(tiny_llama, toy / "rank_vicuna_7b_v1")
    said = rerank("--model", "./rank_vicuna_7b_v1", code=2)
    assert "is of the family RankVicuna" in said
    assert not Path("out.txt").exists()
    rerank("--model", "./rank_vicuna_7b_v1", "--any-prompt")
    assert len(read_run("out.txt")) == 4


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bert-distiled", "no model named 'bert-distiled'. Did you mean bert-distilled? See rerankkit models"),
        ("minilm-l12", "no model named 'minilm-l12'. Did you mean minilm-l6?"),
        ("llm", "llm is an architecture, not a model. Give a checkpoint's folder"),
        ("run.txt", "run.txt: is a file, where a model's folder is expected"),
        (
            "nobody/nothing",
            "cannot load nobody/nothing: it is no folder, not in the hub's cache, and HF_HUB_OFFLINE is set",
        ),
    ],
)
def test_an_unknown_name_is_told_at_once(toy, name, message):
    assert f"Error: {message}" in rerank("--model", name, code=2)


def test_no_remedy_leads_in_a_circle(toy, tiny_bert):
    """What rerank sends to sft is a model that sft takes, and rerank then scores."""
    from transformers import T5Config, T5ForConditionalGeneration

    folder = shutil.copytree(tiny_bert, toy / "t5")
    sizes = {"vocab_size": 100, "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2}
    T5ForConditionalGeneration(
        T5Config(**sizes, pad_token_id=0, eos_token_id=3, decoder_start_token_id=0)
    ).save_pretrained(folder)
    assert "t5 has no score head (T5ForConditionalGeneration). Train one: rerankkit sft --model t5" in rerank(
        *("--model", "./t5"), code=2
    )
    training = ["--qrels", "qrels.txt", "--group-size", "3", "--max-length", "32", "--use-cpu", "--no-bf16"]
    given = [*FILES[:-1], *training, "--model", "./t5", "--max-steps", "1", "--output", "trained"]
    result = CliRunner().invoke(main, ["sft", *given])
    assert result.exit_code == 0, result.output
    rerank("--model", "./trained")
    assert len(read_run("out.txt")) == 4
