"""Which backend runs a checkpoint: what it was exported for, what was asked for, or the fastest that agrees with it.

A compiled model is made once a checkpoint, backend, dtype, processor and version, and kept in `.compiled` of the models
folder under a name that follows from all of these.
"""

import hashlib
import json
import logging
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.files import whole_file, whole_folder
from rerankkit.rerank.checkpoint import BERT_LIKE, LLAMA_LIKE, read_note
from rerankkit.rerank.compiled import (
    RUNTIMES,
    CompiledScorer,
    installed,
    missing,
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

COMPILED_KINDS = {"cross-encoder": BERT_LIKE, "llm": LLAMA_LIKE}
"""The model types that can be compiled, by architecture."""

REMEDY = "Give --dtype float32, or another --backend; rerankkit export --force makes it all the same"
"""What to do about a compiled model that does not agree with its weights."""

NONE = "neither openvino nor onnxruntime is installed (pip install 'rerankkit[openvino]' is the fastest on a CPU)"
"""Why auto is torch where nothing else is there."""

LAYOUT = 1
"""Raised when compiled models of before must not be used any more."""

Probe = Callable[[], Sequence[Group]]
"""Gives lists to compare models by: the user's own, where there are any."""


@dataclass(frozen=True, slots=True)
class Place:
    """A checkpoint's compiled models: where they are kept, what they are made from, what they are compared by."""

    checkpoint: str
    fingerprint: str
    models: Path
    probe: Probe | None

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
        return self.models / COMPILED / f"{self.fingerprint[:16]}-{told}-{name}"

    def lists(self) -> list[Group]:
        """What models are compared by."""
        found = list(self.probe()) if self.probe else []
        return found if sum(len(group.candidates) > 1 for group in found) >= 4 else [*found, *built_in_probe()]


def processor() -> str:
    """The processor's name and kind: another one may compute otherwise."""
    told = platform.machine()
    if sys.platform == "linux":
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith(("model name", "flags"))]
        told += " ".join(names[:2])
    return told or platform.processor()


def compiled_for(place: Place, architecture: str, scoring: Scoring) -> CompiledScorer | None:
    """The checkpoint on OpenVINO or ONNX Runtime, made ready where it is not; None where torch is to run it.

    Compiling an LLM takes a minute or more: that is done where it is asked for only.

    Raises InputError where a backend that was asked for cannot run it, or does not agree with its weights.
    """
    asked = scoring.backend != "auto" or scoring.dtype == "int8"
    why = _unfit(place.checkpoint, architecture, scoring)
    if why:
        if asked:
            wanted = f"--backend {scoring.backend}" if scoring.backend != "auto" else "--dtype int8"
            raise InputError(f"{wanted}: {why}", "Give --backend torch, and another --dtype than int8")
        log.debug("%s is run by torch: %s", place.checkpoint, why)
        return None
    exported = _exported(place.checkpoint, scoring)
    if exported is not None:
        return exported
    if scoring.backend != "auto":
        if not installed(scoring.backend):
            raise missing(scoring.backend)
        return ready(place, scoring, scoring.backend, _dtype(scoring.backend, scoring.dtype))
    return None if architecture == "llm" else _chosen(place, scoring)


def _unfit(checkpoint: str, architecture: str, scoring: Scoring) -> str:
    """Why a checkpoint is left to torch; empty where it need not be."""
    if scoring.compile:
        return "--compile is torch's"
    if scoring.device not in ("auto", "cpu"):
        return f"--device {scoring.device} is torch's"
    if scoring.device == "auto" and has_accelerator():
        return "torch has an accelerator here; --device cpu leaves it alone"
    return why_not(checkpoint, architecture, scoring.backend, scoring.dtype)


def why_not(checkpoint: str, architecture: str, backend: str, dtype: str) -> str:
    """Why a checkpoint is not one that can be compiled so; empty where it can be."""
    config = Path(checkpoint) / "config.json"
    if architecture not in COMPILED_KINDS or not config.is_file():
        return f"only the folder of a cross-encoder or an LLM with a score head is compiled, this is {architecture}"
    if architecture == "llm" and (backend == "onnx" or dtype == "int8"):
        return "an LLM is compiled for openvino alone, in float32 or bf16"
    known, kind = COMPILED_KINDS[architecture], json.loads(config.read_text("utf-8")).get("model_type")
    return "" if kind in known else f"{kind} is not among what is compiled of {architecture}s: {', '.join(known)}"


