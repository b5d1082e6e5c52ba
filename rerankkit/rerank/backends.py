"""Which backend runs a checkpoint: what it was exported for, what was asked for, or what is done first and agrees.

A compiled model is made once a checkpoint, backend, dtype, processor and version, and kept in `.compiled` of the models
folder under a name that follows from all of these.
"""

import logging
import platform
import sys
from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.io.foreign import Fields, read_json
from rerankkit.rerank.auto_backend import chosen
from rerankkit.rerank.checkpoint import BERT_LIKE, LLAMA_LIKE, read_note
from rerankkit.rerank.compiled import CompiledScorer, exported_of, installed, missing, open_compiled
from rerankkit.rerank.compiled_cache import COMPILED, Place, Probe, dtype_of, ready
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.stacked import is_stacked
from rerankkit.roles import Reranker

__all__ = ["COMPILED", "Place", "Probe", "compiled_for", "has_accelerator", "ready", "why_not"]

log = logging.getLogger(__name__)

COMPILED_KINDS = {"cross-encoder": BERT_LIKE, "llm": LLAMA_LIKE}
"""The model types that can be compiled, by architecture."""


def compiled_for(place: Place, architecture: str, scoring: Scoring) -> Reranker | None:
    """The checkpoint on OpenVINO or ONNX Runtime, made ready where it is not; None where torch is to run it.

    Compiling an LLM takes a minute or more: that is done where it is asked for only. Where torch was measured and is
    done first, it is what is returned.

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
        dtype = dtype_of(scoring.backend, scoring.dtype)
        if (scoring.backend, dtype) == ("openvino", "bfloat16") and dtype_of("openvino", "auto") != dtype:
            log.warning("Warning: this processor has no bfloat16, which is slow without; --dtype float32 is faster")
        return ready(place, scoring, scoring.backend, dtype)
    return None if architecture == "llm" else chosen(place, scoring)


def _unfit(checkpoint: str, architecture: str, scoring: Scoring) -> str:
    """Why a checkpoint is left to torch; empty where it need not be."""
    if scoring.compile:
        return "--compile is torch's"
    if scoring.label is not None:
        return "--label is torch's"
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
    if is_stacked(checkpoint):
        return "its score head lies in modules of sentence-transformers"
    what = "a model's configuration"
    known, kind = COMPILED_KINDS[architecture], Fields(read_json(config, what), what, config).text("model_type", "")
    return "" if kind in known else f"{kind} is not among what is compiled of {architecture}s: {', '.join(known)}"


def has_accelerator() -> bool:
    """Whether there seems to be a device that torch is faster on than a CPU; torch is not asked."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return any(Path(path).exists() for path in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg"))


def _exported(checkpoint: str, scoring: Scoring) -> CompiledScorer | None:
    """The compiled model that the folder itself holds, where it is what was asked for."""
    note = read_note(checkpoint)
    if note is None or "backend" not in note.exported:
        return None
    told = exported_of(note, Path(checkpoint))
    backend, dtype = told["backend"], told["dtype"]
    if scoring.backend not in ("auto", backend) or scoring.dtype not in ("auto", dtype):
        return None
    if not installed(backend):
        if scoring.backend != "auto":
            raise missing(backend)
        log.info("%s is exported for %s, which is not installed: its weights are run instead", checkpoint, backend)
        return None
    return open_compiled(Path(checkpoint), scoring)
