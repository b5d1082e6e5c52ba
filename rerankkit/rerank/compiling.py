"""A checkpoint to a compiled model, and how far that agrees with it; the part that needs torch."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.rerank import int8, on_onnx, on_openvino
from rerankkit.rerank.batches import by_length, pad, padded
from rerankkit.rerank.checkpoint import Note, positions, read_note
from rerankkit.rerank.compiled import RUNTIMES, CompiledScorer, encoded, lacking, open_compiled
from rerankkit.rerank.light_tokenizer import FILE
from rerankkit.rerank.pairs import Pair
from rerankkit.rerank.parity import Parity
from rerankkit.rerank.scorer import PairScorer
from rerankkit.rerank.scoring import Scoring
from rerankkit.types import Group

log = logging.getLogger(__name__)

CALIBRATION = 320
"""Pairs that an int8 model's scales are set by, at the most."""


@dataclass(frozen=True, slots=True)
class Making:
    """What a compiled model is made from: the checkpoint and its scorer; for which backend; what sets int8's scales."""

    checkpoint: str
    scorer: PairScorer
    backend: str
    calibration: Sequence[Group]


def weights(checkpoint: str, scoring: Scoring) -> PairScorer:
    """The checkpoint in torch and float32 on the CPU: what a compiled model must agree with, and is made from."""
    from rerankkit.rerank import cross_encoder, llm

    note = read_note(checkpoint)
    kind: Any = llm if note and note.architecture == "llm" else cross_encoder
    return kind.load(checkpoint, replace(scoring, backend="torch", device="cpu", dtype="float32"))


def compile_agreeing(
    folder: Path, making: Making, dtype: str, compare: Callable[[CompiledScorer], Parity]
) -> tuple[Note, Parity]:
    """Fills a folder with the first compiled model that agrees with its weights, or else the last one tried.

    Of OpenVINO in int8 the fastest is tried first, then the one that leaves more as it is.
    """
    tried = (False, True) if (making.backend, dtype) == ("openvino", "int8") else (False,)
    for careful in tried:
        note = compile_into(folder, making, dtype, careful)
        parity = compare(open_compiled(folder, Scoring("cpu")))
        if parity.passes(dtype):
            break
        if careful is not tried[-1]:
            log.info("all products in int8 do not rank as the weights do (%s): fewer are tried", parity.told())
    return note, parity


def compile_into(folder: Path, making: Making, dtype: str, careful: bool = False) -> Note:
    """Fills a folder with the compiled model, its tokenizer and a note, without what it agrees with yet."""
    from rerankkit.rerank.causal_graph import CausalGraph
    from rerankkit.rerank.graph import ScoreGraph, capture, is_bert_like

    scorer, backend = making.scorer, making.backend
    model, encoder = scorer.model, scorer.encoder
    needs(backend, dtype)
    pairs = _some_pairs(scorer, making.calibration)
    pad_id, segments = model.config.pad_token_id, encoder.frame.segments
    inputs = pad(pairs[:2] if len(pairs) > 1 else pairs * 2, pad_id, segments)
    graph = ScoreGraph if is_bert_like(model) else CausalGraph
    program = capture(graph(model), inputs)
    if backend == "onnx":
        on_onnx.write(program, list(inputs), folder)
        if dtype == "int8":
            on_onnx.quantise(folder)
    else:
        made = on_openvino.write(program, folder, exact_sums=graph is CausalGraph)
        if dtype == "int8":
            batches = [padded([pairs[i] for i in batch], pad_id, segments) for batch in by_length(pairs, 1024)]
            on_openvino.save(int8.quantised(made, batches, careful), folder)
    write_tokenizer(encoder.tokenizer, folder)
    note = read_note(making.checkpoint) or Note("cross-encoder", encoder.lengths)
    note = replace(note, exported=_told(scorer, backend, dtype, careful))
    note.write(folder)
    return note


def needs(backend: str, dtype: str) -> None:
    """Raises InputError where a package is missing that making such a model takes."""
    found = lacking(backend, dtype)
    if found is not None:
        package, install = found
        what = "int8" if package == "nncf" else f"--backend {backend}"
        raise InputError(f"{what} needs {package} to make the model, once", f"Install it: {install}")


def _some_pairs(scorer: PairScorer, groups: Sequence[Group]) -> list[Pair]:
    """Pairs of the groups, spread over them."""
    flat = [pair for of_query in encoded(scorer.encoder, groups) for pair in of_query]
    return flat[:: max(1, len(flat) // CALIBRATION)][:CALIBRATION]


def _told(scorer: PairScorer, backend: str, dtype: str, careful: bool) -> dict[str, Any]:
    """What running the compiled model takes."""
    frame = scorer.encoder.frame
    names = ("prefix", "middle", "suffix", "segments", "query_end", "separator")
    packages = [RUNTIMES[backend], "torch", *(["nncf"] if (backend, dtype) == ("openvino", "int8") else ())]
    return {
        "backend": backend,
        "dtype": dtype,
        **({"careful": True} if careful else {}),
        "architecture": type(scorer.model).__name__,
        "frame": {name: getattr(frame, name) for name in names},
        "pad_id": scorer.model.config.pad_token_id,
        "positions": positions(scorer.model) or 1 << 14,
        "versions": {package: version(package) for package in packages},
    }


def write_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Writes `tokenizer.json` as LightTokenizer reads it; InputError for a tokenizer that is not a fast one."""
    fast = getattr(tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise InputError("the tokenizer has no tokenizer.json", "Use --backend torch")
    told = json.loads(fast.to_str())
    (folder / FILE).write_text(json.dumps({**told, "padding": None, "truncation": None}, ensure_ascii=False), "utf-8")