def has_accelerator() -> bool:
    """Whether there seems to be a device that torch is faster on than a CPU; torch is not asked."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return any(Path(path).exists() for path in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg"))


def _exported(checkpoint: str, scoring: Scoring) -> CompiledScorer | None:
    """The compiled model that the folder itself holds, where it is what was asked for."""
    note = read_note(checkpoint)
    if note is None or not note.exported:
        return None
    backend, dtype = note.exported["backend"], note.exported["dtype"]
    if scoring.backend not in ("auto", backend) or scoring.dtype not in ("auto", dtype):
        return None
    if not installed(backend):
        if scoring.backend != "auto":
            raise missing(backend)
        log.info("%s is exported for %s, which is not installed: its weights are run instead", checkpoint, backend)
        return None
    return open_compiled(Path(checkpoint), scoring)


def _dtype(backend: str, asked: str) -> str:
    """The dtype asked for; `auto` is bfloat16 where the backend and the processor have it."""
    if asked != "auto":
        return asked
    if backend != "openvino":
        return "float32"
    from rerankkit.rerank.on_openvino import computes_bf16

    return "bfloat16" if computes_bf16() else "float32"


def ready(place: Place, scoring: Scoring, backend: str, dtype: str) -> CompiledScorer:
    """The compiled model of the cache, made and compared with the weights where it is not there.

    Raises InputError where it does not agree with them.
    """
    folder = place.folder(backend, dtype)
    if not folder.is_dir():
        _make(place, folder, backend, dtype)
    return open_compiled(folder, scoring)


def _make(place: Place, folder: Path, backend: str, dtype: str) -> dict[str, float]:
    """Makes a compiled model, whole or not at all; returns how many pairs a second it and the weights score."""
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
        with_parity(note, {**parity.record(), **speeds}).write(part)
    log.info("compiled in %.0f s into %s: %s", time.monotonic() - started, folder, parity.told())
    return speeds


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work returns, and its seconds."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def _chosen(place: Place, scoring: Scoring) -> CompiledScorer | None:
    """The fastest backend that agrees with the weights, found once; None is torch."""
    path = place.choice(scoring.dtype)
    if path.is_file():
        told = json.loads(path.read_text("utf-8"))
    else:
        told = _choose(place, scoring)
        with whole_file(path) as file:
            json.dump(told, file, indent=1)
    log.info("--backend auto is %s here: %s", told["backend"], told["why"])
    return None if told["backend"] == "torch" else ready(place, scoring, told["backend"], told["dtype"])


def _choose(place: Place, scoring: Scoring) -> dict[str, str]:
    """Tries what is installed, the usually fastest first; the first one that agrees and is faster than torch is it."""
    failed = []
    for backend, dtype in _tried(scoring.dtype):
        try:
            note = read_note(ready(place, scoring, backend, dtype).folder)
        except InputError as error:
            failed.append(str(error))
            continue
        parity = dict(note.exported["parity"]) if note else {}
        ratio = parity.pop("pairs_a_second") / parity.pop("torch_float32")
        if ratio > 1:
            why = f"{dtype}, {ratio:.1f} times torch in float32 on the probe, {Parity(**parity).told()}"
            return {"backend": backend, "dtype": dtype, "why": why}
        failed.append(f"{backend} in {dtype} is slower than torch in float32 ({ratio:.2f} times as fast)")
    if scoring.dtype == "int8":
        raise InputError("no backend computes int8 here: " + ("; ".join(failed) or "none is installed"), REMEDY)
    return {"backend": "torch", "dtype": scoring.dtype, "why": "; ".join(failed) or NONE}


def _tried(dtype: str) -> list[tuple[str, str]]:
    """Backends that are installed and what they compute in, the usually fastest first."""
    tried = []
    for backend in filter(installed, ("openvino", "onnx")):
        dtypes = dict.fromkeys([_dtype(backend, dtype), "float32"]) if dtype == "auto" else [dtype]
        tried += [(backend, one) for one in dtypes if one == "int8" or (backend, one) != ("onnx", "bfloat16")]
    return [(backend, one) for backend, one in tried if one != "float16"]
