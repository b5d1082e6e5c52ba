"""What can be run, what it is worth and what it costs; which of it nothing else beats, and the best within a budget."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.rerank.scoring import Scoring

PERCENTILES = ("p50", "p95")
UNITS = {"ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True)
class Configuration:
    """A model as it is run."""

    model: str
    backend: str
    dtype: str

    def __str__(self) -> str:
        return f"{Path(self.model).name} {self.backend} {self.dtype}"

    def scoring(self, others: Scoring) -> Scoring:
        """How it is run; what it leaves open is as others are run.

        Raises InputError where the backend does not compute the precision.
        """
        return replace(others, backend=self.backend, dtype=self.dtype)


@dataclass(frozen=True, slots=True)
class Stage:
    """A configuration, and how many candidates of a query it scores."""

    configuration: Configuration
    depth: int

    def __str__(self) -> str:
        return f"{self.configuration} @{self.depth}"


@dataclass(frozen=True, slots=True)
class Point:
    """One way to rerank: its stages, the measure's value, and the milliseconds that a query takes.

    Without stages it is the first stage. `by_query` has the measure's values of the queries.
    """

    stages: tuple[Stage, ...]
    value: float
    p50: float
    p95: float
    by_query: dict[str, float]

    def __str__(self) -> str:
        return " > ".join(map(str, self.stages)) or "first stage"

    def latency(self, percentile: str) -> float:
        """Milliseconds at p50 or p95."""
        return self.p50 if percentile == "p50" else self.p95


def front(points: Iterable[Point], percentile: str) -> list[Point]:
    """The points that nothing else beats, by rising latency: each is worth more than all that are as fast or faster."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda point: (point.latency(percentile), -point.value)):
        if not kept or point.value > kept[-1].value:
            kept.append(point)
    return kept


def best(points: Iterable[Point], budget: float, percentile: str) -> Point | None:
    """The point of the highest value within a budget of milliseconds, of equal ones the fastest; None where none is."""
    within = [point for point in front(points, percentile) if point.latency(percentile) <= budget]
    return within[-1] if within else None


def milliseconds(budget: str) -> float:
    """A budget such as 50ms or 0.2s; InputError where it is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)\s*(ms|s)", budget.strip())
    if found is None or float(found[1]) == 0:
        raise InputError(f"not a latency: --budget {budget!r}", "Write it as 50ms or 0.2s")
    return float(found[1]) * UNITS[found[2]]


def depths_of(told: str, longest: int) -> list[int]:
    """The depths of a list such as 10,20,50, rising, none beyond the longest list; InputError where one is no depth."""
    try:
        depths = {int(depth) for depth in told.split(",")}
    except ValueError:
        depths = {0}
    if min(depths) < 1:
        raise InputError(f"not a list of depths: --depths {told!r}", "Write them as 10,20,50,100")
    return sorted({min(depth, longest) for depth in depths})


def percentile_of(values: Sequence[float], share: float) -> float:
    """The value below which that share of all lies, between the two nearest."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
