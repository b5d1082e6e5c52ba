"""The architecture of a checkpoint, decided by its own files: notes, configuration, sentence-transformers' settings."""

from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.io.foreign import Fields, read_json
from rerankkit.rerank.adapter_base import ADAPTER
from rerankkit.rerank.loading import REMEDY, load_config, loading
from rerankkit.rerank.note import read_note

CONFIG = "config.json"
MODULES = "modules.json"
SETTINGS = "config_sentence_transformers.json"
BI_ENCODER, CROSS_ENCODER = "SentenceTransformer", "CrossEncoder"
"""The model types of sentence-transformers that rerank, by their names in SETTINGS."""
GENERATIVE = ("ForCausalLM", "LMHeadModel")
"""How the names of classes end that generate text from left to right."""


def architecture_of(checkpoint: str) -> str:
    """The architecture of a checkpoint: cross-encoder, bi-encoder, llm, yes-no, or a plug-in's name.

    A folder with a note is what the note names. Otherwise SETTINGS, the modules of sentence-transformers and the
    classes in config.json decide together; a causal LLM without a score head is asked yes or no. Raises InputError
    for files that cannot be read, and for types of sentence-transformers that are no rerankers.
    """
    note = read_note(checkpoint)
    if note:
        return note.architecture
    folder = Path(checkpoint)
    kind = _saved_as(folder) if folder.is_dir() else ""
    if kind == BI_ENCODER:
        return "bi-encoder"
    if folder.is_dir() and (folder / ADAPTER).is_file():
        return "cross-encoder"
    return "yes-no" if generates(checkpoint) else "cross-encoder"


def generates(checkpoint: str) -> bool:
    """Whether a folder or hub id is a causal LLM with its language head; InputError where there is no model."""
    if (Path(checkpoint) / ADAPTER).is_file():
        return False
    return any(name.endswith(GENERATIVE) for name in class_names(checkpoint))


def class_names(checkpoint: str) -> list[str]:
    """The classes that a checkpoint's configuration names; for a folder transformers is not loaded."""
    path = Path(checkpoint) / CONFIG
    if not path.is_file():
        with loading(checkpoint, REMEDY):
            return list(load_config(checkpoint).architectures or [])
    what = "a model's configuration"
    record = read_json(path, what)
    if isinstance(record, dict) and record.get("architectures") is None:
        return []
    return Fields(record, what, path).texts("architectures")


def _saved_as(folder: Path) -> str:
    """The type that sentence-transformers saved a folder as; empty for a folder of transformers alone.

    Before version 5.4 only bi-encoders had modules and settings, and the settings named no type.
    """
    kind = _model_type(folder / SETTINGS)
    if kind not in ("", BI_ENCODER, CROSS_ENCODER):
        raise InputError(
            f"a {kind} of sentence-transformers is not a reranker here",
            "Give a CrossEncoder, or a SentenceTransformer",
            folder / SETTINGS,
        )
    if kind or not (folder / MODULES).is_file():
        return kind
    modules = module_kinds(folder / MODULES)
    alone = modules == ["Transformer"] and (folder / CONFIG).is_file()
    scores = alone and any("SequenceClassification" in name for name in class_names(str(folder)))
    return CROSS_ENCODER if scores or "LogitScore" in modules else BI_ENCODER


def _model_type(settings: Path) -> str:
    if not settings.is_file():
        return ""
    what = "settings of sentence-transformers"
    record: Any = read_json(settings, what)
    return Fields(record, what, settings).text("model_type", "")


def module_kinds(path: Path) -> list[str]:
    """The last part of each module's type."""
    what = "modules of sentence-transformers"
    record = Fields({"modules": read_json(path, what)}, what, path)
    return [Fields(one, what, path).text("type").rpartition(".")[2] for one in record.records("modules")]
