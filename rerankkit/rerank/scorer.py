"""The model that both rerank and train use: pairs in, one raw score each."""

import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from rerankkit.errors import InputError
from rerankkit.rerank.batches import by_length, pad
from rerankkit.rerank.pairs import Pair, PairEncoder
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.windowed import SCORES, Windowed
from rerankkit.roles import OnBatch

log = logging.getLogger(__name__)

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""Each name's dtype, those of `Scoring`."""


def has_fast_bf16() -> bool:
    """Whether the device computes bfloat16 faster than float32."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return bool(torch.cpu._is_avx512_bf16_supported())


class Float32Head(nn.Linear):
    """A linear layer that computes in float32 under autocast too: half-precision scores tie."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        with torch.autocast(input.device.type, enabled=False):
            bias = None if self.bias is None else self.bias.float()
            return nn.functional.linear(input.float(), self.weight.float(), bias)


def head_name(model: nn.Module) -> str:
    """The attribute that holds the score head, `classifier` in encoders and `score` in decoders.

    Raises InputError where the model has no head of one output.
    """
    for name in ("score", "classifier"):
        head = getattr(model, name, None)
        if head is not None:
            return name
    raise InputError("the model has no score head", "Train one: rerankkit sft --help")


def keep_head_in_float32(model: nn.Module) -> None:
    """Puts every linear layer of the score head under `Float32Head`, weights and names kept."""
    head = getattr(model, head_name(model))
    for module in head.modules():
        if type(module) is nn.Linear:
            module.__class__ = Float32Head


@dataclass
class PairScorer(Windowed):
    """A Reranker: a sequence-classification model of one label with its encoder."""

    model: Any
    encoder: PairEncoder
    scoring: Scoring
    on_batch: OnBatch | None = None

    def __post_init__(self) -> None:
        self.device = self.scoring.torch_device()
        self.dtype = DTYPES[self._dtype_name()]
        self.model.to(self.device).eval()

    def _dtype_name(self) -> str:
        if self.scoring.dtype != "auto":
            return self.scoring.dtype
        return "bfloat16" if self.device.type == "cuda" and torch.cuda.is_bf16_supported() else "float32"

    def traits(self) -> dict[str, Any]:
        """What tells its scores from those of the same weights elsewhere."""
        told = {"architecture": type(self.model).__name__, "commit": getattr(self.model.config, "_commit_hash", None)}
        where = {"dtype": str(self.dtype).removeprefix("torch."), "device": self.device.type, "backend": "torch"}
        return {"version": SCORES, **told, **where, **self.encoder.traits()}

    @torch.inference_mode()
    def logits(self, pairs: Sequence[Pair], first: int = 0) -> list[float]:
        """The raw scores of pairs, in their order; `first` is the place of the first one for `on_batch`."""
        out = torch.empty(len(pairs))
        half = self.dtype is not torch.float32
        with torch.autocast(self.device.type, dtype=self.dtype) if half else contextlib.nullcontext():
            waiting = by_length(pairs, self.scoring.batch_tokens)[::-1]
            while waiting:
                batch = waiting.pop()
                try:
                    scores = self._forward([pairs[i] for i in batch])
                except torch.OutOfMemoryError:
                    if len(batch) == 1:
                        raise InputError("one pair is too long for the memory", "Lower --max-length") from None
                    log.warning("out of memory with %d pairs, halved", len(batch))
                    waiting += [batch[len(batch) // 2 :], batch[: len(batch) // 2]]
                    continue
                out[torch.tensor(batch)] = scores
                if self.on_batch:
                    self.on_batch([first + i for i in batch], scores.tolist())
        return out.tolist()

    def _forward(self, pairs: Sequence[Pair]) -> torch.Tensor:
        inputs = pad(pairs, self.model.config.pad_token_id, self.encoder.frame.segments)
        inputs = {name: tensor.to(self.device) for name, tensor in inputs.items()}
        return self.model(**inputs).logits[:, 0].float().cpu()
