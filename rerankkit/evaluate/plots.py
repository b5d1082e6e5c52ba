"""A diagnosis as pictures."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rerankkit.evaluate.diagnose import Diagnosis, Given
from rerankkit.evaluate.distribution import BINS
from rerankkit.evaluate.flat import flat, grades, paired
from rerankkit.files import whole_file


def draw(given: Given, diagnosis: Diagnosis, folder: Path) -> list[Path]:
    """Writes teacher_scores.png and, with a student, student_vs_teacher.png and tau_by_margin.png; their paths."""
    given = given.to_depth()
    paths = [_histogram(given, folder / "teacher_scores.png")]
    if given.student is not None:
        paths.append(_scatter(given, diagnosis, folder / "student_vs_teacher.png"))
        paths.append(_margins(diagnosis, folder / "tau_by_margin.png"))
    return paths


@contextmanager
def _axes(path: Path, **texts: str) -> Iterator[Any]:
    """The axes of a picture that is written when the block ends well."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4), layout="constrained")  # without pyplot, which keeps a global list of figures
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    yield axes
    axes.set(**texts)
    with whole_file(path, binary=True) as file:
        figure.savefig(file, dpi=150, format="png")


def _histogram(given: Given, path: Path) -> Path:
    """The teacher's scores, each grade's as a density of its own."""
    scores = flat(given.teacher)
    edges = np.histogram_bin_edges(scores.values, 2 * BINS)
    with _axes(path, title="Teacher's scores", xlabel="score", ylabel="density") as axes:
        if given.qrels is None:
            axes.hist(scores.values, edges, density=True, color="tab:blue")
            return path
        grade = grades(scores, given.qrels)
        names = {f"grade {level:.0f}": scores.values[grade == level] for level in np.unique(grade[~np.isnan(grade)])}
        names["unjudged"] = scores.values[np.isnan(grade)]
        for name, values in names.items():
            if len(values):
                style = {"color": "0.6", "linestyle": "--"} if name == "unjudged" else {}
                label = f"{name} ({len(values)})"
                axes.hist(values, edges, density=True, histtype="step", linewidth=1.5, label=label, **style)
        axes.legend()
    return path


def _scatter(given: Given, diagnosis: Diagnosis, path: Path) -> Path:
    """Student's over teacher's scores, with the line of equal ones and the one that fits best."""
    assert given.student is not None
    assert diagnosis.agreement is not None
    teacher, student = paired(given.teacher, given.student)
    line = diagnosis.agreement.calibration
    with _axes(path, title="Student against teacher", xlabel="teacher's score", ylabel="student's score") as axes:
        cells = axes.hexbin(teacher.values, student, gridsize=40, bins="log", mincnt=1, cmap="viridis")
        axes.figure.colorbar(cells, label="candidates")
        ends = np.array([teacher.values.min(), teacher.values.max()])
        axes.plot(ends, ends, color="0.5", linestyle="--", label="equal")
        if not math.isnan(line.slope):
            label = f"fit, r = {line.pearson:.2f}"
            axes.plot(ends, line.slope * ends + line.intercept, color="tab:red", label=label)
        axes.legend()
    return path


def _margins(diagnosis: Diagnosis, path: Path) -> Path:
    """Tau-b by the teacher's margin."""
    assert diagnosis.agreement is not None
    bins = [pairs for pairs in diagnosis.agreement.margins if not math.isnan(pairs.tau)]
    texts = {"xlabel": "teacher's margin, in its deviations", "ylabel": "Kendall tau-b"}
    with _axes(path, title="Agreement where the teacher is sure", **texts) as axes:
        names = [f"{b.low:g} – {b.high:g}" if math.isfinite(b.high) else f"{b.low:g} or more" for b in bins]
        bars = axes.bar(names, [pairs.tau for pairs in bins], color="tab:blue")
        axes.bar_label(bars, [f"{pairs.pairs} pairs" for pairs in bins], fontsize="small", padding=2)
        axes.axhline(0, color="0.5", linewidth=0.8)
        axes.margins(y=0.15)
    return path
