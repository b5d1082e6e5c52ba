"""The model that both rerank and train use: pairs in, one raw score each."""

import contextlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import torch
from torch import nn

from rerankkit.errors import InputError
from rerankkit.rerank.batches import by_length, pad
from rerankkit.rerank.pairs import Lengths, Pair, PairEncoder
from rerankkit.roles import OnBatch
from rerankkit.types import Group

log = logging.getLogger(__name__)

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
WINDOW = 512
"""Pairs that are sorted by length together; finished queries come out a window at a time."""
SCORES = 1
"""Raised when the same weights give the same texts other scores than before: stored ones are then not taken."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """How a checkpoint is run."""

    device: str = "auto"
    dtype: str = "auto"
    batch_tokens: int = 4096
    max_length: int | None = None
    max_query_tokens: int | None = None

    def __post_init__(self) -> None:
        if self.dtype not in {"auto", *DTYPES}:
            raise InputError(f"unknown --dtype {self.dtype!r}", f"Known: auto, {', '.join(DTYPES)}")
        if self.batch_tokens < 1:
            raise InputError(f"--batch-tokens {self.batch_tokens} is not positive")
        if self.max_length is not None and self.max_length < 8:
            raise InputError(f"--max-length {self.max_length} is too small", "Give at least 8 tokens")
        if self.max_query_tokens is not None and self.max_query_tokens < 1:
            raise InputError(f"--max-query-tokens {self.max_query_tokens} is not positive")

    def lengths(self, kept: Lengths) -> Lengths:
        """A checkpoint's own lengths, under those that were asked for."""
        asked = self.max_length or kept.max_length, self.max_query_tokens or kept.max_query_tokens
        return replace(kept, max_length=asked[0], max_query_tokens=asked[1])

    def torch_device(self) -> torch.device:
        """The device asked for; `auto` is CUDA, then MPS, then the CPU."""
        if self.device == "auto":
            if torch.cuda.is_available():
                return torch.device("cuda")
            return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
        try:
            device = torch.device(self.device)
            torch.empty(1, device=device)
        except (RuntimeError, AssertionError) as error:
            raise InputError(f"--device {self.device}: {str(error).splitlines()[0]}", "See rerankkit doctor") from error
        return device


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
class PairScorer:
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

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        """One list of logits a group, in order; batches are cut across the queries of a window."""
        first = 0
        for window in windows(iter(groups)):
            pairs = [
                self.encoder.encode(group.query, [candidate.document for candidate in group.candidates])
                for group in window
            ]
            flat = [pair for of_query in pairs for pair in of_query]
            scores = iter(self.logits(flat, first))
            first += len(flat)
            for of_query in pairs:
                yield list(islice(scores, len(of_query)))
        self.encoder.tell_cuts()

    @property
    def max_length(self) -> int:
        """Tokens of a pair at the most, special tokens included."""
        return self.encoder.lengths.max_length

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Where each token of each text lies in it, from character to character."""
        return self.encoder.spans(texts)

    def forget(self) -> None:
        """Drops what the encoder kept of earlier pairs."""
        self.encoder.forget()

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


def windows(groups: Iterator[Group]) -> Iterator[list[Group]]:
    """The groups in lists of about WINDOW candidates."""
    window: list[Group] = []
    size = 0
    for group in groups:
        window.append(group)
        size += len(group.candidates)
        if size >= WINDOW:
            yield window
            window, size = [], 0
    if window:
        yield window
