"""The measures that are not computed here, by ir_measures: some queries at a time, since its dictionaries are large."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import ir_measures
import numpy as np
from ir_measures import Metric

from rerankkit.errors import InputError
from rerankkit.evaluate import pnr  # noqa: F401  (makes PNR known to ir_measures)
from rerankkit.evaluate.marks import Marks
from rerankkit.evaluate.measure_names import REFUSALS

ERR_GRADE = 4
"""gdeval's highest."""
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
    _check_grades(wanted, marks)
    aggregators = {str(measure): measure.aggregator() for measure in wanted}
    by_query: dict[str, dict[str, float]] = {name: {} for name in aggregators}
    for qrels, run in _numbered(marks):
        for number, measure, value in _metrics(wanted, qrels, run):
            by_query[str(measure)][marks.judgments.qids[int(number)]] = value
            aggregators[str(measure)].add(value)
    return {name: float(aggregator.result()) for name, aggregator in aggregators.items()}, by_query


def _check_grades(wanted: Sequence[Any], marks: Marks) -> None:
    """Raises InputError for a grade that the tool behind a measure does not take."""
    highest = int(marks.judgments.grade.max(initial=0))
    for measure in wanted:
        if measure.NAME == "ERR" and highest > ERR_GRADE:
            raise InputError(
                f"{measure} is undefined for grade {highest}: gdeval, which computes it, takes up to {ERR_GRADE}",
                f"Map the grades to 0 to {ERR_GRADE}, or use another measure, e.g. nDCG@10",
            )


def _metrics(wanted: Sequence[Any], qrels: Mapping[str, Any], run: Mapping[str, Any]) -> Iterator[Metric]:
    """The metrics of ir_measures; a query in which a measure divides by 0 has none.

    So does Accuracy where every document of the run is relevant. Raises InputError for any other failure.
    """
    try:
        yield from list(ir_measures.evaluator(wanted, qrels).iter_calc(run))
    except ZeroDivisionError:
        if len(wanted) > 1:
            yield from (metric for measure in wanted for metric in _metrics([measure], qrels, run))
        elif len(qrels) > 1:
            yield from (
                metric
                for qid, grades in qrels.items()
                for metric in _metrics(wanted, {qid: grades}, {qid: run[qid]} if qid in run else {})
            )
    except REFUSALS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        names = ", ".join(map(str, wanted))
        raise InputError(f"{names} cannot be computed: {reason[:300]}", "Leave it out, or check the qrels") from error


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
