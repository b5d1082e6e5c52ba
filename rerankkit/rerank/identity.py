"""What a model's scores follow from, as a hash: the files of its folder, the commit of a hub id, a plug-in's code.

What is kept from one command to the next, and what it is found by:

| cache | found by |
|---|---|
| score store | `fingerprint`, the reranker's traits, versions of what computes (`store_file.libraries`), texts |
| `.compiled` of the models folder | `digest_of_model`, backend and its version, dtype, processor; its files by hash |
| choice of `--backend auto` beside it | the same, and what is installed |
| state of a training, journal of `queries` | settings, texts, `digest_of_model` of the start |
| stages of `demo` | a stage's command, what it wrote, the versions of rerankkit and of the libraries |
| archive of Java's classes | Java, its version, Anserini's jar |

Ids of texts, windows and prefixes are kept within a process alone, by text.
"""

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from rerankkit.digests import SIDE
from rerankkit.plugins import code_digest
from rerankkit.rerank.adapter_base import ADAPTER, adapter_base

MAKING = (
    *(".safetensors", ".bin", ".gguf", ".onnx", ".onnx_data", ".xml", ".json", ".model", ".txt", ".jinja"),
    *(".spm", ".vocab", ".tiktoken", ".codes", ".npz", ".npy"),
)
"""The endings of the files that scores may follow from: weights, graphs, configurations, tokenizers, templates."""
OTHER_STATE = ("training_args.bin", "optimizer.bin", "scheduler.bin")
"""Files with such an ending that only a training reads."""
DEEPEST = 2
"""How many folders down a part of a model may lie, as `1_Pooling` and `openvino` do."""
VERSIONED = ("bi-encoder", "cross-encoder", "llm", "yes-no")
"""Architectures whose traits hold the version of their own code."""
NOTE = "rerankkit.json"
"""The file of a checkpoint's folder that names its architecture."""


def digest_of_model(place: str) -> str:
    """A hash of the files that make the model in a folder; of a hub id, its name and the commit that lies in the cache.

    Where the folder lies and what it is called does not count.
    """
    return _digest_of(place, set())


def _digest_of(place: str, above: set[str]) -> str:
    folder = Path(place)
    if not folder.is_dir():
        commit = hub_commit(place)
        return digest_of_text(f"{place}@{commit}" if commit else place)
    hashed = hashlib.sha256()
    for path in making(folder):
        told = path.stat()
        name = path.relative_to(folder).as_posix()
        hashed.update(f"{name} {digest_of_file(path.resolve(), told.st_mtime_ns, told.st_size)}\n".encode())
    real = os.path.realpath(folder)
    if (folder / ADAPTER).is_file() and real not in above:
        hashed.update(_digest_of(adapter_base(folder), {*above, real}).encode())
    return hashed.hexdigest()


def making(folder: Path) -> list[Path]:
    """The files of a folder that its scores may follow from, in a fixed order.

    Folders within it that are models of their own do not count: earlier checkpoints of a training, and the adapter
    that stands beside the weights that it was merged into.
    """
    return sorted(path for path in _within(folder, DEEPEST) if path != folder / SIDE)


def _within(folder: Path, deeper: int) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir():
            apart = path.name == "adapter" or path.name.startswith("checkpoint-") or (path / NOTE).is_file()
            if deeper and not apart:
                yield from _within(path, deeper - 1)
        elif path.suffix in MAKING and path.name not in OTHER_STATE and path.is_file():
            yield path


def digest_of_plugin(name: str) -> str:
    """A hash of a plug-in that needs no weights: its name and its code."""
    return digest_of_text(f"{name} {code_digest('rerank', name)}")


def with_code(digest: str, architecture: str) -> str:
    """The hash of a folder, and of the code that runs it where that does not name its own version."""
    return digest if architecture in VERSIONED else digest_of_text(f"{digest} {code_digest('rerank', architecture)}")


def hub_commit(name: str) -> str:
    """The commit of a hub id that lies in the local cache; empty where none does, and for what is no hub id."""
    from huggingface_hub.constants import HF_HUB_CACHE

    ref = Path(HF_HUB_CACHE) / f"models--{name.replace('/', '--')}" / "refs" / "main"
    return ref.read_text("utf-8", "replace").strip() if ref.is_file() else ""


def digest_of_text(text: str) -> str:
    """The hash of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=1024)
def digest_of_file(path: Path, changed: int, size: int) -> str:
    """The hash of a file's content, read once a process as long as the file stays as it is."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
