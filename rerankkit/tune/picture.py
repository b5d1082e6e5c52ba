"""Quality against latency as a picture, for the screen (PNG) and for papers (SVG)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rerankkit.files import whole_file
from rerankkit.tune.findings import Findings
from rerankkit.tune.points import Point

MARKERS = "osD^vPX<>"
FORMATS = ("png", "svg")
APART = 1.25
"""How many times as slow the next point of the front is whose depths are named."""


def draw(findings: Findings, folder: Path) -> list[Path]:
    """Writes tune.png and tune.svg into a folder; returns their paths."""
    import matplotlib

    paths = []
    with matplotlib.rc_context({"text.parse_math": False, "text.usetex": False}):  # a model's name is no formula
        figure = figure_of(findings)
        for kind in FORMATS:
            paths.append(folder / f"tune.{kind}")
            with whole_file(paths[-1], binary=True) as file:
                figure.savefig(file, dpi=150, format=kind)
    return paths


def figure_of(findings: Findings) -> Any:
    """The picture: a marker a point at p50, a line from there to p95, the front as steps, budget and first stage."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure  # without pyplot, which keeps a global list of figures

    figure = Figure(figsize=(8, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    percentile, best = findings.percentile, findings.best
    _markers(axes, findings.points)
    _front(axes, [point for point in findings.front if point.stages], percentile)
    axes.axhline(findings.first_stage.value, color="0.5", linestyle=":", label="first stage")
    axes.axvline(findings.budget, color="tab:red", linestyle="--", linewidth=1, label=f"budget ({percentile})")
    if best is not None:
        spot = (best.latency(percentile), best.value)
        axes.scatter(*spot, marker="*", s=260, color="tab:red", edgecolor="white", zorder=5, label="advised")
    axes.set(xscale="log", xlabel="milliseconds a query (marker: p50, end of line: p95)", ylabel=findings.measure)
    axes.set_title("Quality against latency")
    axes.grid(alpha=0.3, which="both")
    axes.xaxis.set_major_formatter("{x:,g}")
    figure.legend(fontsize="small", loc="outside lower center", ncols=2)
    return figure


def _markers(axes: Any, points: Sequence[Point]) -> None:
    """A colour for each chain of configurations, whatever its depths."""
    groups: dict[str, list[Point]] = {}
    for point in points:
        if point.stages:
            groups.setdefault(" > ".join(str(stage.configuration) for stage in point.stages), []).append(point)
    for place, (name, members) in enumerate(groups.items()):
        cascade = len(members[0].stages) > 1
        style: dict[str, Any] = {"color": f"C{place % 10}", "alpha": 0.45 if cascade else 0.9}
        axes.hlines([one.value for one in members], [one.p50 for one in members], [one.p95 for one in members], **style)
        size = 12 if cascade else 36
        marker = MARKERS[place % len(MARKERS)]
        axes.scatter(
            [one.p50 for one in members], [one.value for one in members], s=size, marker=marker, label=name, **style
        )


def _front(axes: Any, edge: Sequence[Point], percentile: str) -> None:
    """The front as a line of steps, with the depths of its points."""
    if not edge:
        return
    latencies, values = [point.latency(percentile) for point in edge], [point.value for point in edge]
    axes.step(latencies, values, where="post", color="0.2", linewidth=1.2, label=f"front ({percentile})")
    named = 0.0
    for point in edge:
        spot = (point.latency(percentile), point.value)
        if spot[0] < APART * named:
            continue
        named = spot[0]
        text = " > ".join(str(stage.depth) for stage in point.stages)
        axes.annotate(text, spot, xytext=(0, 7), textcoords="offset points", ha="center", fontsize="x-small")
