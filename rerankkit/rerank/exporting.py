"""A checkpoint to a folder that others serve: whole weights in safetensors, and beside them a compiled model."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.files import whole_folder
from rerankkit.rerank.checkpoint import (
    IDENTITY,
    Note,
    check_folder,
    load_sequence_classifier,
    quiet_transformers,
    read_note,
)
from rerankkit.rerank.compiled import lacking, scores_of, with_parity
from rerankkit.rerank.model_card import origin_of, reranker_card
from rerankkit.rerank.parity import LEAST_TAU, Lists, Parity, compared
from rerankkit.rerank.scoring import SHORT, Scoring
from rerankkit.types import Group

log = logging.getLogger(__name__)

FORMATS = ("openvino", "onnx", "merged")
ARCHITECTURES = ("cross-encoder", "llm")
"""Those with a score head, which others know how to serve."""

FORCE = "Give --dtype float32, or have it all the same: --force"

SECTION = """
## Export

Exported by rerankkit: {what}. {verdict}: {told}.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an export is to be, and what it is compared with the checkpoint by."""

    form: str
    dtype: str
    lists: Sequence[Group]
    calibration: Sequence[Group]
    ndcg: Callable[[Lists], float] | None = None
    force: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", SHORT.get(self.dtype, self.dtype))
        if self.form == "merged" and self.dtype not in ("float32", "bfloat16", "float16"):
            raise InputError(f"merged weights are not kept in {self.dtype}", "Give --dtype float32, bf16 or float16")
        if self.form != "merged":
            Scoring(backend=self.form, dtype=self.dtype)


def export(checkpoint: str, architecture: str, wanted: Wanted, output: Path) -> Parity:
    """Writes the folder, whole or not at all, and returns how far it agrees with the checkpoint.

    Raises InputError where it does not agree well enough, unless it is forced, and for what cannot be exported.
    """
    if architecture not in ARCHITECTURES:
        raise InputError(
            f"{architecture} has no score head to export", f"Give a checkpoint of {' or '.join(ARCHITECTURES)}"
        )
    check_folder(output, checkpoint)
    absent = None if wanted.form == "merged" else lacking(wanted.form, wanted.dtype)
    if absent is not None:
        raise InputError(f"--format {wanted.form} in {wanted.dtype} needs {absent[0]}", f"Install it: {absent[1]}")
    scorer = _scorer(checkpoint, architecture)
    expected = scores_of(scorer, wanted.lists)
    with whole_folder(output) as part:
        note = _write_weights(part, checkpoint, architecture, wanted)

        def compare(made: Any) -> Parity:
            return compared(expected, scores_of(made, wanted.lists), wanted.ndcg)

        if wanted.form == "merged":
            parity = compare(_scorer(str(part), architecture))
        else:
            parity = _compile(part, checkpoint, scorer, wanted, note, compare)
        if not wanted.force:
            parity.check(wanted.dtype, f"{checkpoint} as {wanted.form} in {wanted.dtype}", FORCE)
        _sign(part, checkpoint, output.name, wanted, parity)
    return parity


def _scorer(checkpoint: str, architecture: str) -> Any:
    """The checkpoint in float32 on the CPU."""
    from rerankkit.plugins import load_plugin

    return load_plugin("rerank", architecture).load(checkpoint, Scoring("cpu", "float32"))


def _write_weights(folder: Path, checkpoint: str, architecture: str, wanted: Wanted) -> Note:
    """Writes whole weights, configuration, tokenizer and note; an adapter comes merged into its base."""
    import torch

    from rerankkit.rerank import cross_encoder, llm
    from rerankkit.rerank.pairs import Lengths

    model, tokenizer = load_sequence_classifier(checkpoint)
    scorer_note = read_note(checkpoint)
    note = scorer_note or Note(architecture, Lengths(min(512, tokenizer.model_max_length)))
    module: Any = llm if architecture == "llm" else cross_encoder
    module.prepare(model, tokenizer, note)
    model.config.sentence_transformers = dict(IDENTITY)
    if wanted.form == "merged" and wanted.dtype != "float32":
        model = model.to(getattr(torch, wanted.dtype))
    with quiet_transformers():
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    note = replace(note, exported={})
    note.write(folder)
    return note


def _compile(
    folder: Path, checkpoint: str, scorer: Any, wanted: Wanted, note: Note, compare: Callable[[Any], Parity]
) -> Parity:
    """Adds the compiled model; returns how far it agrees."""
    from rerankkit.rerank.backends import why_not
    from rerankkit.rerank.compiling import Making, compile_agreeing

    why = why_not(str(folder), note.architecture, wanted.form, wanted.dtype)
    if why:
        raise InputError(f"--format {wanted.form}: {why}", "Give --format merged")
    making = Making(checkpoint, scorer, wanted.form, wanted.calibration)
    return compile_agreeing(folder, making, wanted.dtype, compare)[1]


def _sign(folder: Path, checkpoint: str, name: str, wanted: Wanted, parity: Parity) -> None:
    """Writes how far the export agrees with the checkpoint into its note and its card."""
    note = read_note(folder)
    assert note is not None
    with_parity(note, parity.record()).write(folder)
    before = Path(checkpoint) / "README.md"
    if before.is_file():
        card = before.read_text("utf-8", "replace")
    else:
        card = reranker_card(name, note, origin_of(checkpoint), "A reranker in a form that rerankkit exported.")
    what = f"{wanted.form}, {wanted.dtype}" + ("" if wanted.form == "merged" else ", beside the weights in safetensors")
    passes, least = parity.passes(wanted.dtype), LEAST_TAU[wanted.dtype]
    verdict = "It ranks as the checkpoint does" if passes else f"Below the tau of {least} that it must reach"
    section = SECTION.format(what=what, verdict=verdict, told=parity.told())
    (folder / "README.md").write_text(card.rstrip() + "\n" + section, "utf-8")
