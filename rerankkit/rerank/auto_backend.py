"""What `--backend auto` runs: a compiled model that is there, one that the job repays, or torch."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.files import unwitnessed_file
from rerankkit.io.foreign import Fields, read_json
from rerankkit.rerank.checkpoint import read_note
from rerankkit.rerank.choice import Case, Job, measured, read_record, stored_share, torch_rate, write_record
from rerankkit.rerank.compiled import RUNTIMES, CompiledScorer, installed, is_whole, lacking
from rerankkit.rerank.compiled_cache import REMEDY, Place, dtype_of, ready
from rerankkit.rerank.parity import Parity
from rerankkit.rerank.scoring import Scoring
from rerankkit.roles import Reranker

log = logging.getLogger(__name__)

NONE = "neither openvino nor onnxruntime is installed (pip install 'rerankkit[openvino]' is the fastest on a CPU)"
"""Why auto is torch where nothing else is there."""


def chosen(place: Place, scoring: Scoring) -> Reranker | None:
    """What runs a BERT-like checkpoint where nothing was asked for; None is torch.

    A compiled model that is there is run, unless the store holds more scores by torch. Otherwise one is made where the
    job repays it, and it agrees with the weights and is faster.
    """
    path = place.choice(scoring.dtype)
    told = _read_choice(path, place, scoring) or _cached(place, scoring)
    if told is None:
        torch = None
        if place.job is not None and scoring.dtype != "int8":
            why, torch = _by_torch(place, place.job, scoring)
            if why:
                log.info("--backend auto is torch here: %s", why)
                return torch
        told = _choose(place, scoring)
        if torch is not None and told["backend"] != "torch":
            told = _faster(place, scoring, torch, told)
        with unwitnessed_file(path) as file:
            json.dump(told, file, indent=1)
    if told["backend"] == "torch":
        log.info("--backend auto is torch here: %s", told["why"])
        return None
    compiled = ready(place, scoring, told["backend"], told["dtype"])
    if place.job is not None and _paid_by_torch(place, place.job, scoring, compiled):
        log.info("--backend auto is torch here: more of the scores are in the store by torch")
        return None
    log.info("--backend auto is %s here: %s", told["backend"], told["why"])
    return compiled


def _read_choice(path: Path, place: Place, scoring: Scoring) -> dict[str, str] | None:
    """The choice of before; None without one, or where its compiled model is gone."""
    if not path.is_file():
        return None
    what = "a choice of backend"
    fields = Fields(read_json(path, what), what, path)
    told = {name: fields.text(name) for name in ("backend", "dtype", "why")}
    if told["backend"] not in ("torch", *RUNTIMES):
        raise InputError(f"not {what}: the backend {told['backend']!r}", "Remove the file", path)
    gone = told["backend"] != "torch" and not place.folder(told["backend"], told["dtype"]).is_dir()
    return None if gone and place.job is not None and scoring.dtype != "int8" else told


def _cached(place: Place, scoring: Scoring) -> dict[str, str] | None:
    """The choice of a compiled model that was made where it was asked for, and is faster than torch."""
    for backend, dtype in _tried(scoring.dtype):
        folder = place.folder(backend, dtype)
        if folder.is_dir() and is_whole(folder):
            told = _verdict(folder, dtype)
            if told is not None:
                return {"backend": backend, "dtype": dtype, "why": told}
    return None


def _verdict(folder: Path, dtype: str) -> str | None:
    """How far a compiled model is faster and agrees, in a line; None where it is slower."""
    note = read_note(folder)
    parity = dict(note.exported.get("parity", {})) if note else {}
    try:
        ratio = float(parity.pop("pairs_a_second")) / float(parity.pop("torch_float32"))
        agrees = Parity(**parity).told()
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"its parity is not what was written ({error})", "Remove the folder", folder) from error
    return f"{dtype}, {ratio:.1f} times torch in float32 on the probe, {agrees}" if ratio > 1 else None


def _by_torch(place: Place, job: Job, scoring: Scoring) -> tuple[str, Any]:
    """Why torch does the job, empty where a compiled model repays itself; and the model in torch, warm."""
    from rerankkit.rerank import cross_encoder

    tried = _tried(scoring.dtype)
    able = [one for one in tried if lacking(*one) is None]
    torch = cross_encoder.load(place.checkpoint, replace(scoring, backend="torch", device="cpu"))
    if not able:
        absent = [(backend, lacking(backend, dtype)) for backend, dtype in tried]
        parts = [f"compiling for {backend} needs {found[0]} ({found[1]})" for backend, found in absent if found]
        return "; ".join(dict.fromkeys(parts)) or NONE, torch
    groups = [group for group in job.sample() if group.candidates]
    if not groups:
        return "there is nothing to score", torch
    traits = {"weights": place.fingerprint, **torch.traits()}
    left = round(job.pairs * (1 - stored_share(job, groups, traits, [traits["dtype"]])))
    probed = sum(len(group.candidates) for group in place.lists()) // 2
    case = Case(torch, groups, job.pairs, left, *able[0], probed, place.cache)
    times = (job.estimate or measured)(case)
    told = times.told(left, able[0][0])
    if times.repays():
        log.info("%s is compiled, which repays itself: %s", place.checkpoint, told)
        return "", torch
    return f"{told}; --backend {able[0][0]} compiles all the same", torch


def _faster(place: Place, scoring: Scoring, torch: Any, told: dict[str, str]) -> dict[str, str]:
    """The choice; torch where that is faster in its own dtype on the user's pairs. The ratio is kept for later ones."""
    assert place.job is not None
    groups = place.job.sample()
    slow = torch_rate(torch, groups)
    ratio = torch_rate(ready(place, scoring, told["backend"], told["dtype"]), groups) / slow
    record = read_record(place.cache, told["backend"])
    if record is not None:
        same = {name: record.number(name) for name in ("seconds", "millions")}
        dtypes = {"dtype": told["dtype"], "over": str(torch.traits()["dtype"])}
        write_record(place.cache, told["backend"], **same, **dtypes, speedup=ratio)
    if ratio > 1:
        return told
    why = f"{told['backend']} is slower than torch in its own dtype ({ratio:.2f} times as fast)"
    return {"backend": "torch", "dtype": scoring.dtype, "why": why}


