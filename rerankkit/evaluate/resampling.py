"""Resampled queries: randomisation tests and bootstrap intervals of many mean differences at once.

All arrays of differences are [query, column]; a query that says nothing of a column is NaN there. Every column sees the
same draws.
"""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

CELLS = 1 << 22
"""How many are drawn at once."""
BLOCK = 10_000
"""How many rounds are held at once."""
ROUNDING = 1e-12
"""The share of all absolute differences by which a sum may miss another that is equal but for rounding."""


def randomisation(differences: np.ndarray, seed: int, rounds: int, keys: Sequence[str] | None = None) -> np.ndarray:
    """The two-sided p-value of each column: how often swapping systems at random differs as much (Fisher).

    Where few queries differ, all assignments are counted and p is exact; else the observed one counts as one more
    round, so that p is never 0. A column without a difference has 1, one of fewer than two queries NaN. The draws of a
    query follow from the seed and its key (its number by default) alone: neither the order of the queries nor others
    beside them change p.
    """
    known = np.isfinite(differences).sum(0)
    differences = np.where(np.isfinite(differences), differences, 0)
    observed = np.abs(differences.sum(0)) - ROUNDING * np.abs(differences).sum(0)
    some = np.flatnonzero(differences.any(1))
    named = [str(place) if keys is None else keys[place] for place in some.tolist()]
    extreme = np.ones(differences.shape[1])
    for swapped in _swapped(differences[some], named, seed, rounds):
        extreme += (np.abs(2 * swapped - differences.sum(0)) >= observed).sum(0)
    p = extreme / (rounds + 1)
    for column in np.flatnonzero((differences != 0).sum(0) <= np.log2(rounds)):
        changed = np.sort(differences[differences[:, column] != 0, column])
        signs = 1 - 2 * ((np.arange(1 << len(changed))[:, None] >> np.arange(len(changed))) & 1)
        p[column] = np.mean(np.abs(signs @ changed) >= observed[column])
    return np.where(known > 1, p, np.nan)


def _swapped(differences: np.ndarray, keys: Sequence[str], seed: int, rounds: int) -> Iterator[np.ndarray]:
    """The sums of each column over the queries that a round swaps, [round, column], some rounds at a time."""
    for block, start in enumerate(range(0, rounds, BLOCK)):
        size = min(BLOCK, rounds - start)
        sums = np.zeros((size, differences.shape[1]))
        at_once = max(1, CELLS // size)
        for first in range(0, len(keys), at_once):
            part = slice(first, first + at_once)
            bits = np.stack([_bits(f"{seed} {block} {key}", size) for key in keys[part]])
            sums += bits.T.astype(float) @ differences[part]
        yield sums


def _bits(key: str, count: int) -> np.ndarray:
    """So many random bits that follow from the key."""
    drawn = hashlib.shake_128(key.encode("utf-8", "surrogatepass")).digest((count + 7) // 8)
    return np.unpackbits(np.frombuffer(drawn, np.uint8), count=count)


def bootstrap(differences: np.ndarray, confidence: float, seed: int, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """The percentile interval of each column's mean, low and high ends; NaN for a column without a number.

    Queries are drawn with replacement (Sakai 2006, "Evaluating evaluation metrics based on the bootstrap").
    """
    if not len(differences):
        return (np.full(differences.shape[1], np.nan),) * 2
    known = np.isfinite(differences)
    both = np.hstack([np.where(known, differences, 0), known])
    means = [_means(draws @ both) for draws in _draws(len(differences), seed, rounds)]
    tail = (1 - confidence) / 2
    found = np.concatenate(means)
    ends = np.full((2, found.shape[1]), np.nan)
    some = known.any(0)
    ends[:, some] = np.nanquantile(found[:, some], [tail, 1 - tail], axis=0)
    return ends[0], ends[1]


def _means(sums: np.ndarray) -> np.ndarray:
    """Sums by counts, which stand beside them; NaN without any."""
    total, count = np.hsplit(sums, 2)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _draws(count: int, seed: int, rounds: int) -> Iterator[np.ndarray]:
    """How often each query is drawn, [round, query]."""
    random = np.random.default_rng(seed)
    at_once = max(1, CELLS // count)
    for start in range(0, rounds, at_once):
        size = min(at_once, rounds - start)
        drawn = random.integers(0, count, (size, count)) + count * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count).astype(float)
