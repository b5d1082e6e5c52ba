"""Measures configurations one after another; one that cannot run on this machine is left out and told."""

import logging
import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from rerankkit.errors import InputError
from rerankkit.rerank.models import fingerprint
from rerankkit.tune.measured import Lists, Measured, Workshop, measure
from rerankkit.tune.points import Configuration

log = logging.getLogger(__name__)


def configurations(models: Sequence[str], backends: Sequence[str], dtypes: Sequence[str]) -> list[Configuration]:
    """Every model with every backend and precision, each once."""
    every = (Configuration(model, backend, dtype) for model in models for backend in backends for dtype in dtypes)
    return list(dict.fromkeys(every))


def explore(wanted: Iterable[Configuration], lists: Lists, workshop: Workshop) -> list[Measured]:
    """Scores and times of each configuration that runs here.

    Raises InputError for a model that is not there, and where no configuration runs.
    """
    wanted = list(wanted)
    for model in dict.fromkeys(one.model for one in wanted):
        fingerprint(model, workshop.models)
    done: list[Measured] = []
    refused: InputError | None = None
    for one in wanted:
        try:
            done.append(measure(one, lists, workshop))
        except InputError as error:
            log.warning("%s is left out: %s", one, error)
            refused = error
    if refused is not None and not done:
        raise refused
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
    }
