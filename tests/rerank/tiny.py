"""Tiny models of each kind without weights of anybody's, and lists for them."""

import random
from itertools import pairwise

import torch
import transformers
from torch.nn.functional import scaled_dot_product_attention

from rerankkit.types import Candidate, Document, Group, Query

SIZES = {
    "vocab_size": 100,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "num_labels": 1,
    "initializer_range": 0.2,
}
KINDS = ["Bert", "Roberta", "XLMRoberta", "Camembert", "Electra"]


def model_of(kind: str):
    """A sequence classifier of three layers, always the same."""
    torch.manual_seed(0)
    sizes = {**SIZES, "embedding_size": 16} if kind == "Electra" else SIZES
    config = getattr(transformers, f"{kind}Config")(**sizes)
    return getattr(transformers, f"{kind}ForSequenceClassification")(config).eval()


WORDS = ["red", "green", "blue", "cat", "dog", "bird", "fish"]


def groups(count: int = 5, size: int = 7, seed: int = 1) -> list[Group]:
    """Groups of documents of one to 30 words."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        texts = [" ".join(chance.choices(WORDS, k=chance.randint(1, 30))) for _ in range(size)]
        candidates = tuple(Candidate(Document(f"{number}/{i}", "dog", text), 0.0) for i, text in enumerate(texts))
        made.append(Group(Query(str(number), " ".join(chance.choices(WORDS, k=3))), candidates))
    return made


def by_span(query, key, value, asks, told, scale):
    """What the kernel of CUDA computes, a span at a time."""
    parts = [
        scaled_dot_product_attention(
            *(t.transpose(0, 1)[None] for t in (query[a:b], key[c:d], value[c:d])), scale=scale
        )[0].transpose(0, 1)
        for (a, b), (c, d) in zip(pairwise(asks.bounds), pairwise(told.bounds), strict=True)
    ]
    assert max(part.shape[0] for part in parts) == asks.longest
    return torch.cat(parts)
