"""A diagnosis as text for people and as JSON for programs."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass
from typing import Any

from rerankkit.evaluate.agreement import Agreement
from rerankkit.evaluate.by_grade import AgainstGrades
from rerankkit.evaluate.diagnose import Diagnosis
from rerankkit.evaluate.distribution import QUANTILES, Distribution, Spread
from rerankkit.evaluate.gap import Measured

BAR = 40
PERCENTILES = [f"{q:.0%}" for q in QUANTILES]
SPREAD = ["mean", "deviation", "min", *PERCENTILES, "max"]


def as_text(diagnosis: Diagnosis) -> str:
    """Tables under headings, for what there is."""
    parts = ["Teacher's scores", *_distribution(diagnosis.teacher), "", *_histogram(diagnosis.teacher)]
    if diagnosis.against_grades is not None:
        parts += ["", "Teacher against qrels", *_grades(diagnosis.against_grades)]
    if diagnosis.student is not None:
        parts += ["", "Student's scores", *_distribution(diagnosis.student)]
    if diagnosis.agreement is not None:
        parts += ["", "Student against teacher", *_agreement(diagnosis.agreement)]
    if diagnosis.measured is not None:
        parts += ["", f"Measures over {diagnosis.measured.queries} judged queries", *_measured(diagnosis.measured)]
    return "\n".join(parts)


def as_json(diagnosis: Diagnosis, warnings: Sequence[str]) -> str:
    """An object with the diagnosis' fields, derived ones included; null for what is no finite number."""
    return json.dumps({**_plain(diagnosis), "warnings": list(warnings)}, ensure_ascii=False, indent=2)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        derived = [name for name, kind in vars(type(value)).items() if isinstance(kind, property)]
        names = [*value.__dataclass_fields__, *derived]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value if not isinstance(value, float) or math.isfinite(value) else None


def _distribution(found: Distribution) -> Iterator[str]:
    rows = [["", *SPREAD], ["score", *_spread(found.scores)], ["deviation in a query", *_spread(found.by_query)]]
    yield from _columns(rows)
    yield (
        f"  {found.scores.count} scores of {found.queries} queries; tied {found.tied:.1%}, saturated "
        f"{found.saturated:.1%}, queries collapsed {found.collapsed:.1%}"
    )
    for sharp in found.sharpness:
        yield (
            f"  softmax at temperature {sharp.temperature:.4g}: entropy {sharp.nats:.3f} nats, {sharp.share:.1%} of "
            f"uniform; top weight {sharp.top:.3f}"
        )


def _histogram(found: Distribution) -> list[str]:
    most = max(found.histogram)
    rows = [
        [f"{low:.3f} to {high:.3f}", str(count), "#" * math.ceil(BAR * count / most)]
        for low, high, count in zip(found.edges, found.edges[1:], found.histogram, strict=False)
    ]
    return _columns(rows, left=(2,))


def _grades(found: AgainstGrades) -> Iterator[str]:
    rows = [["grade", "documents", *SPREAD]]
    for level in found.by_grade:
        name = "unjudged" if level.grade is None else str(level.grade)
        rows.append([name, str(level.scores.count), *_spread(level.scores)])
    yield from _columns(rows)
    yield ""
    rows = [["grades apart", "pairs", "rightly ordered", "tied"]]
    for pairs in found.accuracy:
        total = pairs.concordant + pairs.discordant + pairs.tied
        rows.append([str(pairs.difference), str(total), _percent(pairs.share), _percent(pairs.tied / total)])
    yield from _columns(rows)
    if found.unjudged:
        yield (
            f"  {found.unjudged_above} of {found.unjudged} unjudged documents stand above every positive, in "
            f"{found.queries_with_unjudged_above} of {found.queries_with_positives} queries with a positive"
        )


def _agreement(found: Agreement) -> Iterator[str]:
    tau = ["tau-b of a query", *_spread(found.tau)]
    yield f"  {found.candidates} candidates of {found.queries} queries; tau-b is defined in {found.tau.count}"
    yield from _columns([["", *SPREAD], tau])
    yield ""
    rows = [["teacher's margin", "pairs", "same order", "tied", "tau-b"]]
    for pairs in found.margins:
        tied = _percent(pairs.tied / pairs.pairs if pairs.pairs else math.nan)
        margin = f"{pairs.low:g} to {pairs.high:g}" if math.isfinite(pairs.high) else f"{pairs.low:g} or more"
        rows.append([margin, str(pairs.pairs), _percent(pairs.share), tied, _number(pairs.tau)])
    yield from _columns(rows)
    line = found.calibration
    yield f"  (margins in deviations of the teacher's scores, {found.deviation:.4g})"
    sign = "-" if line.intercept < 0 else "+"
    yield (
        f"  student = {_number(line.slope)} teacher {sign} {_number(abs(line.intercept))}; "
        f"offset {_number(line.offset)}, error {_number(line.error)}, deviation {_number(line.deviations)} times"
    )
    yield f"  Pearson r {_number(line.pearson)}, within queries {_number(line.pearson_within)}"


def _measured(found: Measured) -> list[str]:
    if not found.worth:
        return ["  (no measure has a value)"]
    columns = {
        "measure": [worth.measure for worth in found.worth],
        "first stage": [_number(worth.first_stage, 4) for worth in found.worth],
        "teacher": [_number(worth.teacher, 4) for worth in found.worth],
        "p teacher": [_p(worth.p_teacher_first) for worth in found.worth],
        "student": [_number(worth.student, 4) for worth in found.worth],
        "p student": [_p(worth.p_student_first) for worth in found.worth],
        "gap closed": [_percent(worth.closed) for worth in found.worth],
        "teacher kept": [_percent(worth.kept) for worth in found.worth],
        "p of the rest": [_p(worth.p_student_teacher) for worth in found.worth],
    }
    kept = {head: cells for head, cells in columns.items() if any(cell != "-" for cell in cells)}
    lines = _columns([list(kept), *map(list, zip(*kept.values(), strict=True))])
    if "p teacher" in kept:
        lines.append("  (p of teacher and student: against the first stage, paired t-test)")
    if "p of the rest" in kept:
        lines.append("  (p of the rest: student against teacher)")
    return lines


def _columns(rows: Sequence[Sequence[str]], left: tuple[int, ...] = (0,)) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(
            c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _spread(found: Spread) -> list[str]:
    return [_number(x) for x in (found.mean, found.deviation, found.low, *found.quantiles, found.high)]


def _number(value: float, digits: int = 3) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1%}"


def _p(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}" if value >= 5e-5 else "<.0001"
