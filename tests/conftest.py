"""Tiny models and a toy collection, made on the spot: nothing is downloaded."""

import json
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # before the hub's client is imported: an unknown name must fail at once
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RERANKKIT_BACKEND"] = "torch"  # compiling even a tiny model takes seconds: those tests ask for it
os.environ.setdefault("OMP_NUM_THREADS", "1")

COLOURS = ("red", "green", "blue", "black", "white", "grey")
THINGS = ("cat", "dog", "bird", "fish", "river", "stone")
QUERIES = {"q1": "red", "q2": "green", "q3": "blue", "q4": "white"}
"""qid -> text."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much of what takes long is run."""
    parser.addoption("--fuzz", type=int, default=700, help="mutated files that the readers and commands are given")
    parser.addoption("--kills", type=int, help="how often each command is killed; a few fast ones without")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Keeps torch to one thread, where a test loads it at all."""
    os.environ["OMP_NUM_THREADS"] = "1"


def wordpiece() -> Any:
    """A BERT tokenizer of a few whole words; others fall into letters."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [*special, *COLOURS, *THINGS, *letters, *".,:!?", *(f"##{letter}" for letter in letters)]
    made = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        model_max_length=64,
        **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")},
    )


def byte_level(begins: bool = True, **special: str) -> Any:
    """A Llama tokenizer: byte-level BPE, `<s>` before every text unless told not, `</s>` only where asked for."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    names = ["<s>", "</s>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=names,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    texts = [
        f"Query: {one} {two}\nTitle: {one} {two}\nSummary: {one} {two}"
        for one, two in pairwise([*COLOURS, *THINGS] * 2)
    ]
    made.train_from_iterator(texts * 3, trainer)
    if begins:
        made.post_processor = processors.TemplateProcessing(
            single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", names.index("<s>"))]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", model_max_length=128, **special
    )


def bert_config(**changes: Any) -> Any:
    """Two layers of 32, no dropout."""
    from transformers import BertConfig

    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.1}
    return BertConfig(**{"vocab_size": 100, "max_position_embeddings": 64, **sizes, **still, **changes})


def llama_config(**changes: Any) -> Any:
    """Two layers of 32."""
    from transformers import LlamaConfig

    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    ids = {"num_key_value_heads": 1, "max_position_embeddings": 128, "bos_token_id": 0, "eos_token_id": 1}
    return LlamaConfig(**{**sizes, **ids, "initializer_range": 0.1, **changes})


def save(folder: Path, kind: str, config: Any, tokenizer: Any) -> Path:
    """A model of a class of transformers with weights drawn by seed 0, and its tokenizer, in a folder."""
    import torch
    import transformers
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    getattr(transformers, kind)(config).eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory) -> Path:
    """An encoder without a score head, where a student starts."""
    tokenizer = wordpiece()
    return save(tmp_path_factory.mktemp("models") / "tiny-bert", "BertModel", bert_config(), tokenizer)


@pytest.fixture(scope="session")
def bert_reranker(tmp_path_factory) -> Path:
    """Somebody else's cross-encoder: sequence classification with one label, no note of ours."""
    folder = tmp_path_factory.mktemp("models") / "bert-reranker"
    return save(folder, "BertForSequenceClassification", bert_config(num_labels=1), wordpiece())


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory) -> Path:
    """A causal LLM whose tokenizer knows no padding."""
    tokenizer = byte_level()
    config = llama_config(vocab_size=len(tokenizer))
    return save(tmp_path_factory.mktemp("models") / "tiny-llama", "LlamaForCausalLM", config, tokenizer)


@pytest.fixture(scope="session")
def smol_llama(tmp_path_factory) -> Path:
    """A causal LLM with SmolLM2's habits: nothing before a text, padding by the end of sequence."""
    tokenizer = byte_level(begins=False, pad_token="</s>")
    config = llama_config(vocab_size=len(tokenizer), pad_token_id=1)
    return save(tmp_path_factory.mktemp("models") / "smol-llama", "LlamaForCausalLM", config, tokenizer)


@pytest.fixture(scope="session")
def llama_reranker(tmp_path_factory) -> Callable[..., Path]:
    """Makes an LLM with a score head and our note; always the same weights, the tokenizer's special tokens as told."""
    from rerankkit.rerank.checkpoint import Note
    from rerankkit.rerank.pairs import Lengths

    def make(**special: str) -> Path:
        tokenizer = byte_level(**special)
        folder = tmp_path_factory.mktemp("models") / "llama-reranker"
        save(folder, "LlamaForSequenceClassification", llama_config(vocab_size=400, num_labels=1), tokenizer)
        config = json.loads((folder / "config.json").read_text())  # told before, it would zero the token's embedding
        (folder / "config.json").write_text(json.dumps({**config, "pad_token_id": tokenizer.pad_token_id}))
        Note("llm", Lengths(96)).write(folder)
        return folder

    return make


@pytest.fixture
def toy(tmp_path, monkeypatch) -> Path:
    """A folder to be in, with topics, documents, a first stage's run, qrels, clicks and a teacher's run."""
    monkeypatch.chdir(tmp_path)
    write_toy(tmp_path)
    return tmp_path


def write_toy(folder: Path) -> None:
    """Four queries over six documents each; document i is the better, the more (3 i + q) % 7."""
    documents = [f'{{"id": "{word}", "title": "{word}", "contents": "grey {word}"}}\n' for word in THINGS]
    (folder / "docs.jsonl").write_text("".join(documents))
    (folder / "topics.tsv").write_text("".join(f"{qid}\t{text}\n" for qid, text in QUERIES.items()))
    run, teacher, qrels, clicks = [], [], [], []
    for place, (qid, text) in enumerate(QUERIES.items()):
        worth = {word: (3 * i + place) % 7 for i, word in enumerate(THINGS)}
        run += [f"{qid} Q0 {word} {rank} {9 - rank} bm25\n" for rank, word in enumerate(THINGS, 1)]
        ranked = sorted(worth, key=worth.__getitem__, reverse=True)
        teacher += [
            f"{qid} Q0 {word} {rank} {11 + 4 * worth[word] / 3:.6f} teacher\n" for rank, word in enumerate(ranked, 1)
        ]
        qrels += [f"{qid} 0 {word} {min(worth[word] // 2, 2)}\n" for word in THINGS]
        clicks.append(f'{{"query": "{text}", "docid": "{ranked[0]}"}}\n')
    for name, lines in (("run.txt", run), ("teacher.txt", teacher), ("qrels.txt", qrels), ("clicks.jsonl", clicks)):
        (folder / name).write_text("".join(lines))
