"""The model that both rerank and train use: pairs in, one raw score each."""

import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import nn

from rerankkit.errors import InputError
from rerankkit.rerank.batches import pad
from rerankkit.rerank.heads import head_name
from rerankkit.rerank.pairs import Pair, PairEncoder
from rerankkit.rerank.room import Room, Waiting, lacks_memory
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.windowed import SCORES, Windowed, check_finite
from rerankkit.roles import OnBatch

log = logging.getLogger(__name__)

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""Each name's dtype, those of `Scoring`."""


def has_fast_bf16(device: str | None = None) -> bool:
    """Whether a kind of device computes bfloat16 faster than float32; None is CUDA where it is there, else the CPU."""
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device == "cpu" and bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


class Float32Head(nn.Linear):
    """A linear layer that computes in float32 under autocast too: half-precision scores tie."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        with torch.autocast(input.device.type, enabled=False):
            bias = None if self.bias is None else self.bias.float()
            return nn.functional.linear(input.float(), self.weight.float(), bias)


def keep_head_in_float32(model: nn.Module) -> None:
    """Puts every linear layer of the score head under `Float32Head`, weights and names kept."""
    head = getattr(model, head_name(model))
    for module in head.modules():
        if type(module) is nn.Linear:
            module.__class__ = Float32Head


class Plan(Protocol):
    """How pairs are computed: how many tokens each one costs, and the scores of those in some places."""

    @property
    def lengths(self) -> Sequence[int]:
        """Tokens that are computed, by pair."""

    def forward(self, places: Sequence[int]) -> torch.Tensor:
        """One float32 score a place, on the CPU."""


@dataclass
class Whole:
    """Each pair from its first token to its last."""

    scorer: "PairScorer"
    pairs: Sequence[Pair]

    def __post_init__(self) -> None:
        self.lengths = [len(pair.ids) for pair in self.pairs]

    def forward(self, places: Sequence[int]) -> torch.Tensor:
        """The model's scores."""
        scorer = self.scorer
        pairs = [self.pairs[place] for place in places]
        inputs = scorer.placed(pad(pairs, scorer.model.config.pad_token_id, scorer.encoder.frame.segments))
        return scorer.model(**inputs).logits[:, 0].float().cpu()


@dataclass
class PairScorer(Windowed):
    """A Reranker: a sequence-classification model of one label with its encoder.

    A model that several share is told `at_work` whose turn it is.
    """

    model: Any
    encoder: PairEncoder
    scoring: Scoring
    on_batch: OnBatch | None = None
    at_work: Callable[[], object] | None = None

    def __post_init__(self) -> None:
        self.device = self.scoring.torch_device()
        self.dtype = DTYPES[self._dtype_name()]
        self.room = Room.on(self.device.type, self.scoring.batch_tokens)
        self.model.to(self.device).eval()

    def _dtype_name(self) -> str:
        if self.scoring.dtype != "auto":
            return self.scoring.dtype
        return "bfloat16" if has_fast_bf16(self.device.type) else "float32"

    def traits(self) -> dict[str, Any]:
        """What tells its scores from those of the same weights elsewhere."""
        told = {"architecture": type(self.model).__name__, "commit": getattr(self.model.config, "_commit_hash", None)}
        where = {"dtype": str(self.dtype).removeprefix("torch."), "device": self.device.type, "backend": "torch"}
        label = {} if self.scoring.label is None else {"label": self.scoring.label}
        return {"version": SCORES, **told, **where, **label, **self.encoder.traits()}

    @torch.inference_mode()
    def logits(self, pairs: Sequence[Pair], first: int = 0) -> list[float]:
        """The raw scores of pairs, in their order; `first` is the place of the first one for `on_batch`.

        A batch that finds no memory is halved, and the room for all later ones with it; it grows back by and by.
        """
        out = torch.empty(len(pairs))
        if self.at_work is not None:
            self.at_work()
        with self.precision():
            plan = self.plan(pairs)
            waiting = Waiting(plan.lengths, self.device.type)
            while waiting:
                batch = waiting.take(self.room.tokens)
                used, lacking = waiting.size(batch), ""
                try:
                    scores = plan.forward(batch)
                except (RuntimeError, MemoryError) as error:
                    if not lacks_memory(error):
                        raise
                    lacking = str(error).splitlines()[0] if str(error) else type(error).__name__
                if lacking:  # outside of `except`, whose error holds on to the tensors of the forward pass
                    waiting.give_back(batch)
                    plan = self._with_less(plan, pairs, batch, used, lacking)
                    continue
                self.room.fitted(used)
                out[torch.tensor(batch)] = scores
                check_finite(scores.tolist(), batch)
                if self.on_batch:
                    self.on_batch([first + i for i in batch], scores.tolist())
        return out.tolist()

    def plan(self, pairs: Sequence[Pair]) -> Plan:
        """How a window's pairs are computed."""
        return Whole(self, pairs)

    def precision(self) -> contextlib.AbstractContextManager[Any]:
        """Computes in the dtype while it lasts."""
        if self.dtype is torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)

    def placed(self, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Tensors on the device; to CUDA from pinned memory, so that the copy does not wait for the last batch."""
        if self.device.type != "cuda":
            return {name: tensor.to(self.device) for name, tensor in tensors.items()}
        return {name: tensor.pin_memory().to(self.device, non_blocking=True) for name, tensor in tensors.items()}

    def _with_less(self, plan: Plan, pairs: Sequence[Pair], batch: Sequence[int], used: int, told: str) -> Plan:
        """The plan after a lack of memory, the room being halved.

        Raises InputError for a pair that does not fit alone.
        """
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if len(batch) > 1:
            self.room.halve(used)
            log.warning("out of memory with %d pairs, halved", len(batch))
            return plan
        if not isinstance(plan, Whole):  # what it keeps takes memory too
            return Whole(self, pairs)
        raise InputError(
            f"one pair of {len(pairs[batch[0]].ids)} tokens is too long for the memory ({told})", "Lower --max-length"
        )
