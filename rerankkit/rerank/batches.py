"""Pairs to padded batches: sorted by length, cut by a token budget, across queries."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rerankkit.rerank.pairs import Pair
from rerankkit.types import Group

if TYPE_CHECKING:
    import torch

WINDOW = 512
"""Pairs that are sorted by length together; finished queries come out a window at a time."""


def windows(groups: Iterable[Group], size: int | None = None) -> Iterator[list[Group]]:
    """The groups in lists of about `size` candidates, WINDOW by default."""
    most = size or WINDOW
    window: list[Group] = []
    held = 0
    for group in groups:
        window.append(group)
        held += len(group.candidates)
        if held >= most:
            yield window
            window, held = [], 0
    if window:
        yield window


def by_length(pairs: Sequence[Pair], batch_tokens: int) -> list[list[int]]:
    """The pairs' indices in batches whose padded size stays in the budget, longest first; a long pair goes alone."""
    order = sorted(range(len(pairs)), key=lambda index: len(pairs[index].ids), reverse=True)
    batches: list[list[int]] = []
    for index in order:
        if not batches or (len(batches[-1]) + 1) * len(pairs[batches[-1][0]].ids) > batch_tokens:
            batches.append([])
        batches[-1].append(index)
    return batches


def pad(pairs: Sequence[Pair], pad_id: int, segments: bool) -> "dict[str, torch.Tensor]":
    """The model's inputs, padded on the right: input_ids, attention_mask and, with segments, token_type_ids.

    Each is a long tensor [pair, token].
    """
    import torch

    return {name: torch.from_numpy(array) for name, array in padded(pairs, pad_id, segments).items()}


def padded(pairs: Sequence[Pair], pad_id: int, segments: bool) -> dict[str, np.ndarray]:
    """What `pad` returns, as int64 arrays."""
    longest = max(len(pair.ids) for pair in pairs)
    ids = np.full((len(pairs), longest), pad_id, dtype=np.int64)
    mask = np.zeros_like(ids)
    types = np.zeros_like(ids)
    for row, pair in enumerate(pairs):
        length = len(pair.ids)
        ids[row, :length] = pair.ids
        mask[row, :length] = 1
        types[row, pair.first : length] = 1
    inputs = {"input_ids": ids, "attention_mask": mask}
    return {**inputs, "token_type_ids": types} if segments else inputs
