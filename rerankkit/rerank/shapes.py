"""Pairs to batches of few shapes: to prepare one that it has not seen takes a runtime longer than a pair.

Lengths are rounded up, and the number of pairs follows from the length, so that the shapes of one window are those of
the next.
"""

from collections.abc import Sequence

import numpy as np

from rerankkit.rerank.batches import padded
from rerankkit.rerank.pairs import Pair

STEP = 8
"""Lengths are multiples of it."""


def few_shapes(pairs: Sequence[Pair], batch_tokens: int, most: int) -> list[list[int]]:
    """The pairs' indices in batches, longest first; no rounded length is above `most`, and a long pair goes alone."""
    order = sorted(range(len(pairs)), key=lambda place: len(pairs[place].ids), reverse=True)
    batches, start = [], 0
    while start < len(order):
        size = max(1, batch_tokens // rounded(len(pairs[order[start]].ids), most))
        batches.append(order[start : start + size])
        start += size
    return batches


def rounded(length: int, most: int) -> int:
    """The length up to the next multiple of STEP, `most` at the most."""
    return min(-(-length // STEP) * STEP, most)


def padded_to_step(pairs: Sequence[Pair], pad_id: int, segments: bool, most: int) -> dict[str, np.ndarray]:
    """The model's inputs, padded to the rounded length of the longest."""
    inputs = padded(pairs, pad_id, segments)
    ids = inputs["input_ids"]
    more = rounded(ids.shape[1], most) - ids.shape[1]
    fill = {"input_ids": pad_id}
    return {
        name: np.pad(array, ((0, 0), (0, more)), constant_values=fill.get(name, 0)) for name, array in inputs.items()
    }
