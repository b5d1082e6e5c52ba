"""A BERT-like cross-encoder as a graph that other runtimes take over: token ids in, one logit a pair out.

Its score is read at the first token, so the last layer computes that token alone: the keys and values of all tokens,
but one query, one feed-forward. Of six layers this spares a seventh of the work, and changes no score.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from rerankkit.rerank.checkpoint import BERT_LIKE, positions
from rerankkit.rerank.quiet import quiet_export


def first_token(layer: Any, states: Tensor, mask: Tensor | None = None, *_: Any, **__: Any) -> Tensor:
    """What a BERT layer makes of its first token alone, [pair, 1, size].

    `mask` [pair, 1, 1 or token, token], as scaled_dot_product_attention takes it.
    """
    attention = layer.attention
    inner, first = attention.self, states[:, :1]

    def heads(projected: Tensor) -> Tensor:
        shape = (*projected.shape[:2], inner.num_attention_heads, inner.attention_head_size)
        return projected.view(shape).transpose(1, 2)

    seen = scaled_dot_product_attention(
        heads(inner.query(first)),
        heads(inner.key(states)),
        heads(inner.value(states)),
        attn_mask=None if mask is None else mask[:, :, :1],
        dropout_p=inner.dropout.p if layer.training else 0.0,
        scale=inner.scaling,
    )
    attended = attention.output(seen.transpose(1, 2).flatten(2), first)
    return layer.feed_forward_chunk(attended)


def is_bert_like(model: Any) -> bool:
    """Whether a model is a sequence classifier of transformers, one of BERT_LIKE, that reads its first token."""
    if not hasattr(model, "base_model_prefix"):
        return False
    return model.config.model_type in BERT_LIKE and not model.config.is_decoder


def spare_last_layer(model: Any) -> Any:
    """The same classifier; where it is BERT-like its last layer computes its first token alone from now on."""
    if is_bert_like(model) and model.config._attn_implementation in ("sdpa", "eager"):
        last = getattr(model, model.base_model_prefix).encoder.layer[-1]
        last.forward = partial(first_token, last)  # its weights keep their names
    return model


class ScoreGraph(nn.Module):
    """What is exported of a BERT-like classifier: embeddings, layers and head, without any branch on the inputs."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = spare_last_layer(model)
        self.inner = getattr(model, model.base_model_prefix)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
        """Logits [pair, 1] of ids [pair, token]; the mask is 1 for real tokens."""
        inner = self.inner
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        states = inner.embeddings(input_ids=input_ids, token_type_ids=types)
        if hasattr(inner, "embeddings_project"):
            states = inner.embeddings_project(states)
        mask = attention_mask[:, None, None, :] > 0
        for layer in inner.encoder.layer:
            states = layer(states, mask)
        if getattr(inner, "pooler", None) is not None:
            states = inner.pooler(states)
        return self.model.classifier(states)


def capture(graph: nn.Module, inputs: dict[str, Tensor]) -> Any:
    """The graph by torch.export, with any number of pairs and tokens."""
    pairs, tokens = torch.export.Dim("pairs", max=1 << 16), torch.export.Dim("tokens", max=positions(graph.model))
    shapes = {name: {0: pairs, 1: tokens} for name in inputs}
    with torch.no_grad(), quiet_export():
        return torch.export.export(graph.eval(), (), dict(inputs), dynamic_shapes=shapes)
