"""Measures configurations one after another; one that cannot run on this machine is left out and told."""

import logging
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from rerankkit.errors import InputError
from rerankkit.rerank.compiled import RUNTIMES, installed
from rerankkit.rerank.models import fingerprint
from rerankkit.rerank.scoring import Scoring
from rerankkit.tune.measured import Lists, Measured, Workshop, measure
from rerankkit.tune.points import Configuration

log = logging.getLogger(__name__)


def backends_here() -> list[str]:
    """Torch, and the other backends that are installed."""
    return ["torch", *(name for name in RUNTIMES if installed(name))]


def dtypes_here(backends: Sequence[str]) -> list[str]:
    """The precisions that are worth a trial: float32, bfloat16 where something computes it fast, int8 past torch."""
    from rerankkit.rerank.scorer import has_fast_bf16

    return ["float32", *(["bfloat16"] if has_fast_bf16() else []), *(["int8"] if set(backends) - {"torch"} else [])]


def configurations(models: Sequence[str], backends: Sequence[str], dtypes: Sequence[str]) -> list[Configuration]:
    """Every model with every backend in the precisions that it computes, each once; InputError where there is none."""
    every = (Configuration(model, backend, dtype) for model in models for backend in backends for dtype in dtypes)
    kept: list[Configuration] = []
    refused: InputError | None = None
    for one in dict.fromkeys(every):
        try:
            kept.append(replace(one, dtype=one.scoring(Scoring()).dtype))
        except InputError as error:
            refused = error
    if refused is not None and not kept:
        raise refused
    return list(dict.fromkeys(kept))


def explore(wanted: Iterable[Configuration], lists: Lists, workshop: Workshop) -> list[Measured]:
    """Scores and times of each configuration that runs here.

    Raises InputError for a model that is not there, and where no configuration runs.
    """
    wanted = list(wanted)
    for model in dict.fromkeys(one.model for one in wanted):
        fingerprint(model, workshop.models)
    done: list[Measured] = []
    refused: dict[str, list[str]] = {}
    for one in wanted:
        try:
            done.append(measure(one, lists, workshop))
        except InputError as error:
            if sum(map(len, refused.values())) == len(wanted) - 1:  # the last one, and all the others too
                raise
            refused.setdefault(str(error), []).append(str(one))
    for reason, names in refused.items():
        log.warning("left out: %s (%s)", ", ".join(names), reason)
    return done


def machine() -> dict[str, Any]:
    """What the times were measured on."""
    import torch

    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        **{name: version(name) for name in ("rerankkit", "torch", "transformers")},
        **{name: version(RUNTIMES[name]) for name in backends_here() if name in RUNTIMES},
    }
