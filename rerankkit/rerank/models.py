"""The names that --model knows: plug-ins without weights, checkpoints under the models folder, any path or hub id."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rerankkit.errors import InputError
from rerankkit.plugins import load_plugin, plugin_names
from rerankkit.rerank.backends import Place, Probe, compiled_for
from rerankkit.rerank.checkpoint import NOTE, generates, read_note
from rerankkit.rerank.identity import digest_of_model, digest_of_plugin, with_code
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.weights import base_model
from rerankkit.roles import Reranker

log = logging.getLogger(__name__)

MODELS = Path("runs/models")
"""Where trainings put checkpoints, and names are looked up."""

BI_ENCODER = "modules.json"
"""The file of a sentence-transformers bi-encoder that tells it from a cross-encoder."""

USUAL = ("llm-teacher", "bert-distilled")


class Known(NamedTuple):
    """A checkpoint found under the models folder."""

    name: str
    architecture: str
    base: str
    parameters: int
    folder: Path


def resolve(name: str, models: Path) -> str:
    """The checkpoint folder or hub id that a name stands for; weights from pip are made ready.

    Raises InputError for a usual name that was not trained yet, weights not installed, or a path that is not there.
    """
    for folder in (Path(name), models / name):
        if folder.is_dir():
            return str(folder)
    if name in USUAL or name.startswith((".", "/")) or name.count("/") > 1:
        raise InputError(
            f"no model {name} in {models}" if name in USUAL else f"no such model folder: {name}",
            "Train it (rerankkit sft, rerankkit distill), or see rerankkit models",
        )
    return base_model(name, models)


def load_reranker(name: str, scoring: Scoring, models: Path = MODELS, probe: Probe | None = None) -> Reranker:
    """The Reranker that a name, folder or hub id stands for; a plug-in's name that is no folder needs no weights.

    Where the backend is not torch, `probe` gives lists to compare it with torch by.
    """
    plugin = _is_plugin(name, models)
    checkpoint = name if plugin else resolve(name, models)
    architecture = name if plugin else architecture_of(checkpoint)
    if scoring.compile and architecture != "cross-encoder":
        raise InputError(f"--compile is for cross-encoders, {name} is {architecture}", "Leave it out")
    if scoring.backend != "torch":
        place = Place(checkpoint, "" if plugin else digest_of_model(checkpoint), models, probe)
        compiled = compiled_for(place, architecture, scoring)
        if compiled is not None:
            return compiled
        scoring = replace(scoring, backend="torch")
    return load_plugin("rerank", architecture).load(checkpoint, scoring)


def architecture_of(checkpoint: str) -> str:
    """What a folder says that it is.

    One of others is a bi-encoder by its file, a causal LLM without a score head answers yes or no, the rest are
    cross-encoders.
    """
    note = read_note(checkpoint)
    if note:
        return note.architecture
    if (Path(checkpoint) / BI_ENCODER).is_file():
        return "bi-encoder"
    if _names_a_classifier(Path(checkpoint) / "config.json"):
        return "cross-encoder"
    return "yes-no" if generates(checkpoint) else "cross-encoder"


def _names_a_classifier(config: Path) -> bool:
    """Whether a configuration that lies there names a model with a score head; transformers is not asked."""
    try:
        names = json.loads(config.read_text("utf-8")).get("architectures") if config.is_file() else ()
    except (ValueError, AttributeError):
        return False
    return any("SequenceClassification" in str(one) for one in names or ())


def _is_plugin(name: str, models: Path) -> bool:
    return name in plugin_names("rerank") and not Path(name).is_dir() and not (models / name).is_dir()


def fingerprint(name: str, models: Path) -> str:
    """A hash of what the model of a name is made of: its files and its adapter's base, a plug-in's code.

    Where the folder lies and what it is called does not count; a hub id is its name and its commit in the cache.
    """
    if _is_plugin(name, models):
        return digest_of_plugin(name)
    checkpoint = resolve(name, models)
    note = read_note(checkpoint)
    return with_code(digest_of_model(checkpoint), note.architecture if note else "cross-encoder")


def known_models(models: Path) -> list[Known]:
    """The rerankers under the models folder, by name."""
    found = []
    for path in sorted(models.glob(f"*/{NOTE}")):
        try:
            note = read_note(path.parent)
        except InputError as error:
            log.warning("left out: %s", error)
            continue
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
