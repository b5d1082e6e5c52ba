"""Measures that say nothing of the runs and qrels at hand: they are left out, and enter no correction of p-values."""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from rerankkit.errors import InputError
from rerankkit.evaluate.marks import Judgments
from rerankkit.evaluate.measure_names import Measure
from rerankkit.evaluate.measures import Evaluation
from rerankkit.evaluate.significance import testable

REMEDY = "--unjudged-as 0 counts unjudged documents of the runs as grade 0"


def undefined(evaluations: Sequence[Evaluation], measures: Sequence[Measure]) -> list[Measure]:
    """The measures that have no value in any query of any run."""
    return [one for one in measures if not any(_says(evaluation, one.name) for evaluation in evaluations)]


def check_defined(evaluations: Sequence[Evaluation], measures: Sequence[Measure]) -> list[Measure]:
    """The same; InputError where no measure has a value."""
    found = undefined(evaluations, measures)
    if len(found) == len(measures):
        names = ", ".join(one.name for one in found)
        only_pnr = all(one.kind == "PNR" and one.unjudged is None for one in found)
        raise InputError(
            f"undefined for every query of these runs and qrels: {names}",
            "Give another measure" + (f"; {REMEDY}" if only_pnr else ""),
        )
    return found


def _says(evaluation: Evaluation, name: str) -> bool:
    return any(math.isfinite(testable(value)) for value in evaluation.by_query[name].values())


def without(evaluation: Evaluation, measures: Sequence[Measure]) -> Evaluation:
    """The evaluation without some measures."""
    gone: Collection[str] = {one.name for one in measures}
    return replace(
        evaluation,
        values={name: value for name, value in evaluation.values.items() if name not in gone},
        by_query={name: values for name, values in evaluation.by_query.items() if name not in gone},
    )


def told(measures: Sequence[Measure], judgments: Judgments) -> list[str]:
    """A sentence for each measure that is left out."""
    return [_told(one, judgments) for one in measures]


def _told(measure: Measure, judgments: Judgments) -> str:
    if measure.kind != "PNR":
        return f"{measure} is left out: it is undefined for every query of these runs and qrels"
    if measure.unjudged is not None:
        return f"{measure} is left out: no run has two documents of different grades in a query"
    positives = len(judgments.grade) and int(judgments.grade.min()) > 0
    why = "the qrels hold relevant documents only, and " if positives else ""
    return f"{measure} is left out: {why}no run has two judged documents of different grades in a query; {REMEDY}"