def _paid_by_torch(place: Place, job: Job, scoring: Scoring, compiled: CompiledScorer) -> bool:
    """Whether the store holds so many of the job's scores by torch that torch is done first."""
    groups = [group for group in job.sample() if group.candidates]
    ours = {"weights": place.fingerprint, **compiled.traits()}
    ours.pop("graph", None)
    dtypes = ("float32", "bfloat16") if scoring.dtype == "auto" else (scoring.dtype,)
    share = stored_share(job, groups, {**ours, "backend": "torch"}, dtypes)
    if not share:
        return False
    note = read_note(compiled.folder)
    parity = note.exported.get("parity", {}) if note else {}
    speed = parity.get("torch_float32", 1.0) / parity.get("pairs_a_second", 1.0)
    return (1 - share) < (1 - stored_share(job, groups, ours, [compiled.dtype])) * speed


def _choose(place: Place, scoring: Scoring) -> dict[str, str]:
    """Tries what is installed, the usually fastest first; the first one that agrees and is faster than torch is it."""
    failed = []
    for backend, dtype in _tried(scoring.dtype):
        try:
            told = _verdict(ready(place, scoring, backend, dtype).folder, dtype)
        except InputError as error:
            failed.append(str(error))
            continue
        if told is not None:
            return {"backend": backend, "dtype": dtype, "why": told}
        note = read_note(place.folder(backend, dtype))
        parity = note.exported["parity"] if note else {}
        ratio = parity["pairs_a_second"] / parity["torch_float32"]
        failed.append(f"{backend} in {dtype} is slower than torch in float32 ({ratio:.2f} times as fast)")
    if scoring.dtype == "int8":
        raise InputError("no backend computes int8 here: " + ("; ".join(failed) or "none is installed"), REMEDY)
    return {"backend": "torch", "dtype": scoring.dtype, "why": "; ".join(failed) or NONE}


def _tried(dtype: str) -> list[tuple[str, str]]:
    """Backends that are installed and what they compute in, the usually fastest first."""
    tried = []
    for backend in filter(installed, ("openvino", "onnx")):
        dtypes = dict.fromkeys([dtype_of(backend, dtype), "float32"]) if dtype == "auto" else [dtype]
        tried += [(backend, one) for one in dtypes if one == "int8" or (backend, one) != ("onnx", "bfloat16")]
    return [(backend, one) for backend, one in tried if one != "float16"]
