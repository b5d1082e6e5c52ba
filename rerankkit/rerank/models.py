"""The names that --model knows: plug-ins without weights, checkpoints under the models folder, any path or hub id."""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from rerankkit.errors import InputError
from rerankkit.plugins import load_plugin, plugin_names
from rerankkit.rerank.checkpoint import NOTE, read_note
from rerankkit.rerank.scorer import Scoring
from rerankkit.roles import Reranker

MODELS = Path("runs/models")
"""Where trainings put checkpoints, and names are looked up."""

USUAL = ("llm-teacher", "bert-distilled")


class Known(NamedTuple):
    """A checkpoint found under the models folder."""

    name: str
    architecture: str
    base: str
    parameters: int
    folder: Path


def resolve(name: str, models: Path) -> str:
    """The checkpoint folder or hub id that a name stands for.

    Raises InputError for a usual name that was not trained yet, or a path that is not there.
    """
    for folder in (Path(name), models / name):
        if folder.is_dir():
            return str(folder)
    if name in USUAL or name.startswith((".", "/")) or name.count("/") > 1:
        raise InputError(
            f"no model {name} in {models}" if name in USUAL else f"no such model folder: {name}",
            "Train it (rerankkit sft, rerankkit distill), or see rerankkit models",
        )
    return name


def load_reranker(name: str, scoring: Scoring, models: Path = MODELS) -> Reranker:
    """The Reranker that a name, folder or hub id stands for; a plug-in's name that is no folder needs no weights."""
    if _is_plugin(name, models):
        return load_plugin("rerank", name).load(name, scoring)
    checkpoint = resolve(name, models)
    note = read_note(checkpoint)
    architecture = note.architecture if note else "cross-encoder"
    return load_plugin("rerank", architecture).load(checkpoint, scoring)


def _is_plugin(name: str, models: Path) -> bool:
    return name in plugin_names("rerank") and not Path(name).is_dir() and not (models / name).is_dir()


def fingerprint(name: str, models: Path) -> str:
    """A hash of the weights that a name stands for; a hub id or a plug-in without weights is its name."""
    hashed = hashlib.sha256(name.encode())
    folder = Path(name) if _is_plugin(name, models) else Path(resolve(name, models))
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            hashed.update(hashlib.file_digest(file, "sha256").digest())
    return hashed.hexdigest()


def known_models(models: Path) -> list[Known]:
    """The rerankers under the models folder, by name."""
    found = []
    for path in sorted(models.glob(f"*/{NOTE}")):
        note = read_note(path.parent)
        if note is not None and not path.parent.name.startswith("."):
            base = str(note.trained.get("model", ""))
            found.append(Known(path.parent.name, note.architecture, base, _parameters(path.parent), path.parent))
    return found


def _parameters(folder: Path) -> int:
    """How many weights the safetensors files of a folder hold, read from their heads alone."""
    total = 0
    for path in folder.glob("*.safetensors"):
        with path.open("rb") as file:
            head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        for name, tensor in head.items():
            if name != "__metadata__":
                size = 1
                for length in tensor["shape"]:
                    size *= length
                total += size
    return total
