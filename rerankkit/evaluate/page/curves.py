"""A run's two curves, averaged over the judged queries: precision at levels of recall, and nDCG by depth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rerankkit.progress import progress
from rerankkit.run import Run
from rerankkit.types import Qrels

LEVELS = tuple(level / 10 for level in range(11))
"""Recall, from 0 to 1: trec_eval's eleven points."""
DEPTHS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 70, 100, 150, 200, 300, 500, 700, 1000)
"""Cut-offs of nDCG; a curve ends at the first that no run goes beyond."""


@dataclass(frozen=True)
class Curves:
    """Interpolated precision at LEVELS and nDCG at the `depths`, the means over all judged queries.

    They are trec_eval's `iprec_at_recall` and `ndcg_cut`, a query that the run lacks being 0.
    """

    depths: tuple[int, ...]
    precision: tuple[float, ...]
    ndcg: tuple[float, ...]


def depths_for(runs: Iterable[Run]) -> tuple[int, ...]:
    """The cut-offs that say something of these runs: up to the longest list."""
    longest = max((len(run.scores(qid)) for run in runs for qid in run), default=1)
    return tuple(depth for i, depth in enumerate(DEPTHS) if i == 0 or DEPTHS[i - 1] < longest)


def curves(run: Run, qrels: Qrels, depths: Sequence[int]) -> Curves:
    """The curves of a run; a document of grade 1 or more is relevant."""
    precision, ndcg = np.zeros(len(LEVELS)), np.zeros(len(depths))
    for qid, grades in progress(qrels.items(), f"Curves of {run.tag}", len(qrels)):
        positive = {docid: grade for docid, grade in grades.items() if grade > 0}
        if not positive or qid not in run:
            continue
        docids = run.docids(qid)
        ranks = np.array([rank for rank, docid in enumerate(docids, 1) if docid in positive], dtype=np.int64)
        gains = np.array([positive[docids[rank - 1]] for rank in ranks], dtype=float)
        precision += _interpolated(ranks, len(positive))
        ndcg += _ndcg(ranks, gains, np.sort([*positive.values()])[::-1], depths)
    return Curves(tuple(depths), *(tuple((total / len(qrels)).tolist()) for total in (precision, ndcg)))


def _interpolated(ranks: np.ndarray, relevant: int) -> np.ndarray:
    """The highest precision at or below the rank of the document that reaches each level; 0 where none does."""
    found = len(ranks)
    if not found:
        return np.zeros(len(LEVELS))
    precision = np.arange(1, found + 1) / ranks
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    needed = np.maximum((np.array(LEVELS) * relevant + 0.9).astype(int), 1)  # as trec_eval rounds
    return np.where(needed <= found, highest[np.minimum(needed, found) - 1], 0.0)


def _ndcg(ranks: np.ndarray, gains: np.ndarray, ideal: np.ndarray, depths: Sequence[int]) -> np.ndarray:
    """nDCG at each depth, the gain being the grade."""
    best = np.cumsum(ideal / np.log2(np.arange(2, len(ideal) + 2)))
    reached = np.concatenate([[0.0], np.cumsum(gains / np.log2(ranks + 1))])
    at = np.searchsorted(ranks, depths, "right")
    return reached[at] / best[np.minimum(depths, len(ideal)) - 1]
