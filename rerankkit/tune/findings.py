"""What was found, and what follows: the best within the budget, what is cheaper and no worse, and the commands."""

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rerankkit.evaluate.measures import Evaluation
from rerankkit.evaluate.significance import compare
from rerankkit.io.cells import escaped
from rerankkit.tune.points import PERCENTILES, Point, Stage, best, front

SURE = 0.05
"""The p-value below which a difference is taken for more than chance."""


@dataclass(frozen=True)
class Findings:
    """Points, the first stage among them, and what they were asked for: a budget in milliseconds at a percentile."""

    points: Sequence[Point]
    budget: float
    percentile: str
    measure: str

    @cached_property
    def first_stage(self) -> Point:
        """No reranking."""
        (found,) = [point for point in self.points if not point.stages]
        return found

    @cached_property
    def front(self) -> list[Point]:
        """What nothing else beats."""
        return front(self.points, self.percentile)

    @cached_property
    def best(self) -> Point | None:
        """The reranking of the highest value within the budget; None where none is worth more than the first stage."""
        found = best(self.points, self.budget, self.percentile)
        return found if found is not None and found.stages else None

    @cached_property
    def cheaper(self) -> tuple[Point, float] | None:
        """The fastest reranking that chance may tell from the best, and the p-value; None where it is the best itself.

        Paired t-test over queries, two-sided.
        """
        for point in self.front if self.best is not None else ():
            if point is self.best:
                break
            if point.stages:
                p = compare(self._evaluation(point), self._evaluation(self.best), self.measure).p  # type: ignore[arg-type]
                if not p < SURE:
                    return point, p
        return None

    def _evaluation(self, point: Point) -> Evaluation:
        return Evaluation(str(point), {self.measure: point.value}, {self.measure: point.by_query})

    def table(self, whole: bool) -> str:
        """A line a point by rising latency, the front's alone unless `whole`; `*` marks the front, `>` the best."""
        rows = [["", "reranker", self.measure, *(f"{name} ms" for name in PERCENTILES)]]
        for point in self.by_latency() if whole else self.front:
            mark = ">" if point is self.best else "*" if point in self.front else ""
            rows.append([mark, escaped(str(point)), f"{point.value:.4f}", f"{point.p50:.1f}", f"{point.p95:.1f}"])
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if column < 2 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        )

    def by_latency(self) -> list[Point]:
        """All points, the fastest first."""
        return sorted(self.points, key=lambda point: point.latency(self.percentile))

    def advice(self, given: Sequence[str]) -> str:
        """In words: the best within the budget, its command line and what is cheaper; `given` are the user's words."""
        within = f"{self.percentile} within {self.budget:g} ms"
        if self.best is None:
            fastest = next(point for point in self.by_latency() if point.stages)
            told = f"{fastest}, {self.percentile} {fastest.latency(self.percentile):.1f} ms, {fastest.value:.4f}"
            return f"No reranking with {within} is worth more than the first stage. The fastest is {told}."
        gain = self.best.value - self.first_stage.value
        worth = f"{self.measure} {self.best.value:.4f}, {gain:+.4f} over the first stage"
        lines = [f"The best with {within} is {self.best}: {worth}.", "", command_of(self.best, given)]
        if self.cheaper is not None:
            point, p = self.cheaper
            times = self.best.latency(self.percentile) / point.latency(self.percentile)
            chance = "one query, no test" if math.isnan(p) else f"p = {p:.2f}, which does not prove it as good"
            lines += [
                "",
                f"Cheaper, with no significant loss over these {len(point.by_query)} queries ({chance}): {point}, "
                f"{times:.1f} times as fast, {point.value:.4f}:",
                "",
                command_of(point, given),
            ]
        return escaped("\n".join(lines), "\n")

    def record(self) -> list[dict[str, Any]]:
        """The points by rising latency as JSON holds them."""
        names = ("model", "backend", "dtype")
        return [
            {
                "stages": [
                    {**{name: getattr(one.configuration, name) for name in names}, "depth": one.depth}
                    for one in point.stages
                ],
                "value": point.value,
                "p50_ms": point.p50,
                "p95_ms": point.p95,
                "front": point in self.front,
                "best": point is self.best,
            }
            for point in self.by_latency()
        ]


def command_of(point: Point, given: Sequence[str]) -> str:
    """The command line that reranks as the point does."""
    first, *later = point.stages
    words = [_stage(first, "--model", "--")] + [_stage(one, "--then", "--then-") for one in later]
    name = "-".join(f"{Path(one.configuration.model).name}.{one.depth}" for one in point.stages)
    words += [shlex.join(given), shlex.join(["--output", f"runs/{name}.txt"])]
    return "rerankkit rerank " + " \\\n  ".join(words)


def _stage(stage: Stage, model: str, prefix: str) -> str:
    """A stage's options."""
    how = stage.configuration
    told = f"{model} {shlex.quote(how.model)} {prefix}backend {how.backend} {prefix}dtype {how.dtype}"
    return f"{told} {prefix}depth {stage.depth}"
