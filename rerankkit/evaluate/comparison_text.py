"""A comparison as text for a terminal."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rerankkit.evaluate.study import Outcome, Study
from rerankkit.io.cells import escaped

CEILING = "ceiling"
HEAD = ("diff.", "{}% interval", "p (t)", "Holm", "p (rand.)", "Holm", "effect", "won/tied/lost", "detectable")
VISIBLE = 5e-5


@dataclass(frozen=True)
class Marks:
    """How a measure's name is shown, and a difference that is sure, up and down."""

    head: Callable[[str], str] = str
    gain: Callable[[str], str] = str
    loss: Callable[[str], str] = str


def as_text(study: Study, marks: Marks | None = None) -> str:
    """A table a measure, one of the runs, and a legend."""
    marks = marks or Marks()
    blocks = [_measure(study, measure, marks) for measure in study.baseline.values]
    return "\n\n".join([*blocks, _runs(study, marks), "\n".join(map(escaped, legend(study)))])


def _measure(study: Study, measure: str, marks: Marks) -> str:
    level = f"{100 * study.settings.confidence:g} "
    rows = [[measure, "mean", *(word.format(level) for word in HEAD)]]
    rows.append([study.baseline.name, number(study.baseline.values[measure])])
    outcomes = [one for one in study.outcomes if one.measure == measure]
    rows += [[one.system, number(one.system_mean), *_cells(one)] for one in outcomes]
    rows.append([CEILING, number(study.ceiling[measure])])
    if any(high - low > VISIBLE for name in _names(study) for low, high in [study.tie_intervals[name, measure]]):
        ties = [_ties(study, name, measure) for name in _names(study)]
        rows = [[*row[:2], tie, *row[2:]] for row, tie in zip(rows, ["by ties", *ties, ""], strict=True)]
    lines = aligned(rows)
    lines[0] = marks.head(lines[0])
    for i, one in enumerate(outcomes, 2):
        if study.sure(one):
            lines[i] = (marks.gain if one.difference > 0 else marks.loss)(lines[i])
    return "\n".join(lines)


def _cells(one: Outcome) -> list[str]:
    interval = "" if math.isnan(one.low) else f"{one.low:+.3f} to {one.high:+.3f}"
    p = [chance(p) for p in (one.p_t, one.p_t_holm, one.p_randomisation, one.p_randomisation_holm)]
    counts = f"{one.wins}/{one.ties}/{one.losses}" if one.queries else ""
    return [signed(one.difference), interval, *p, signed(one.effect_size, 2), counts, number(one.detectable)]


def _ties(study: Study, name: str, measure: str) -> str:
    low, high = study.tie_intervals[name, measure]
    return f"{low:.4f} to {high:.4f}" if high - low > VISIBLE else ""


def _runs(study: Study, marks: Marks) -> str:
    depths = list(study.judged[study.baseline.name])
    rows = [["run", *(f"judged@{depth}" for depth in depths), "not in baseline", "queries lacking"]]
    for one in study.evaluations:
        outside = f"{study.outside[one.name]:.1%}" if one.name in study.outside else ""
        shares = [f"{study.judged[one.name][depth]:.1%}" for depth in depths]
        rows.append([one.name, *shares, outside, str(len(one.missing))])
    head, *lines = aligned(rows)
    return "\n".join([marks.head(head), *lines])


def legend(study: Study) -> Iterator[str]:
    """What the figures mean."""
    settings, stage = study.settings, study.first_stage
    count, tests = len(next(iter(study.baseline.by_query.values()))), study.tests
    yield f"{count} judged queries; differences are from {study.baseline.name}, paired by query."
    yield (
        f"First stage: {study.baseline.name} has {stage.found} of {stage.positives} positives (grade {settings.rel} or "
        f"more), R@{stage.depth} {stage.recall:.4f}. Ceiling: the best that any reranking of those hits could reach."
    )
    yield (
        f"Interval: bootstrap of {settings.rounds} rounds. p: paired t-test; randomisation test of {settings.rounds} "
        f"rounds; each corrected for {tests} tests (Holm)."
    )
    yield (
        "Effect: mean difference by its deviation over queries. Detectable: the smallest true difference that so many "
        f"queries would show with {settings.power:.0%} power."
    )
    for measure, tested in {one.measure: one.tested for one in study.outcomes if one.tested}.items():
        yield f"{measure}: the difference, its interval and tests are of each query's {tested}."
    yield from ground_notes(study)


def ground_notes(study: Study) -> Iterator[str]:
    """A line for each difference that is not over the whole lists, with the figures that it is of."""
    for one in study.outcomes:
        if one.ground and one.queries:
            yield (
                f"{one.measure} of {one.system}: the difference is over {one.ground}: {number(one.system_there)} "
                f"against {number(one.baseline_there)}."
            )


def _names(study: Study) -> list[str]:
    return [one.name for one in study.evaluations]


def number(value: float) -> str:
    """Four decimals; nothing for what is no number."""
    return "" if math.isnan(value) else f"{value:.4f}"


def signed(value: float, digits: int = 4) -> str:
    """With its sign; nothing for what is no number."""
    return "" if math.isnan(value) else f"{value:+.{digits}f}"


def chance(p: float) -> str:
    """A p-value; nothing where there is none."""
    return "" if math.isnan(p) else f"{p:.4f}" if p >= 5e-5 else "<.0001"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines, the first column to the left and the others to the right; short rows end early."""
    width = max(map(len, rows))
    full = [[*map(escaped, row), *[""] * (width - len(row))] for row in rows]
    widths = [max(len(row[column]) for row in full) for column in range(width)]
    lines = (
        [row[0].ljust(widths[0]), *(cell.rjust(wide) for cell, wide in zip(row[1:], widths[1:], strict=True))]
        for row in full
    )
    return ["  ".join(line).rstrip() for line in lines]
