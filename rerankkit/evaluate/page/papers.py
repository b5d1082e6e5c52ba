"""The page's figures for papers: PNG and SVG, drawn from the record that the page holds."""

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rerankkit.evaluate.page.numerals import number
from rerankkit.evaluate.page.payload import Record
from rerankkit.files import whole_file

FORMATS = ("png", "svg")
COLOURS = ("0.45", "#0072b2", "#c25400", "#00805f", "#a64d83", "#8a6d00", "#5b4bb3", "#3b7f9c")
MARKS, DASHES = "oos^DvPX", ("-", "-", "--", ":", "-.", (0, (5, 1)), (0, (8, 3)), (0, (1, 1)))
GAIN, LOSS = "#0f6cb0", "#b3541e"


def draw_figures(record: Record, folder: Path) -> list[Path]:
    """Writes every figure that the record has something for, each in all FORMATS; their paths."""
    written: list[Path] = []
    for name, size, draw in _figures(record):
        with _axes(folder / name, size, written) as axes:
            draw(axes)
    return written


def _figures(record: Record) -> Iterator[tuple[str, tuple[float, float], Any]]:
    systems = record["systems"]
    if len(systems) > 1:
        for m, measure in enumerate(record["measures"]):
            if not any(one["measure"] == measure and one["difference"] is not None for one in record["outcomes"]):
                continue
            height = 1.1 + 0.36 * (len(systems) - 1)
            yield f"difference.{_word(measure)}", (6.4, height), lambda axes, m=m: _forest(axes, record, m)
        for system, name in list(enumerate(systems))[1:]:
            if not _changes(record, system):
                continue
            yield f"queries.{system}.{_word(name)}", (6.4, 2.8), lambda axes, s=system: _queries(axes, record, s)
    yield "ndcg_by_depth", (4.8, 3.6), lambda axes: _curve(axes, record, "depths", "ndcg")
    yield "precision_by_recall", (4.8, 3.6), lambda axes: _curve(axes, record, "levels", "precision")
    if record["timings"]:
        yield "quality_latency", (5.6, 3.6), lambda axes: _cost(axes, record)
    teacher = record["teacher"]
    if teacher:
        yield "teacher_scores", (4.8, 3.6), lambda axes: _histogram(axes, teacher)
        for system, student in teacher["students"].items():
            name = f"{system}.{_word(systems[system])}"
            yield f"student_against_teacher.{name}", (4.8, 3.8), lambda axes, one=student: _scatter(axes, one)
            yield f"tau_by_margin.{name}", (4.8, 3.2), lambda axes, one=student: _margins(axes, one)
    for i, one in enumerate(record["learning"]):
        yield f"training_loss.{i}.{_word(one['name'])}", (4.8, 3.2), lambda axes, one=one: _loss(axes, one)
        if one["dev"]:
            yield f"dev_by_step.{i}.{_word(one['name'])}", (4.8, 3.2), lambda axes, one=one: _dev(axes, one)


def _word(name: str) -> str:
    return re.sub(r"[^\w.@=-]+", "_", name)


