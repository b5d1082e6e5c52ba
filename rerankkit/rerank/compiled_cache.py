"""Compiled models that are kept: one a checkpoint, backend, dtype, processor and version, compared with the weights.

Each lies in `.compiled` of the models folder under a name that follows from all of these, with the hash of its files.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.files import whole_folder
from rerankkit.rerank.choice import Job, processor, write_record
from rerankkit.rerank.compiled import (
    RUNTIMES,
    CompiledScorer,
    digest,
    installed,
    is_whole,
    lacking,
    open_compiled,
    scores_of,
    with_parity,
)
from rerankkit.rerank.parity import Parity, compared
from rerankkit.rerank.probe import built_in_probe, halves
from rerankkit.rerank.scoring import Scoring
from rerankkit.types import Group

log = logging.getLogger(__name__)

COMPILED = ".compiled"
"""The folder of the models folder that compiled models are kept in."""

LAYOUT = 1
"""Raised when compiled models of before must not be used any more."""

REMEDY = "Give --dtype float32, or another --backend; rerankkit export --force makes it all the same"
"""What to do about a compiled model that does not agree with its weights."""

Probe = Callable[[], Sequence[Group]]
"""Gives lists to compare models by: the user's own, where there are any."""


@dataclass(frozen=True, slots=True)
class Place:
    """A checkpoint's compiled models: where they are kept, what they are made from, what they are compared by.

    With a job, `auto` compiles only where the job's pairs repay it.
    """

    checkpoint: str
    fingerprint: str
    models: Path
    probe: Probe | None
    job: Job | None = None

    def folder(self, backend: str, dtype: str) -> Path:
        """Where one of them lies, or is going to."""
        made = [LAYOUT, backend, version(RUNTIMES[backend]), dtype, processor()]
        return self._named(f"{backend}-{dtype}", made)

    def choice(self, dtype: str) -> Path:
        """The file that tells which one is the fastest."""
        there = {name: version(package) for name, package in RUNTIMES.items() if installed(name)}
        return self._named(f"auto-{dtype}.json", [LAYOUT, there, processor()])

    def _named(self, name: str, follows_from: Any) -> Path:
        told = hashlib.sha256(json.dumps(follows_from).encode()).hexdigest()[:8]
        return self.cache / f"{self.fingerprint[:16]}-{told}-{name}"

    @property
    def cache(self) -> Path:
        """The folder of all compiled models."""
        return self.models / COMPILED

    def lists(self) -> list[Group]:
        """What models are compared by."""
        found = list(self.probe()) if self.probe else []
        return found if sum(len(group.candidates) > 1 for group in found) >= 4 else [*found, *built_in_probe()]


def dtype_of(backend: str, asked: str) -> str:
    """The dtype asked for; `auto` is bfloat16 where the backend and the processor have it."""
    if asked != "auto":
        return asked
    if backend != "openvino":
        return "float32"
    from rerankkit.rerank.on_openvino import computes_bf16

    return "bfloat16" if computes_bf16() else "float32"


def ready(place: Place, scoring: Scoring, backend: str, dtype: str) -> CompiledScorer:
    """The compiled model of the cache, made and compared with the weights where it is not there, or is damaged.

    Raises InputError where it does not agree with them, and where a package is missing that making it takes.
    """
    folder = place.folder(backend, dtype)
    if folder.is_dir() and not is_whole(folder):
        log.warning("Warning: %s is damaged, and is made again", folder)
        _make(place, folder, backend, dtype)
    if not folder.is_dir():
        _make(place, folder, backend, dtype)
    return open_compiled(folder, scoring)


def _make(place: Place, folder: Path, backend: str, dtype: str) -> None:
    """Makes a compiled model, whole or not at all; its note tells how many pairs a second it and the weights score."""
    found = lacking(backend, dtype)
    if found is not None:
        raise InputError(f"compiling for {backend} needs {found[0]}, once", f"Install it: {found[1]}")
    from rerankkit.rerank.compiling import Making, compile_agreeing, weights

    started = time.monotonic()
    log.info("compiling %s for %s in %s, once", place.checkpoint, backend, dtype)
    calibration, probe = halves(place.lists())
    scorer = weights(place.checkpoint, Scoring("cpu"))
    wanted, slow = timed(lambda: scores_of(scorer, probe))
    fast = 0.0

    def compare(compiled: CompiledScorer) -> Parity:
        nonlocal fast
        scores_of(compiled, probe[:2])  # what runs for the first time is slower
        found, fast = timed(lambda: scores_of(compiled, probe))
        return compared(wanted, found)

    with whole_folder(folder) as part:
        note, parity = compile_agreeing(part, Making(place.checkpoint, scorer, backend, calibration), dtype, compare)
        speeds = {"pairs_a_second": parity.pairs / fast, "torch_float32": parity.pairs / slow}
        parity.check(dtype, f"{place.checkpoint} on {backend} in {dtype}", REMEDY)
        note = with_parity(note, {**parity.record(), **speeds})
        replace(note, exported={**note.exported, "files": digest(part, backend)}).write(part)
    seconds = time.monotonic() - started
    millions = sum(weight.numel() for weight in scorer.model.parameters()) / 1e6
    making = max(seconds - slow - fast, 0.1)
    told = {"seconds": making, "millions": millions, "speedup": slow / fast}
    write_record(place.cache, backend, dtype=dtype, over="float32", **told)
    log.info("compiled in %.0f s into %s: %s", seconds, folder, parity.told())


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work returns, and its seconds."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started
