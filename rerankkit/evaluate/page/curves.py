"""A run's two curves, averaged over the judged queries: precision at levels of recall, and nDCG by depth."""

from dataclasses import dataclass

import numpy as np

from rerankkit.evaluate.marks import Marks, marks_of, places
from rerankkit.evaluate.measure_names import parse_measures
from rerankkit.evaluate.measures import measured
from rerankkit.run import Run
from rerankkit.types import Qrels

LEVELS = tuple(level / 10 for level in range(11))
"""Recall, from 0 to 1: trec_eval's eleven points."""
DEPTHS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 70, 100, 150, 200, 300, 500, 700, 1000)
"""Cut-offs of nDCG."""


@dataclass(frozen=True)
class Curves:
    """Interpolated precision at LEVELS and nDCG at the `depths`, the means over all judged queries.

    They are trec_eval's `iprec_at_recall` and `ndcg_cut`, a query that the run lacks being 0.
    """

    precision: tuple[float, ...]
    ndcg: tuple[float, ...]


def curves(run: Run, qrels: Qrels, rel: int = 1) -> Curves:
    """The curves of a run; for precision a document of grade `rel` or more is relevant."""
    marks = marks_of(run, qrels)
    measures = parse_measures([f"nDCG@{depth}" for depth in DEPTHS])
    return Curves(_precision(marks, rel), tuple(measured(marks, measures, run.tag).values.values()))


def depths_to(deepest: int) -> list[int]:
    """The cut-offs that say something of lists of up to so many documents."""
    return [depth for i, depth in enumerate(DEPTHS) if i == 0 or DEPTHS[i - 1] < deepest]


def _precision(marks: Marks, rel: int) -> tuple[float, ...]:
    """At each level the highest precision at or below the rank of the document that reaches it, or 0."""
    judgments = marks.judgments
    queries = len(judgments.qids)
    relevant = np.bincount(judgments.query[judgments.grade >= rel], minlength=queries)
    hits = marks.chosen(marks.grade >= rel)
    found = np.bincount(hits.query, minlength=queries)
    precision = (places(hits.query) + 1) / (hits.rank + 1)
    ahead = 2.0 * (queries - hits.query)  # keeps the queries apart: no precision is over 1
    highest = (np.maximum.accumulate((precision + ahead)[::-1])[::-1]) - ahead
    first = np.cumsum(found) - found
    means = []
    for level in LEVELS:
        needed = np.maximum((level * relevant + 0.9).astype(int), 1)  # as trec_eval rounds
        reached = found >= needed
        means.append(float(highest[(first + needed - 1)[reached]].sum()) / queries)
    return tuple(means)
