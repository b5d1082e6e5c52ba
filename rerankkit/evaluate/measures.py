"""A run against qrels, by any measure of ir_measures and PNR."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rerankkit.errors import InputError
from rerankkit.evaluate.marks import Arrangement, Judgments, Marks, as_it_is, marks_of
from rerankkit.evaluate.measure_names import Measure, parse_measures
from rerankkit.evaluate.vectorised import aggregated, values
from rerankkit.run import Run
from rerankkit.types import Qrels

logger = logging.getLogger(__name__)

DEFAULT_MEASURES = ("nDCG@5", "nDCG@10", "RR@10", "PNR")


@dataclass(frozen=True)
class Evaluation:
    """What a run is worth: measure -> value, and measure -> qid -> value.

    `missing` names the judged queries that the run lacks; they count as zero, and in PNR as no pair.
    """

    name: str
    values: Mapping[str, float]
    by_query: Mapping[str, Mapping[str, float]]
    missing: tuple[str, ...] = ()


def evaluate(run: Run, qrels: Qrels, measures: Iterable[str] = DEFAULT_MEASURES, name: str = "") -> Evaluation:
    """The run's measures, under the name given or else its tag.

    Raises InputError for an unknown measure, and where run and qrels have no query in common.
    """
    name, wanted = name or run.tag, parse_measures(measures)
    marks = checked_marks(run, qrels, name)
    tell_missing(marks, name)
    return measured(marks, wanted, name)


def tell_missing(marks: Marks, name: str) -> None:
    """Warns of the judged queries that the run lacks."""
    if marks.missing:
        lacks = f"{name}: lacks {len(marks.missing)} of {len(marks.lengths)} judged queries, counted as 0"
        logger.warning("%s: %s", lacks, some(marks.missing))


def checked_marks(run: Run, qrels: Qrels, name: str, judgments: Judgments | None = None) -> Marks:
    """The run's judged hits; InputError where it has none of the judged queries."""
    marks = marks_of(run, qrels, judgments)
    if not marks.lengths.any():
        raise InputError(
            f"{name}: no query in common with the qrels (run: {some(run)}; qrels: {some(qrels)})",
            "Check that both are for the same topics",
        )
    return marks


def measured(marks: Marks, measures: Sequence[Measure], name: str, arranged: Arrangement = as_it_is) -> Evaluation:
    """The measures of the judged hits, in the order of the run or another one."""
    totals: dict[str, float] = {}
    by_query: dict[str, Mapping[str, float]] = {}
    others = [measure.name for measure in measures if not measure.kind]
    if others:
        from rerankkit.evaluate.by_ir_measures import calculated

        totals, others_by_query = calculated(others, arranged(marks))
        by_query |= others_by_query
    for measure in measures:
        if measure.kind:
            found = values(measure, marks, arranged)
            totals[measure.name] = aggregated(measure, found)
            by_query[measure.name] = dict(zip(marks.judgments.qids, found.tolist(), strict=True))
    in_order = [measure.name for measure in measures]
    return Evaluation(
        name, {key: totals[key] for key in in_order}, {key: by_query[key] for key in in_order}, marks.missing
    )


def some(qids: Iterable[str], count: int = 10) -> str:
    """The first qids, and how many more there are."""
    qids = list(qids)
    return ", ".join(qids[:count]) + (f" and {len(qids) - count} more" if len(qids) > count else "")
