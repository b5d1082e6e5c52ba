"""The measures that are not computed here, by ir_measures: some queries at a time, since its dictionaries are large."""

from collections.abc import Iterable, Iterator, Mapping

import ir_measures
import numpy as np

from rerankkit.evaluate import pnr  # noqa: F401  (makes PNR known to ir_measures)
from rerankkit.evaluate.marks import Marks

HITS = 200_000
"""How many are in dictionaries at once."""

Values = Mapping[str, Mapping[str, float]]
"""measure -> qid -> value."""


def calculated(names: Iterable[str], marks: Marks) -> tuple[dict[str, float], Values]:
    """The measures' values, and those of each query.

    Queries and documents are given by numbers, since some of the tools behind ir_measures read no other names, and
    ranks as scores, so that all of them see the same order, whatever they do with equal scores.
    """
    wanted = [ir_measures.parse_measure(name) for name in names]
    aggregators = {str(measure): measure.aggregator() for measure in wanted}
    by_query: dict[str, dict[str, float]] = {name: {} for name in aggregators}
    for qrels, run in _numbered(marks):
        for number, measure, value in ir_measures.evaluator(wanted, qrels).iter_calc(run):
            by_query[str(measure)][marks.judgments.qids[int(number)]] = value
            aggregators[str(measure)].add(value)
    return {name: float(aggregator.result()) for name, aggregator in aggregators.items()}, by_query


def _numbered(marks: Marks) -> Iterator[tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]]]:
    """Qrels of some queries at a time, and the run of those of them that it has."""
    queries = np.arange(len(marks.lengths) + 1)
    judged = np.searchsorted(marks.judgments.query, queries).tolist()
    marked = np.searchsorted(marks.query, queries).tolist()
    parts = np.cumsum(marks.lengths) // HITS
    for part in np.unique(parts):
        qrels, run = {}, {}
        for number in np.flatnonzero(parts == part).tolist():
            places = range(judged[number], judged[number + 1])
            grades = marks.judgments.grade[places.start : places.stop].tolist()
            qrels[str(number)] = dict(zip(map(str, places), grades, strict=True))
            length, hits = int(marks.lengths[number]), slice(marked[number], marked[number + 1])
            names = [f"-{rank}" for rank in range(length)]  # of the unjudged
            for rank, place in zip(marks.rank[hits].tolist(), marks.judgment[hits].tolist(), strict=True):
                names[rank] = str(place)
            if length:
                run[str(number)] = {name: float(length - rank) for rank, name in enumerate(names)}
        yield qrels, run
