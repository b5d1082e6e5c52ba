"""Tiny classifiers of many families, their scores by transformers, and ours."""

import inspect
from collections.abc import Mapping
from pathlib import Path

import torch
import transformers

from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scoring import Scoring
from rerankkit.types import Candidate, Document, Group, Query

QUERY = "red cat"
TEXTS = ("green dog", "black river in stone", "red cat", "the white bird is near the black stone")
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
ENCODER = {**SIZES, "vocab_size": 100, "max_position_embeddings": 80, "pad_token_id": 0, "initializer_range": 0.3}
ENDS = {"bos_token_id": 0, "eos_token_id": 1, "initializer_range": 0.3}
DECODER = {**SIZES, **ENDS, "num_key_value_heads": 1, "max_position_embeddings": 80, "pad_token_id": None}
BART = {f"{part}_{name}": 2 for part in ("encoder", "decoder") for name in ("layers", "attention_heads")}
BART |= {"encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "d_model": 32, "vocab_size": 100, "init_std": 0.3}
ENCODERS = {
    "Bert": ENCODER,
    "Roberta": ENCODER,
    "XLMRoberta": ENCODER,
    "Electra": {**ENCODER, "embedding_size": 16},
    "DistilBert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "vocab_size": 100},
    "Albert": {**ENCODER, "embedding_size": 16},
    "DebertaV2": {**ENCODER, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "MPNet": {**ENCODER, "pad_token_id": 1},
    "ModernBert": {**ENCODER, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3},
    "Bart": {**BART, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "decoder_start_token_id": 3},
    "T5": {"vocab_size": 100, "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2}
    | {"pad_token_id": 0, "eos_token_id": 3, "decoder_start_token_id": 0},
}
DECODERS = {
    "Llama": DECODER,
    "Mistral": DECODER,
    "Qwen2": DECODER,
    "Qwen3": {**DECODER, "head_dim": 16},
    "Gemma": {**DECODER, "head_dim": 16},
    "GPT2": {**ENDS, "n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 80, "pad_token_id": None},
}
CLASSIFIER = "ForSequenceClassification"


def made(folder: Path, family: str, tokenizers: Mapping[bool, Path], **changes) -> Path:
    """A classifier of a family with one label, and a tokenizer: that of encoders for True, of decoders for False.

    Decoders have no padding token.
    """
    torch.manual_seed(0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tokenizers[family in ENCODERS])
    sizes = ENCODERS.get(family) or {**DECODERS[family], "vocab_size": len(tokenizer)}
    labels = {} if "id2label" in changes else {"num_labels": 1}
    config = getattr(transformers, f"{family}Config")(**{**labels, **sizes, **changes})
    getattr(transformers, family + CLASSIFIER)(config).eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def logits(folder: Path) -> torch.Tensor:
    """The scores of transformers itself, each pair alone, [pair, label]."""
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    known = inspect.signature(model.forward).parameters
    pairs = [tokenizer(QUERY, text, return_tensors="pt") for text in TEXTS]
    with torch.no_grad():
        return torch.cat([model(**{n: t for n, t in pair.items() if n in known}).logits for pair in pairs])


def scores(folder: Path, **options) -> list[float]:
    """Ours, all pairs in one padded batch."""
    group = Group(Query("q", QUERY), [Candidate(Document(str(i), "", text), 0.0) for i, text in enumerate(TEXTS)])
    (found,) = load_reranker(str(folder), Scoring("cpu", "float32", **options)).score([group])
    return found
