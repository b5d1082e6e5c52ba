"""A BERT-like classifier on the tokens of its pairs alone, one after the other, without any padding.

Batches are padded to their longest pair; on a GPU, where few large ones are fastest, a fifth of them is padding. Here a
batch is one row of all pairs' tokens, and attention is told where each pair begins: the scores are the padded pass's.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from rerankkit.rerank.compiled import encoded
from rerankkit.rerank.graph import is_bert_like
from rerankkit.rerank.pairs import Pair, PairEncoder
from rerankkit.rerank.probe import built_in_probe
from rerankkit.rerank.scorer import PairScorer, Whole

log = logging.getLogger(__name__)

TOLERANCE = 0.05
"""How far the two passes may part on the probe's pairs, in half precision, before the padded one is taken for good."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Where each span of a row begins, and where the last one ends: int32 [span + 1]; and the longest one's length."""

    bounds: Tensor
    longest: int

    @classmethod
    def of(cls, lengths: Sequence[int]) -> "Spans":
        """Those of spans so long, one after the other."""
        bounds = np.concatenate([[0], np.cumsum(lengths)])
        return cls(torch.from_numpy(bounds.astype(np.int32)), max(lengths))


class Attention(Protocol):
    """Attention of each span of queries to the span of keys and values in its place."""

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, asks: Spans, told: Spans, scale: float) -> Tensor:
        """[token, head, size] of the same; `asks` are the queries' spans, `told` those of the keys."""


def flash(query: Tensor, key: Tensor, value: Tensor, asks: Spans, told: Spans, scale: float) -> Tensor:
    """FlashAttention for spans of any length (Dao 2023, arXiv 2307.08691), as torch brings it for CUDA."""
    from torch.nn.attention.varlen import varlen_attn

    places = asks.bounds, told.bounds, asks.longest, told.longest
    found = varlen_attn(query, key, value, *places, scale=scale)
    assert isinstance(found, Tensor)
    return found


def usable(model: Any, device: torch.device, dtype: torch.dtype) -> bool:
    """Whether a model can do without padding here: BERT-like, in half precision, on CUDA, with torch's kernel."""
    half = dtype in (torch.bfloat16, torch.float16)
    return device.type == "cuda" and half and is_bert_like(model) and bool(find_spec("torch.nn.attention.varlen"))


def agrees(scorer: PairScorer, attention: Attention) -> bool:
    """Whether both passes give the probe's first list the same scores; a warning where they do not."""
    encoder = PairEncoder(scorer.encoder.tokenizer, scorer.encoder.frame, scorer.encoder.lengths)  # counts for itself
    (pairs,) = encoded(encoder, built_in_probe()[:1])
    places = range(len(pairs))
    with torch.inference_mode(), scorer.precision():
        plain = Whole(scorer, pairs).forward(places).numpy()
        try:
            found = Unpadded(scorer, pairs, attention).forward(places).numpy()
        except (RuntimeError, NotImplementedError) as error:  # what a kernel says that is not made for this device
            log.warning("padded attention is used, torch's FlashAttention does not run here: %s", error)
            return False
    if np.allclose(found, plain, rtol=TOLERANCE, atol=TOLERANCE):
        return True
    log.warning("padded attention is used: without padding the model gives %s for %s", found[:4], plain[:4])
    return False


@dataclass
class Unpadded:
    """Each pair from its first token to its last, no token between them."""

    scorer: PairScorer
    pairs: Sequence[Pair]
    attention: Attention

    def __post_init__(self) -> None:
        self.lengths = [len(pair.ids) for pair in self.pairs]

    def forward(self, places: Sequence[int]) -> Tensor:
        """The model's scores."""
        scorer, pairs = self.scorer, [self.pairs[place] for place in places]
        spans, model = Spans.of([len(pair.ids) for pair in pairs]), scorer.model
        inner = getattr(model, model.base_model_prefix)
        told = scorer.placed({**_row(pairs, inner, scorer.encoder.frame.segments), "bounds": spans.bounds})
        spans = Spans(told.pop("bounds"), spans.longest)
        states = inner.embeddings(**told)
        if hasattr(inner, "embeddings_project"):
            states = inner.embeddings_project(states)
        states = states[0]
        firsts = torch.arange(len(pairs) + 1, dtype=torch.int32, device=states.device)
        *layers, last = inner.encoder.layer
        for layer in layers:
            states = self._layer(layer, states, states, spans, spans)
        states = self._layer(last, states[spans.bounds[:-1].long()], states, Spans(firsts, 1), spans)
        states = states[:, None]  # a pair's states are its first token's
        if getattr(inner, "pooler", None) is not None:
            states = inner.pooler(states)
        return model.classifier(states)[:, 0].float().cpu()

    def _layer(self, layer: Any, asking: Tensor, states: Tensor, asks: Spans, told: Spans) -> Tensor:
        """What a BERT layer makes of the tokens that ask, [token, size]."""
        inner = layer.attention.self

        def heads(projected: Tensor) -> Tensor:
            return projected.unflatten(-1, (inner.num_attention_heads, inner.attention_head_size))

        query, key, value = heads(inner.query(asking)), heads(inner.key(states)), heads(inner.value(states))
        seen = self.attention(query, key, value, asks, told, inner.scaling)
        return layer.feed_forward_chunk(layer.attention.output(seen.flatten(1), asking))


def _row(pairs: Sequence[Pair], inner: Any, segments: bool) -> dict[str, Tensor]:
    """The embeddings' inputs, [1, token]; positions begin anew with each pair, behind that of padding."""
    padding = inner.embeddings.position_embeddings.padding_idx
    start = 0 if padding is None else padding + 1
    ids = np.concatenate([pair.ids for pair in pairs])
    positions = np.concatenate([np.arange(start, start + len(pair.ids)) for pair in pairs])
    types = (
        np.concatenate([np.arange(len(pair.ids)) >= pair.first for pair in pairs]) if segments else np.zeros_like(ids)
    )
    named = {"input_ids": ids, "position_ids": positions, "token_type_ids": types}
    return {name: torch.from_numpy(values.astype(np.int64))[None] for name, values in named.items()}