@contextmanager
def _axes(path: Path, size: tuple[float, float], written: list[Path]) -> Iterator[Any]:
    """The axes of a figure that is written when the block ends well."""
    import matplotlib
    from matplotlib.figure import Figure  # not pyplot, which keeps figures and looks for a screen

    look: Any = {"svg.hashsalt": "rerankkit", "svg.fonttype": "none", "font.size": 9, "grid.alpha": 0.35}
    look |= {"text.parse_math": False, "text.usetex": False}  # a run's name is no formula
    with matplotlib.rc_context({**look, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        yield axes
        for form in FORMATS:
            place = path.with_name(f"{path.name}.{form}")
            with whole_file(place, binary=True) as file:
                metadata = {"Date": None} if form == "svg" else None  # the same figure is the same file
                figure.savefig(file, dpi=200, format=form, metadata=metadata)
            written.append(place)


def _style(system: int) -> dict[str, Any]:
    i = system if system < len(COLOURS) else 1 + (system - 1) % (len(COLOURS) - 1)
    return {"color": COLOURS[i], "marker": MARKS[i], "linestyle": DASHES[i], "markersize": 4}


def _forest(axes: Any, record: Record, m: int) -> None:
    """Each system's difference with its interval, over the band that so many queries cannot tell from chance."""
    found = [one for one in record["outcomes"] if one["measure"] == record["measures"][m]]
    for y, one in enumerate(found):
        if one["detectable"] is not None:
            axes.barh(y, 2 * one["detectable"], 0.6, -one["detectable"], color="0.92", zorder=0)
        if one["low"] is not None:
            axes.plot([one["low"], one["high"]], [y, y], color=_style(one["system"])["color"], linewidth=2)
        if one["difference"] is not None:
            axes.plot([one["difference"]], [y], **_style(one["system"]))
    axes.axvline(0, color="0.3", linewidth=0.8)
    axes.set_yticks(range(len(found)), [record["systems"][one["system"]] for one in found])
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_xlabel(f"{record['labels'][m]}, difference from {record['systems'][0]}")


def _changes(record: Record, system: int) -> list[float]:
    """The system's differences from the baseline by the first measure, the largest gain first."""
    base, ours = record["there"][0][system] or (record["values"][0][0], record["values"][0][system])
    pairs = [(a, b) for a, b in zip(ours, base, strict=True) if a is not None and b is not None]
    return sorted((a - b for a, b in pairs), reverse=True)


def _queries(axes: Any, record: Record, system: int) -> None:
    """A bar a query, the largest gain first, by the first measure."""
    differences = _changes(record, system)
    colours = [GAIN if difference > 0 else LOSS for difference in differences]
    axes.bar(range(len(differences)), differences, 0.85 if len(differences) < 300 else 1.0, color=colours)
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.grid(True, axis="y")
    axes.set_axisbelow(True)
    axes.set(xticks=[], xlabel=f"{len(differences)} queries", ylabel=f"{record['labels'][0]}, difference")
    axes.set_title(f"{record['systems'][system]} less {record['systems'][0]}", fontsize=9)


def _curve(axes: Any, record: Record, over: str, what: str) -> None:
    curves = record["curves"]
    for system, run in enumerate(curves["runs"]):
        axes.plot(curves[over], run[what], label=record["systems"][system], **_style(system))
    axes.grid(True, axis="y")
    if over == "depths":
        ticks = [depth for depth in (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000) if depth in curves["depths"]]
        axes.set(xscale="log", xlabel="depth k", ylabel="nDCG@k")
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.set_xticks([], minor=True)
    else:
        axes.set(xlabel="recall", ylabel="interpolated precision", xlim=(-0.02, 1.02), ylim=(0, None))
    axes.legend(frameon=False, fontsize=8)


def _cost(axes: Any, record: Record) -> None:
    """The first measure over milliseconds a query; the baseline as a line where its time is not known."""
    means = record["means"][0]
    for one in record["timings"]:
        system, value = one["system"], means[one["system"]]
        if value is None:
            continue
        if one["p95"] is not None:
            axes.plot([one["p50"], one["p95"]], [value, value], color=_style(system)["color"], linewidth=1.5)
        axes.plot([one["p50"]], [value], **_style(system))
        axes.annotate(record["systems"][system], (one["p50"], value), xytext=(0, 6), textcoords="offset points")
    if means[0] is not None and not any(one["system"] == 0 for one in record["timings"]):
        axes.axhline(means[0], color="0.45", linestyle="--", linewidth=1, label=record["systems"][0])
        axes.legend(frameon=False, fontsize=8)
    axes.set(xscale="log", xlabel="milliseconds a query", ylabel=record["labels"][0])
    axes.margins(x=0.3, y=0.2)
    axes.grid(True, axis="y")


def _histogram(axes: Any, teacher: Record) -> None:
    for i, bar in enumerate(teacher["bars"]):
        total = sum(bar["counts"])
        name = "all" if len(teacher["bars"]) == 1 and bar["grade"] is None else _grade(bar["grade"])
        heights = [100 * count / total for count in bar["counts"]]
        axes.stairs(
            heights,
            teacher["edges"],
            label=f"{name} ({total})",
            color=COLOURS[0] if bar["grade"] is None else COLOURS[1 + i % 7],
            linestyle="--" if bar["grade"] is None else "-",
        )
    axes.set(xlabel="teacher's score", ylabel="% of the grade's documents")
    axes.legend(frameon=False, fontsize=8)


def _grade(grade: int | None) -> str:
    return "unjudged" if grade is None else f"grade {grade}"


def _scatter(axes: Any, student: Record) -> None:
    """Candidates by the scores of teacher and student, in cells, with the line that fits best."""
    import numpy as np
    from matplotlib.colors import LogNorm

    cells, line = student["cells"], student["line"]
    counts = np.full((cells["side"], cells["side"]), np.nan)
    for i, j, count in cells["counts"]:
        counts[j, i] = count
    image = axes.imshow(
        counts, origin="lower", aspect="auto", extent=(*cells["x"], *cells["y"]), cmap="Blues", norm=LogNorm(0.5)
    )
    axes.figure.colorbar(image, label="candidates")
    if line["slope"] is not None:
        ends: Sequence[float] = cells["x"]
        values = [line["slope"] * x + line["intercept"] for x in ends]
        axes.plot(ends, values, color=LOSS, label=f"fit, r = {number(line['r'] or math.nan, 2)}")
        axes.legend(frameon=False, fontsize=8)
    axes.set(xlabel="teacher's score", ylabel="student's score", ylim=cells["y"])


def _margins(axes: Any, student: Record) -> None:
    bins = [one for one in student["margins"] if one["tau"] is not None]
    names = [f"{b['low']:g}–{b['high']:g}" if b["high"] is not None else f"{b['low']:g} +" for b in bins]
    bars = axes.bar(names, [one["tau"] for one in bins], color=GAIN)
    axes.bar_label(bars, [f"{one['tau']:.2f}" for one in bins], fontsize=8, padding=2)
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.set(xlabel="teacher's margin, in deviations of its scores", ylabel="Kendall tau-b")
    axes.margins(y=0.12)


def _loss(axes: Any, learnt: Record) -> None:
    for i, one in enumerate(learnt["lines"], 1):
        axes.plot(*zip(*one["points"], strict=True), label=one["name"].replace("_", " "), color=COLOURS[i % 8])
    axes.set(xlabel="training step", ylabel="training loss", title=learnt["name"])
    axes.grid(True, axis="y")
    axes.legend(frameon=False, fontsize=8)


def _dev(axes: Any, learnt: Record) -> None:
    dev = learnt["dev"]
    axes.plot(*zip(*dev["points"], strict=True), marker="o", color=GAIN)
    axes.plot(*dev["best"], marker="*", markersize=11, color=LOSS, label=f"kept: step {dev['best'][0]}", linestyle="")
    if dev.get("first_stage") is not None:
        axes.axhline(dev["first_stage"], color="0.45", linestyle="--", linewidth=1, label="first stage")
    axes.set(xlabel="training step", ylabel=f"{dev['measure']} on dev", title=learnt["name"])
    axes.grid(True, axis="y")
    axes.legend(frameon=False, fontsize=8)
