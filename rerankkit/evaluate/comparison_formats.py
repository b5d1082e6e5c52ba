"""A comparison for programs (JSON, CSV) and for papers (Markdown, LaTeX)."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields

from rerankkit.evaluate.comparison_text import CEILING, ground_notes
from rerankkit.evaluate.study import Outcome, Study
from rerankkit.io.cells import as_csv as csv_of
from rerankkit.io.cells import escaped, latex_cell, markdown_cell


def as_json(study: Study) -> str:
    """The whole comparison as an object; what is no finite number, as a PNR without discordant pairs, is null."""
    ties: dict[str, dict[str, Sequence[float]]] = {}
    for (name, measure), interval in study.tie_intervals.items():
        ties.setdefault(name, {})[measure] = interval
    runs = [
        {
            "run": one.name,
            "measures": one.values,
            "ties": ties[one.name],
            "judged": study.judged[one.name],
            "missing": one.missing,
            "outside": study.outside.get(one.name, 0.0),
        }
        for one in study.evaluations
    ]
    record = {
        "baseline": study.baseline.name,
        "settings": asdict(study.settings),
        "runs": runs,
        "ceiling": study.ceiling,
        "first_stage": asdict(study.first_stage),
        "outcomes": [asdict(one) for one in study.outcomes],
        "warnings": study.warnings,
    }
    return json.dumps(_finite(record), ensure_ascii=False, indent=2)


def as_csv(study: Study) -> str:
    """A line a system and measure, with every figure of the outcome, the ceiling and the intervals that ties leave."""
    names = [field.name for field in fields(Outcome)]
    rows = [[*names, "baseline", "ceiling", "tie_low", "tie_high", "baseline_tie_low", "baseline_tie_high"]]
    for one in study.outcomes:
        ends = [study.tie_intervals[name, one.measure] for name in (one.system, study.baseline.name)]
        values = [getattr(one, name) for name in names]
        values += [study.baseline.name, study.ceiling[one.measure], *ends[0], *ends[1]]
        rows.append([_cell(value) for value in values])
    return csv_of(rows)


def as_markdown(study: Study) -> str:
    """The table of a paper: means, and differences with their intervals; a dagger where both tests are sure."""
    head, *rows = _paper(study, "†", markdown_cell)
    ruler = [":--", *["--:"] * (len(head) - 1)]
    lines = ["| " + " | ".join(row) + " |" for row in (head, ruler, *rows)]
    return "\n".join([*lines, "", *(f"{markdown_cell(line)}  " for line in _notes(study, "†"))]).rstrip()


def as_latex(study: Study) -> str:
    """The same for LaTeX with the package booktabs, the notes as comments."""
    head, *rows = [[_latex(cell) for cell in row] for row in _paper(study, "†", str)]
    lines = [" & ".join(row) + r" \\" for row in (head, *rows)]
    body = [r"\toprule", lines[0], r"\midrule", *lines[1:-1], r"\midrule", lines[-1], r"\bottomrule"]
    notes = [f"% {escaped(line)}" for line in _notes(study, "dagger")]
    return "\n".join([*notes, rf"\begin{{tabular}}{{l{'rl' * len(study.ceiling)}}}", *body, r"\end{tabular}"])


def _paper(study: Study, dagger: str, name: Callable[[str], str]) -> list[list[str]]:
    """A row a run, of each measure its mean and the difference with its interval, and the ceiling."""
    measures = list(study.baseline.values)
    interval = f"difference [{100 * study.settings.confidence:g}% interval]"
    rows = [["run", *(cell for measure in measures for cell in (name(measure), interval))]]
    rows.append(
        [name(study.baseline.name), *(cell for m in measures for cell in (_mean(study.baseline.values[m]), ""))]
    )
    for system in study.systems:
        row = [name(system.name)]
        for one in (study.outcome(system.name, measure) for measure in measures):
            ends = "" if math.isnan(one.low) else f" [{one.low:+.3f}, {one.high:+.3f}]"
            row.append(_mean(one.system_mean) + dagger * study.sure(one))
            row.append("" if math.isnan(one.difference) else f"{one.difference:+.4f}{ends}")
        rows.append(row)
    return [*rows, [CEILING, *(cell for m in measures for cell in (_mean(study.ceiling[m]), ""))]]


def _notes(study: Study, dagger: str) -> list[str]:
    settings, tests = study.settings, study.tests
    notes = [
        f"{dagger}: p < {1 - settings.confidence:.2g} in both the paired t-test and the randomisation test, each "
        f"corrected for {tests} tests (Holm). Intervals: bootstrap over queries, {settings.rounds} rounds.",
        f"{CEILING}: the best that any reranking of the hits of {study.baseline.name} could reach.",
    ]
    tested = {one.measure: one.tested for one in study.outcomes if one.tested}
    notes += [f"{measure}: differences are of each query's {what}." for measure, what in tested.items()]
    return [*notes, *ground_notes(study)]


def _latex(cell: str) -> str:
    return latex_cell(cell).replace("†", r"$^{\dagger}$").replace("∞", r"$\infty$")


def _mean(value: float) -> str:
    return "" if math.isnan(value) else "∞" if math.isinf(value) else f"{value:.4f}"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return str(value)


def _finite(value: object) -> object:
    """The same with null for numbers that JSON lacks, and plain ones for subclasses."""
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value
