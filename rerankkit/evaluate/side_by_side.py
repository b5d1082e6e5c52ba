"""Runs measured side by side, each later one also matched with the first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rerankkit.evaluate.marks import Judgments
from rerankkit.evaluate.matched import Matched, Side, matched
from rerankkit.evaluate.measure_names import parse_measures
from rerankkit.evaluate.measures import DEFAULT_MEASURES, Evaluation, tell_missing
from rerankkit.evaluate.undefined import check_defined, told, without
from rerankkit.run import Run
from rerankkit.types import Qrels


@dataclass(frozen=True)
class SideBySide:
    """The runs' measures; `matches` is name -> a later run beside the first; `left_out` tells which measures have no
    value."""

    evaluations: tuple[Evaluation, ...]
    matches: Mapping[str, Matched]
    left_out: tuple[str, ...] = ()


def side_by_side(
    runs: Iterable[tuple[str, Run]], qrels: Qrels, measures: Iterable[str] = DEFAULT_MEASURES
) -> SideBySide:
    """The measures of the named runs, which are taken one at a time; only the first is kept.

    Raises InputError for an unknown measure, a run without a judged query, and where no measure has a value.
    """
    wanted, judgments = parse_measures(measures), Judgments.of(qrels)
    first: Side | None = None
    evaluations, matches = [], {}
    for name, run in runs:
        side = Side.of(name, run, qrels, wanted, judgments)
        tell_missing(side.marks, name)
        evaluations.append(side.evaluation)
        if first is None:
            first = side
        else:
            matches[name] = matched(side, first, wanted)
    gone = check_defined(evaluations, wanted)
    return SideBySide(
        tuple(without(evaluation, gone) for evaluation in evaluations),
        {name: match.without(gone) for name, match in matches.items()},
        tuple(told(gone, judgments)),
    )
