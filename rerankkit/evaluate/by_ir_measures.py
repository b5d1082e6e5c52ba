"""The measures that are not computed here, by ir_measures: some queries at a time, since its dictionaries are large."""

from collections.abc import Iterable, Iterator, Sequence

import ir_measures
import numpy as np

from rerankkit.evaluate import pnr  # noqa: F401  (makes PNR known to ir_measures)
from rerankkit.evaluate.marks import Marks
from rerankkit.types import Qrels

HITS = 200_000
"""How many are in dictionaries at once."""

Values = dict[str, dict[str, float]]
"""measure -> qid -> value."""


def calculated(names: Iterable[str], marks: Marks, qrels: Qrels) -> tuple[dict[str, float], Values]:
    """The measures' values, and those of each query.

    What is not judged is given by made-up docids, and ranks as scores, so that every one of the tools behind
    ir_measures sees the same order, whatever it does with equal scores.
    """
    wanted = [ir_measures.parse_measure(name) for name in names]
    aggregators = {str(measure): measure.aggregator() for measure in wanted}
    by_query: Values = {name: {} for name in aggregators}
    for qids, run in _runs(marks, qrels):
        judged = {qid: dict(qrels[qid]) for qid in qids}
        for qid, measure, value in ir_measures.evaluator(wanted, judged).iter_calc(run):
            by_query[str(measure)][qid] = value
            aggregators[str(measure)].add(value)
    return {name: float(aggregator.result()) for name, aggregator in aggregators.items()}, by_query


def _runs(marks: Marks, qrels: Qrels) -> Iterator[tuple[Sequence[str], dict[str, dict[str, float]]]]:
    """Judged queries, and the run of those of them that it has; some at a time."""
    qids = marks.judgments.qids
    docids = [docid for grades in qrels.values() for docid in grades]
    prefix = _unused(docids)
    bounds = np.searchsorted(marks.query, np.arange(len(qids) + 1)).tolist()
    parts = np.cumsum(marks.lengths) // HITS
    for part in np.unique(parts):
        numbers = np.flatnonzero(parts == part).tolist()
        run = {}
        for number in numbers:
            length = int(marks.lengths[number])
            names = [f"{prefix}{rank}" for rank in range(length)]
            hits = slice(bounds[number], bounds[number + 1])
            for rank, judgment in zip(marks.rank[hits].tolist(), marks.judgment[hits].tolist(), strict=True):
                names[rank] = docids[judgment]
            if length:
                run[qids[number]] = {name: float(length - rank) for rank, name in enumerate(names)}
        yield [qids[number] for number in numbers], run


def _unused(docids: Iterable[str]) -> str:
    """A word with which no docid begins."""
    prefix = "-"
    while any(docid.startswith(prefix) for docid in docids):
        prefix += "-"
    return prefix
