"""A causal LLM computes what the pairs of a query begin with once, and keeps its keys and values for all of them.

A token's state follows from the tokens before it alone, so the scores are those of the plain pass. Our templates put
the query first: what is shared is the instruction, the query and the words before a title, whatever the candidates
have in common. Where this saves too few tokens the plain pass is faster, and is taken.
"""

import copy
import inspect
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from rerankkit.rerank.batches import pad
from rerankkit.rerank.pairs import Pair
from rerankkit.rerank.room import lacks_memory
from rerankkit.rerank.scorer import PairScorer, Plan, Whole

log = logging.getLogger(__name__)

LEAST_SAVED = 0.05
"""The least share of a window's tokens that must be saved; below it, what reuse costs itself is more."""
TOLERANCE = 1e-3
"""How far the two passes may part on the first pairs, in float32, before a model is taken for one that cannot reuse."""


@dataclass(frozen=True, slots=True)
class Split:
    """Pairs cut in two: `prefixes` are what several begin with, `of` each pair's prefix, `lengths` how much it takes.

    A pair that shares nothing takes 0 tokens of prefix 0.
    """

    prefixes: list[list[int]]
    of: list[int]
    lengths: list[int]
    saved: float

    @classmethod
    def by_query(cls, pairs: Sequence[Pair]) -> "Split":
        """The longest beginnings that all of a query's pairs have in common, but for each one's last token."""
        members: dict[tuple[int, ...], list[int]] = {}
        for place, pair in enumerate(pairs):
            members.setdefault(tuple(pair.ids[: pair.first]), []).append(place)
        of, lengths = [0] * len(pairs), [0] * len(pairs)
        prefixes: list[list[int]] = []
        saved = 0
        for places in members.values():
            if len(places) < 2:
                continue
            texts = [pairs[place].ids for place in places]
            length = min(_common(min(texts), max(texts)), min(map(len, texts)) - 1)
            for place in places:
                of[place], lengths[place] = len(prefixes), length
            prefixes.append(texts[0][:length])
            saved += (len(places) - 1) * length
        return cls(prefixes, of, lengths, saved / max(1, sum(len(pair.ids) for pair in pairs)))


def _common(one: Sequence[int], two: Sequence[int]) -> int:
    """How many tokens two texts begin with alike."""
    return next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


@dataclass
class Shared:
    """Only what follows the prefixes, whose keys and values are there."""

    scorer: "CausalScorer"
    pairs: Sequence[Pair]
    split: Split

    def __post_init__(self) -> None:
        self.rest = [Pair(pair.ids[cut:], 0) for pair, cut in zip(self.pairs, self.split.lengths, strict=True)]
        self.lengths = [len(pair.ids) for pair in self.rest]
        self.cache, self.sums = self.scorer.prefixes(self.split.prefixes)

    def forward(self, places: Sequence[int]) -> torch.Tensor:
        """The model's scores; prefixes of several queries stand in one batch, padded before what follows them."""
        scorer, split = self.scorer, self.split
        inputs = pad([self.rest[place] for place in places], scorer.model.config.pad_token_id, segments=False)
        before = torch.tensor([split.lengths[place] for place in places])[:, None]
        steps = torch.arange(max(map(len, split.prefixes)))
        mask = torch.cat([(steps < before).long(), inputs["attention_mask"]], dim=1)
        positions = before + torch.arange(inputs["input_ids"].shape[1])
        rows = torch.tensor([split.of[place] for place in places])
        told = scorer.placed({**inputs, "attention_mask": mask, "position_ids": positions, "rows": rows})
        rows = told.pop("rows")
        told[scorer.cache_name] = selected(self.cache, rows)
        if self.sums is not None:
            told["before"] = self.sums[rows] * mask[:, :1].to(rows.device)  # a pair without a prefix has none to add
        return scorer.model(**told, use_cache=True).logits[:, 0].float().cpu()


def selected(cache: Any, rows: torch.Tensor) -> Any:
    """A cache of the prefixes in these rows; the one given stays as it is."""
    chosen = copy.copy(cache)
    chosen.layers = [copy.copy(layer) for layer in cache.layers]
    chosen.batch_select_indices(rows)
    return chosen


def cache_name(model: Any) -> str:
    """What a causal LLM calls its cache; empty where it takes none, or no positions."""
    known = inspect.signature(model.base_model.forward).parameters
    names = [name for name in ("cache", "past_key_values") if name in known]
    return names[0] if names and "position_ids" in known else ""


@dataclass
class CausalScorer(PairScorer):
    """A PairScorer of a causal LLM whose padding stands on the right; its model has `base_model`, the layers alone.

    `reuses` tells whether it has been seen to give the same scores with kept prefixes; None before the first look.
    """

    reuses: bool | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.cache_name = cache_name(self.model)
        if not self.cache_name:
            self.reuses = False

    def plan(self, pairs: Sequence[Pair]) -> Plan:
        """Kept prefixes where they save enough, their model is seen to allow it, and there is memory for them."""
        whole = Whole(self, pairs)
        split = Split.by_query(pairs)
        useless = not split.prefixes or split.saved < LEAST_SAVED
        if self.reuses is False or useless or self._looks_back_less_than(max(whole.lengths)):
            return whole
        lacking = False
        try:
            if self.reuses is None:
                self.reuses = self._agrees(pairs, split)
            if self.reuses:
                return Shared(self, pairs, split)
        except (RuntimeError, MemoryError) as error:
            if not lacks_memory(error):
                raise
            lacking = True
        if lacking:
            log.warning("out of memory with the prefixes of %d queries, not kept", len(split.prefixes))
        return whole

    @torch.inference_mode()
    def prefixes(self, texts: Sequence[Sequence[int]]) -> tuple[Any, torch.Tensor | None]:
        """Keys and values of prefixes, padded on the right, and where tokens are averaged their states' sums."""
        from transformers import DynamicCache

        pairs = [Pair(list(ids), 0) for ids in texts]
        inputs = self.placed(pad(pairs, self.model.config.pad_token_id, segments=False))
        cache = DynamicCache(config=self.model.config)
        states = self.model.base_model(**inputs, **{self.cache_name: cache}, use_cache=True).last_hidden_state
        if not hasattr(self.model, "pools_by_mean"):
            return cache, None
        return cache, (states.float() * inputs["attention_mask"][:, :, None]).sum(1)

    def _agrees(self, pairs: Sequence[Pair], split: Split) -> bool:
        """Whether both passes give the first query's first two pairs the same scores in float32."""
        places = [place for place in range(len(pairs)) if split.lengths[place] and split.of[place] == 0][:2]
        first = [pairs[place] for place in places]
        with torch.autocast(self.device.type, enabled=False):
            plain = Whole(self, first).forward([0, 1]).numpy()
            reused = Shared(self, first, Split.by_query(first)).forward([0, 1]).numpy()
        if np.allclose(reused, plain, rtol=TOLERANCE, atol=TOLERANCE):
            return True
        log.info("prefixes are not kept: with them the model gives %s for %s", reused.tolist(), plain.tolist())
        return False

    def _looks_back_less_than(self, length: int) -> bool:
        """Whether attention is cut to the last so many tokens; padding between prefix and rest would be counted."""
        window = getattr(self.model.config, "sliding_window", None)
        return window is not None and length > window
