"""Whether compiling a model repays itself on the pairs at hand, by what this machine was measured to do."""

import hashlib
import json
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.files import unwitnessed_file
from rerankkit.io.foreign import Fields, read_json
from rerankkit.rerank.store import Store, document_key, query_key
from rerankkit.rerank.store_file import libraries
from rerankkit.rerank.store_upkeep import traits_by_id
from rerankkit.types import Group

FIRST, MEASURED = 8, 48
"""Pairs that torch is measured by: a first batch, and a second one where that took less than half a second."""
SECONDS = 20.0
"""How long capturing, converting and opening a compiled model takes at least."""
SECONDS_A_MILLION = 0.5
"""How long it takes for each million of parameters, where this machine has compiled none yet."""
SPEEDUP = {("openvino", "bfloat16"): 1.3, ("openvino", "float32"): 1.1}
"""How many times torch's speed in its own dtype a backend has, where it was not measured yet; 1 for others."""

Estimate = Callable[["Case"], "Times"]
"""Estimates how long both ways take."""


@dataclass(frozen=True, slots=True)
class Job:
    """The pairs that are to be scored, some of them spread over the run, and the store that may hold their scores.

    `estimate` replaces what is measured, in tests.
    """

    pairs: int
    sample: Callable[[], Sequence[Group]]
    store: Path | None = None
    estimate: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A job with the model that torch would run, and the backend that it may be compiled for.

    `left` is how many pairs torch would still have to score, `probed` how many both models score to be compared.
    """

    scorer: Any
    groups: Sequence[Group]
    pairs: int
    left: int
    backend: str
    dtype: str
    probed: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that torch takes; that a compiled model takes, and that making it takes."""

    torch: float
    compiled: float
    making: float

    def repays(self) -> bool:
        """Whether the compiled model is done first."""
        return self.making + self.compiled < self.torch

    def told(self, left: int, backend: str) -> str:
        """Both in a line."""
        ways = f"torch scores the {left:,} pairs left in about {_span(self.torch)}, {backend}, compiled first, in about"
        return f"{ways} {_span(self.making + self.compiled)}"


def _span(seconds: float) -> str:
    """A length of time, in seconds, minutes or hours."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def measured(case: Case) -> Times:
    """The times by a batch or two that torch scores now, and by the last model that this machine compiled."""
    rate = torch_rate(case.scorer, case.groups)
    record = read_record(case.folder, case.backend)
    parameters = sum(weight.numel() for weight in case.scorer.model.parameters()) / 1e6
    making = SECONDS + parameters * SECONDS_A_MILLION
    speedup = SPEEDUP.get((case.backend, case.dtype), 1.0)
    if record is not None:
        making = record.number("seconds") * max(0.5, parameters / max(record.number("millions"), 1e-3))
        if (record.text("dtype"), record.text("over")) == (case.dtype, case.scorer.traits()["dtype"]):
            speedup = record.number("speedup")
    making += case.probed / rate * (1 + 1 / speedup)
    return Times(case.left / rate, case.pairs / (rate * speedup), making)


def torch_rate(scorer: Any, groups: Sequence[Group]) -> float:
    """Pairs a second, by the first pairs of the groups; what runs for the first time is slower and not counted."""
    from rerankkit.rerank.compiled import encoded

    pairs = [pair for of_query in encoded(scorer.encoder, groups) for pair in of_query]
    scorer.logits(pairs[:2])
    rate = 1.0
    for count in (FIRST, MEASURED):
        started = time.perf_counter()
        scorer.logits(pairs[:count])
        seconds = time.perf_counter() - started
        rate = len(pairs[:count]) / max(seconds, 1e-6)
        if seconds > 0.5:
            break
    return rate


def stored_share(job: Job, groups: Sequence[Group], traits: Mapping[str, Any], dtypes: Sequence[str]) -> float:
    """The share of the sampled pairs that the store holds scores of, by a reranker of these traits and a dtype."""
    if job.store is None or not job.store.is_file():
        return 0.0
    wanted = {**traits, **libraries(traits), "dtype": None}
    pairs = sum(len(group.candidates) for group in groups)
    most = 0
    with closing(Store(job.store, create=False)) as store:
        for number, kept in traits_by_id(store).items():
            if kept.get("dtype") in dtypes and {**kept, "dtype": None} == wanted:
                found = (_found(store, number, group) for group in groups)
                most = max(most, sum(found))
    return most / pairs if pairs else 0.0


def _found(store: Store, number: int, group: Group) -> int:
    documents = list(dict.fromkeys(document_key(one.document) for one in group.candidates))
    found = store.find(number, query_key(group.query.text), documents)
    return sum(document_key(one.document) in found for one in group.candidates)


def processor() -> str:
    """The processor's name and kind: another one may compute otherwise."""
    told = platform.machine()
    if sys.platform == "linux":
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith(("model name", "flags"))]
        told += " ".join(names[:2])
    return told or platform.processor()


def _record(folder: Path, backend: str) -> Path:
    return folder / f"last-{hashlib.sha256(processor().encode()).hexdigest()[:8]}-{backend}.json"


def read_record(folder: Path, backend: str) -> Fields | None:
    """What this machine's last compilation for a backend took; None before the first one, or where it is broken."""
    path = _record(folder, backend)
    if not path.is_file():
        return None
    try:
        fields = Fields(read_json(path, "a record of a compilation"), "a record of a compilation", path)
        numbers = [fields.number(name) for name in ("seconds", "millions", "speedup")]
        fields.text("dtype"), fields.text("over")
    except InputError:
        return None
    return fields if min(numbers) > 0 else None


def write_record(folder: Path, backend: str, **told: float | str) -> None:
    """Writes down what a compilation took: dtype, seconds, millions of parameters, times torch's speed in `over`."""
    with unwitnessed_file(_record(folder, backend)) as file:
        json.dump(told, file, indent=1)
