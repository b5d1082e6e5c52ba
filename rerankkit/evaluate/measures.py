"""A run against qrels, by any measure of ir_measures and PNR."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ir_measures

from rerankkit.errors import InputError
from rerankkit.evaluate import pnr  # noqa: F401  (makes PNR known to ir_measures)
from rerankkit.run import Run
from rerankkit.types import Qrels

logger = logging.getLogger(__name__)

DEFAULT_MEASURES = ("nDCG@5", "nDCG@10", "RR@10", "PNR")
EXAMPLES = "nDCG@10, RR@10, AP(rel=2), R(rel=2)@100, P@5, Success@1, PNR"


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
    scored = {
        qid: dict(zip(run.docids(qid), run.scores(qid), strict=True)) for qid in run if qid in qrels and run.scores(qid)
    }
    if not scored:
        raise InputError(
            f"{name}: no query in common with the qrels (run: {_some(run)}; qrels: {_some(qrels)})",
            "Check that both are for the same topics",
        )
    missing = tuple(qid for qid in qrels if qid not in scored)
    if missing:
        lacks = f"{name}: lacks {len(missing)} of {len(qrels)} judged queries, counted as 0"
        logger.warning("%s: %s", lacks, _some(missing))
    result = ir_measures.calc(wanted, {qid: dict(grades) for qid, grades in qrels.items()}, scored)
    aggregated = result.aggregated
    assert isinstance(aggregated, dict)
    by_query: dict[str, dict[str, float]] = {str(measure): {} for measure in wanted}
    for qid, measure, value in result.per_query:
        by_query[str(measure)][qid] = value
    return Evaluation(name, {str(m): float(aggregated[m]) for m in wanted}, by_query, missing)


def parse_measures(names: Iterable[str]) -> list[ir_measures.Measure]:
    """The measures that the texts name, each text one or several with spaces between, each measure once.

    Raises InputError for one that is unknown, malformed, or that nothing installed can compute.
    """
    found: dict[str, ir_measures.Measure] = {}
    for name in (word for text in names for word in re.split(r"\s+(?![^()]*\))", text.strip()) if word):
        try:
            measure = ir_measures.parse_measure(name)
            measure.validate_params()
            ir_measures.evaluator([measure], {"1": {"1": 1}})
        except (NameError, ValueError, AssertionError, RuntimeError) as error:
            reason = re.sub(r"<object object at \w+>", "missing", " ".join(str(error).split()))
            raise InputError(f"not a measure: {name!r} ({reason})", f"Examples: {EXAMPLES}") from error
        found.setdefault(str(measure), measure)
    if not found:
        raise InputError("no measure given", f"Examples: {EXAMPLES}")
    return list(found.values())


def _some(qids: Iterable[str], count: int = 10) -> str:
    """The first qids, and how many more there are."""
    qids = list(qids)
    return ", ".join(qids[:count]) + (f" and {len(qids) - count} more" if len(qids) > count else "")
