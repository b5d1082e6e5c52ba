"""A training's learning curves: loss and its terms, learning rate and dev measure against steps, as a picture."""

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rerankkit.train.course import Log, Measured, best_of, dev_values

log = logging.getLogger(__name__)

NAME = "learning_curve.png"
OTHERS = {"loss", "learning_rate", "grad_norm", "epoch", "step", "score_spread", "collapsed_batches"}
"""What stands in a line of the log beside the loss's terms."""
Points = Sequence[tuple[float, float]]


def series(history: Log) -> dict[str, Points]:
    """(step, value) of the loss, its terms and the learning rate, by name; what is no finite number is left out."""
    lines = [entry for entry in history if "loss" in entry]
    names = dict.fromkeys(["loss", *(name for entry in lines for name in entry if name not in OTHERS), "learning_rate"])
    return {
        name: [(entry["step"], entry[name]) for entry in lines if math.isfinite(entry.get(name, math.nan))]
        for name in names
    }


def draw_curves(history: Log, folder: Path, measure: str | None = None, first_stage: float | None = None) -> None:
    """Writes `learning_curve.png` where the log holds two points."""
    points, dev = series(history), [] if measure is None else dev_values(history, measure)
    if max(len(points["loss"]), len(dev)) < 2:
        return
    figure_of(points, dev, str(measure), first_stage).savefig(folder / NAME, dpi=120)


def figure_of(points: dict[str, Points], dev: Sequence[Measured], measure: str, first_stage: float | None) -> Any:
    """The picture: loss and terms with the learning rate on top, below it the dev measure where there is one."""
    from matplotlib.figure import Figure  # not pyplot, which keeps figures and looks for a screen

    figure = Figure(figsize=(7, 6.5 if dev else 3.6), layout="constrained")
    panels = figure.subplots(2 if dev else 1, 1, sharex=True, squeeze=False)[:, 0]
    _draw_loss(panels[0], points)
    if dev:
        _draw_dev(panels[1], dev, measure, first_stage)
    panels[-1].set_xlabel("training step")
    return figure


def _draw_loss(axes: Any, points: dict[str, Points]) -> None:
    for name, values in points.items():
        if name != "learning_rate" and values:
            width = 2.0 if name == "loss" else 1.2
            axes.plot(*zip(*values, strict=True), marker=".", linewidth=width, label=name.replace("_", " "))
    least = min((value for name in points if name != "learning_rate" for _, value in points[name]), default=0.0)
    most = max((value for name in points if name != "learning_rate" for _, value in points[name]), default=0.0)
    axes.set(ylabel="training loss", title="Learning curves", yscale="log" if 0 < 30 * least < most else "linear")
    axes.grid(alpha=0.3)
    rate = axes.twinx()
    rate.plot(*zip(*points["learning_rate"], strict=True), color="0.5", linestyle=":", label="learning rate")
    rate.set_ylabel("learning rate")
    rate.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    handles = [*axes.get_legend_handles_labels()[0], *rate.get_legend_handles_labels()[0]]
    axes.legend(handles=handles, loc="upper right")


def _draw_dev(axes: Any, dev: Sequence[Measured], measure: str, first_stage: float | None) -> None:
    best = best_of(dev)
    assert best is not None
    axes.plot(*zip(*dev, strict=True), marker="o", color="tab:green", label="dev")
    axes.scatter(
        [best.step], [best.value], marker="*", s=220, color="tab:red", zorder=3, label=f"best: step {best.step}"
    )
    axes.annotate(f"{best.value:.4f}", best, xytext=(0, 10), textcoords="offset points", ha="center")
    if first_stage is not None:
        axes.axhline(first_stage, color="0.4", linestyle="--", label=f"first stage ({first_stage:.4f})")
    axes.set(ylabel=f"{measure} on dev")
    axes.margins(y=0.2)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
