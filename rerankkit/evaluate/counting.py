"""Counts of pairs in n log n: how many values of a stretch lie below a limit, for many stretches at once."""

import numpy as np


def smaller_between(
    values: np.ndarray, starts: np.ndarray, ends: np.ndarray, limits: np.ndarray, side: str = "left"
) -> np.ndarray:
    """For each i, how many of `values[starts[i]:ends[i]]` are below `limits[i]`; with side "right", at most it.

    A wavelet matrix (Claude and Navarro 2012, "The Wavelet Matrix"): the values' ranks are partitioned bit by bit, and
    each stretch follows its limit's bits.
    """
    levels = np.unique(values)
    ranks = np.searchsorted(levels, values).astype(np.int32)  # half the memory to walk through
    bounds = np.searchsorted(levels, limits, side).astype(np.int32)  # type: ignore[call-overload]
    starts, ends = starts.astype(np.int32), ends.astype(np.int32)
    found = np.zeros(len(limits), np.int64)
    for bit in reversed(range(len(levels).bit_length())):
        high = (ranks >> bit) & 1
        low_before = np.concatenate([[0], np.cumsum(1 - high)]).astype(np.int32)
        low_starts, low_ends = low_before[starts], low_before[ends]
        above = ((bounds >> bit) & 1).astype(bool)
        found += np.where(above, low_ends - low_starts, 0)
        starts = np.where(above, low_before[-1] + starts - low_starts, low_starts)
        ends = np.where(above, low_before[-1] + ends - low_ends, low_ends)
        ranks = np.concatenate([ranks[high == 0], ranks[high == 1]])
    return found
