"""A reranker on OpenVINO or ONNX Runtime, from an exported or cached folder, without torch and transformers."""

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import NOTE, Note, read_note
from rerankkit.rerank.light_tokenizer import LightTokenizer
from rerankkit.rerank.pairs import CUT, Frame, Pair, PairEncoder
from rerankkit.rerank.scoring import DTYPES, Scoring
from rerankkit.rerank.shapes import few_shapes, padded_to_step
from rerankkit.rerank.texts import WORDS
from rerankkit.rerank.windowed import SCORES, NotFiniteError, Windowed, check_finite, named
from rerankkit.roles import OnBatch
from rerankkit.types import Group

log = logging.getLogger(__name__)

MODULES = {"openvino": "rerankkit.rerank.on_openvino", "onnx": "rerankkit.rerank.on_onnx"}
RUNTIMES = {"openvino": "openvino", "onnx": "onnxruntime"}
"""Each backend's module here, and the package that it runs on."""

FRAME = {"prefix", "middle", "suffix", "segments", "query_end", "separator"}
"""The parts of a frame that a note holds."""

BATCH_TOKENS = 1024
"""Padded tokens of a batch: the states of so many stay in a core's cache from one layer to the next."""


class Engine(Protocol):
    """A compiled model that is ready to run."""

    def logits(self, batches: Iterable[dict[str, np.ndarray]]) -> Iterator[np.ndarray]:
        """The logits of each batch, in order."""


class CompiledScorer(Windowed):
    """A Reranker: a compiled sequence classifier with its encoder."""

    def __init__(self, folder: Path, note: Note, scoring: Scoring, dtype: str) -> None:
        told = exported_of(note, folder)
        lengths = scoring.lengths(note.lengths)
        if lengths.max_length > told["positions"]:
            raise InputError(
                f"--max-length {lengths.max_length} is more than the model's {told['positions']} positions",
                f"Give at most {told['positions']}",
            )
        query_text, document_text = WORDS[note.architecture]
        frame = Frame(**told["frame"], query_text=query_text, document_text=document_text)
        self.encoder = PairEncoder(LightTokenizer(folder), frame, lengths)
        self.folder, self.note, self.scoring, self.dtype = folder, note, scoring, dtype
        self.backend: str = told["backend"]
        self.on_batch: OnBatch | None = None
        self.engine: Engine = engine(folder, self.backend, dtype)

    def logits(self, pairs: Sequence[Pair], first: int = 0) -> list[float]:
        """The raw scores of pairs, in their order; `first` is the place of the first one for `on_batch`."""
        out = np.empty(len(pairs), dtype=np.float32)
        told, segments = self.note.exported, self.encoder.frame.segments
        most = told["positions"]
        batches = few_shapes(pairs, min(BATCH_TOKENS, self.scoring.batch_tokens), most)
        inputs = (padded_to_step([pairs[i] for i in batch], told["pad_id"], segments, most) for batch in batches)
        for batch, scores in zip(batches, self.engine.logits(inputs), strict=True):
            out[batch] = scores
            check_finite(scores.tolist(), batch)
            if self.on_batch:
                self.on_batch([first + place for place in batch], scores.tolist())
        return out.tolist()

    def traits(self) -> dict[str, Any]:
        """What tells its scores from those of the same weights elsewhere; in int8 also what its scales are."""
        told = {"architecture": self.note.exported["architecture"], "commit": None}
        where = {"dtype": self.dtype, "device": "cpu", "backend": self.backend}
        if self.dtype == "int8":
            where["graph"] = digest(self.folder, self.backend)
        return {"version": SCORES, **told, **where, **self.encoder.traits()}


def exported_of(note: Note, folder: Path) -> dict[str, Any]:
    """What a note tells of the compiled model; InputError where a value is none that export writes."""
    told, what = note.exported, "what a note tells of a compiled model"
    known = told["backend"] in RUNTIMES and told["dtype"] in DTYPES and note.architecture in WORDS
    if not known or set(told["frame"]) != FRAME:
        raise InputError(f"not {what}: a value is none that export writes", "Export the model again", folder / NOTE)
    return told


def installed(backend: str) -> bool:
    """Whether the package that a backend runs on is there."""
    return find_spec(RUNTIMES[backend]) is not None


