"""What a report is made of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rerankkit.evaluate.page.lists import Limits
from rerankkit.evaluate.study import Study
from rerankkit.run import Run
from rerankkit.types import Collection, Qrels, Queries


class Timing(NamedTuple):
    """What a query costs in milliseconds: the median, and the 95th percentile where it is known."""

    p50: float
    p95: float | None = None


@dataclass(frozen=True)
class Material:
    """A study with what lies behind it; what is not given is left out of the report.

    `runs` gives the study's runs in its order and may be called several times; the report holds few of them at once.
    `documents` gives the collection for the docids that are shown. `teacher_depth` cuts the lists that teacher and
    students are compared over; `learning` are the learning curves of checkpoints.
    """

    study: Study
    qrels: Qrels
    runs: Callable[[], Iterable[Run]]
    queries: Queries | None = None
    documents: Callable[[set[str]], Collection] | None = None
    timings: Mapping[str, Timing] = field(default_factory=dict)
    teacher: Run | None = None
    teacher_depth: int = 100
    learning: Sequence[Mapping[str, Any]] = ()
    limits: Limits = field(default_factory=Limits)
    made: str = ""
