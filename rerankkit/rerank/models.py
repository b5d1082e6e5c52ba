"""The names that --model knows: plug-ins without weights, checkpoints under the models folder, any path or hub id."""

import logging
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from rerankkit.errors import InputError
from rerankkit.plugins import load_plugin, plugin_names
from rerankkit.rerank.backends import Place, Probe, compiled_for
from rerankkit.rerank.choice import Job
from rerankkit.rerank.families import check_prompt
from rerankkit.rerank.hub import is_cached, options_for
from rerankkit.rerank.identity import digest_of_model, digest_of_plugin, with_code
from rerankkit.rerank.kinds import architecture_of
from rerankkit.rerank.note import NOTE, read_note
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.weight_heads import parameters_of
from rerankkit.rerank.weights import PIP_WEIGHTS, base_model
from rerankkit.roles import Reranker

__all__ = ["MODELS", "Known", "Probe", "architecture_of", "digest_of_model", "fingerprint", "known_models"]
__all__ += ["load_reranker", "resolve"]

log = logging.getLogger(__name__)

MODELS = Path("runs/models")
"""Where trainings put checkpoints, and names are looked up."""

USUAL = ("llm-teacher", "bert-distilled")
WEIGHTED = ("llm", "cross-encoder", "yes-no", "bi-encoder")
"""The plug-ins that need a checkpoint: architectures, not models."""


class Known(NamedTuple):
    """A checkpoint found under the models folder."""

    name: str
    architecture: str
    base: str
    parameters: int
    folder: Path


def resolve(name: str, models: Path) -> str:
    """The checkpoint folder or hub id that a name stands for; weights from pip are made ready.

    Raises InputError for a usual name that was not trained yet, weights not installed, a path that is not there, a
    name without a slash that nothing here bears, about which the hub is not asked, and a hub id that cannot be had.
    """
    found = _place(name, models)
    if not _is_folder(Path(found)):
        options_for(found)
    return found


def _place(name: str, models: Path) -> str:
    """The folder or hub id of a name; the hub is not asked."""
    for folder in (Path(name), models / name):
        if _is_folder(folder):
            return str(folder)
    if name in PIP_WEIGHTS:
        return base_model(name, models)
    if name in USUAL or name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise InputError(
            f"no model {name} in {models}" if name in USUAL else f"no such model folder: {name}",
            "Train it (rerankkit sft, rerankkit distill), or see rerankkit models",
        )
    if "/" not in name and not is_cached(name):
        raise _unknown(name, models)
    return name


def _unknown(name: str, models: Path) -> InputError:
    """The error for a name that is neither a folder nor one of `rerankkit models`, nor a hub id."""
    if Path(name).is_file():
        return InputError("is a file, where a model's folder is expected", "Give the folder that holds it", name)
    if name in WEIGHTED:
        return InputError(
            f"{name} is an architecture, not a model", "Give a checkpoint's folder, or a name of `rerankkit models`"
        )
    if name in plugin_names("rerank"):
        return InputError(f"{name} has no weights", "Give a checkpoint's folder, or a name of `rerankkit models`")
    folders = [path.name for path in models.glob("*") if path.is_dir() and not path.name.startswith(".")]
    known = sorted({*USUAL, *PIP_WEIGHTS, *folders, *plugin_names("rerank")} - set(WEIGHTED))
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    meant = f"Did you mean {close[0]}? See" if close else "See"
    return InputError(f"no model named {name!r}", f"{meant} rerankkit models; ids of the hub have a slash")


def _is_folder(path: Path) -> bool:
    """Whether a folder lies there; a name too long for the file system is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def load_reranker(
    name: str, scoring: Scoring, models: Path = MODELS, probe: Probe | None = None, job: Job | None = None
) -> Reranker:
    """The Reranker that a name, folder or hub id stands for; a plug-in's name that is no folder needs no weights.

    Where the backend is not torch, `probe` gives lists to compare it with torch by; with a job, `auto` compiles only
    where its pairs repay that. Raises InputError for a model that
    was trained on another prompt, unless scoring allows any.
    """
    plugin = _is_plugin(name, models)
    checkpoint = name if plugin else resolve(name, models)
    if not plugin and not scoring.any_prompt and read_note(checkpoint) is None:
        check_prompt(checkpoint)
    architecture = name if plugin else architecture_of(checkpoint)
    _check_flags(name, architecture, scoring)
    if scoring.backend != "torch":
        place = Place(checkpoint, "" if plugin else digest_of_model(checkpoint), models, probe, job)
        compiled = compiled_for(place, architecture, scoring)
        if compiled is not None:
            return compiled
        scoring = replace(scoring, backend="torch")
    return load_plugin("rerank", architecture).load(checkpoint, scoring)


def _check_flags(name: str, architecture: str, scoring: Scoring) -> None:
    """Raises InputError for options that a model of this architecture does not have."""
    if architecture == "cross-encoder":
        return
    for flag, given in (("--compile", scoring.compile), ("--label", scoring.label is not None)):
        if given:
            raise InputError(f"{flag} is for cross-encoders, {name} is {architecture}", "Leave it out")


def _is_plugin(name: str, models: Path) -> bool:
    """Whether a name is that of a plug-in without weights."""
    if name in WEIGHTED or _is_folder(Path(name)) or _is_folder(models / name):
        return False
    return name in plugin_names("rerank")


def fingerprint(name: str, models: Path) -> str:
    """A hash of what the model of a name is made of: its files and its adapter's base, a plug-in's code.

    Where the folder lies and what it is called does not count; a hub id is its name and its commit in the cache.
    """
    if _is_plugin(name, models):
        return digest_of_plugin(name)
    checkpoint = _place(name, models)
    note = read_note(checkpoint)
    return with_code(digest_of_model(checkpoint), note.architecture if note else "cross-encoder")


def known_models(models: Path) -> list[Known]:
    """The rerankers under the models folder, by name."""
    found = []
    for path in sorted(models.glob(f"*/{NOTE}")):
        folder = path.parent
        if folder.name.startswith("."):
            continue
        try:
            note = read_note(folder)
            parameters = parameters_of(folder)
        except InputError as error:
            log.warning("left out: %s", error)
            continue
        if note is not None:
            found.append(Known(folder.name, note.architecture, str(note.trained.get("model", "")), parameters, folder))
    return found