def lacking(backend: str, dtype: str) -> tuple[str, str] | None:
    """The first package that making a compiled model takes and that is not installed, and how to get it."""
    install = import_module(MODULES[backend]).INSTALL
    parts = {"openvino": ("openvino",), "onnx": ("onnxruntime", "onnx", "onnxscript")}[backend]
    needed = [(package, install) for package in parts]
    needed += [(package, "pip install rerankkit") for package in ("torch", "transformers")]
    if (backend, dtype) == ("openvino", "int8"):
        needed.append(("nncf", "pip install 'rerankkit[int8]'"))
    return next(((package, how) for package, how in needed if find_spec(package) is None), None)


def missing(backend: str) -> InputError:
    """What tells that a backend is not installed, and how to get it."""
    install = import_module(MODULES[backend]).INSTALL
    return InputError(f"--backend {backend} is not installed", f"Install it: {install}")


def engine(folder: Path, backend: str, dtype: str) -> Engine:
    """The compiled model of a folder; InputError where its files are missing or broken, or its runtime is."""
    if not installed(backend):
        raise missing(backend)
    module = import_module(MODULES[backend])
    path = folder / module.FILE
    if not path.is_file():
        raise InputError("no compiled model", "Export the model again: rerankkit export", path)
    kind = module.OnOpenvino if backend == "openvino" else module.OnOnnx
    try:
        return kind(folder, dtype, threads())
    except Exception as error:  # each runtime raises kinds of its own, RuntimeError at best
        told = str(error).strip().splitlines()
        raise InputError(
            f"not a model that {backend} runs ({told[-1] if told else type(error).__name__})",
            "Export the model again: rerankkit export",
            path,
        ) from error


def open_compiled(folder: Path, scoring: Scoring, dtype: str | None = None) -> CompiledScorer:
    """The Reranker of a folder with a compiled model, in the dtype that it was made for, or in another that it runs."""
    note = read_note(folder)
    if note is None or "backend" not in note.exported:
        raise InputError("no compiled model", "Make one: rerankkit export", folder)
    return CompiledScorer(folder, note, scoring, dtype or note.exported["dtype"])


def threads() -> int:
    """How many threads compute: OMP_NUM_THREADS, else one for each processor that this process may use."""
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if told.isdigit() and int(told):
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def digest(folder: Path, backend: str) -> str:
    """A hash of a compiled model's files."""
    hashed = hashlib.sha256()
    for path in sorted((folder / import_module(MODULES[backend]).FILE).parent.iterdir()):
        with path.open("rb") as file:
            hashed.update(hashlib.file_digest(file, "sha256").digest())
    return hashed.hexdigest()[:16]


def is_whole(folder: Path) -> bool:
    """Whether a compiled model's files are those that were made, where their hash was written down."""
    note = read_note(folder)
    if note is None or "backend" not in note.exported:
        return False
    try:
        return note.exported.get("files") in (None, digest(folder, note.exported["backend"]))
    except OSError:
        return False


def with_parity(note: Note, parity: dict[str, Any]) -> Note:
    """The note of a compiled model with how far it agrees with the weights."""
    return replace(note, exported={**note.exported, "parity": parity})


def scores_of(scorer: Windowed, groups: Sequence[Group]) -> list[list[float]]:
    """A model's scores of groups that models are compared by; what was cut is not logged.

    Raises InputError that names the pair whose score is no finite number.
    """
    pairs = encoded(scorer.encoder, groups)
    try:
        scores = iter(scorer.logits([pair for of_query in pairs for pair in of_query]))
    except NotFiniteError as error:
        raise named(error, groups) from error
    return [[next(scores) for _ in of_query] for of_query in pairs]


def encoded(encoder: PairEncoder, groups: Sequence[Group]) -> list[list[Pair]]:
    """The pairs of groups that models are compared by; a query of any length is cut so that it leaves room."""
    kept = encoder.lengths
    most = kept.max_query_tokens or max(1, kept.max_length // 4)
    with encoder.apart(replace(kept, max_query_tokens=most, long_queries=CUT)):
        return [encoder.encode(group.query, [one.document for one in group.candidates]) for group in groups]
