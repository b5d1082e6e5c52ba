"""One reranker of several that began alike: the mean of their weights.

Fine-tunings of one start lie in one basin, so their mean ranks at the cost of one model about as well as all of them
together, and often better than the best (model soups, Wortsman et al. 2022, arXiv 2203.05482). With the start itself
among them it keeps more of what the start knew (WiSE-FT, Wortsman et al. 2022, arXiv 2109.01903).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from rerankkit.errors import InputError
from rerankkit.files import whole_folder
from rerankkit.rerank.checkpoint import IDENTITY, Note, load_sequence_classifier, read_note

CARD = """---
library_name: {library}
pipeline_tag: text-ranking
tags: [reranker, {architecture}]
---

# {name}

The mean of the weights of {members}, made by rerankkit. Scores are raw logits, one label, no activation.
"""


def average(checkpoints: Sequence[str], shares: Sequence[float] | None, output: Path) -> Path:
    """Writes the checkpoint whose weights are the mean of these, by their shares (equal where None).

    Lengths are the first one's. Raises InputError where they are not of one shape or read their input differently.
    """
    parts = _parts(shares, len(checkpoints))
    if output.resolve() in {Path(checkpoint).resolve() for checkpoint in checkpoints}:
        raise InputError("is one of the checkpoints", "Give another --output", output)
    notes = [read_note(checkpoint) for checkpoint in checkpoints]
    note = _one_way(checkpoints, notes)
    model, tokenizer = load_sequence_classifier(checkpoints[0])
    mean = {name: weight * parts[0] for name, weight in _learnt(model)}
    for checkpoint, part in zip(checkpoints[1:], parts[1:], strict=True):
        other = dict(_learnt(load_sequence_classifier(checkpoint)[0]))
        if {name: weight.shape for name, weight in other.items()} != {name: w.shape for name, w in mean.items()}:
            raise InputError(
                f"{checkpoint} is not of the shape of {checkpoints[0]}", "Give checkpoints that began alike"
            )
        for name, weight in other.items():
            mean[name] += weight * part
    model.load_state_dict(mean, strict=False)
    model.config.sentence_transformers = dict(IDENTITY)
    members = [Path(checkpoint).name for checkpoint in checkpoints]
    note = replace(note, trained={"averaged": members, "shares": parts}, exported={})
    with whole_folder(output) as part_of:
        model.save_pretrained(part_of)
        tokenizer.save_pretrained(part_of)
        note.write(part_of)
        library = "rerankkit" if note.pooling == "mean" else "sentence-transformers"
        told = ", ".join(f"{member} ({part:.3g})" for member, part in zip(members, parts, strict=True))
        card = CARD.format(library=library, architecture=note.architecture, name=output.name, members=told)
        (part_of / "README.md").write_text(card, "utf-8")
    return output


def _parts(shares: Sequence[float] | None, count: int) -> list[float]:
    """The shares, summing to 1."""
    if count < 2:
        raise InputError("one checkpoint has no mean", "Give two or more")
    given = [1.0] * count if shares is None else list(shares)
    if len(given) != count:
        raise InputError(f"{len(given)} weights for {count} checkpoints", "Give one a checkpoint")
    if not all(0 <= share < float("inf") for share in given) or not sum(given):
        raise InputError(f"--weights {','.join(map(str, given))}", "Give numbers of 0 or more, one above 0")
    return [share / sum(given) for share in given]


def _one_way(checkpoints: Sequence[str], notes: Sequence[Note | None]) -> Note:
    """The first one's note; InputError for a checkpoint that is none of ours, or that reads or pools otherwise."""
    for checkpoint, note in zip(checkpoints, notes, strict=True):
        if note is None:
            raise InputError("is no checkpoint of rerankkit's", "Give folders that sft or distill wrote", checkpoint)
    first, *others = [note for note in notes if note is not None]
    for checkpoint, note in zip(checkpoints[1:], others, strict=True):
        for what in ("architecture", "pooling", "separate_title"):
            one, other = getattr(first, what), getattr(note, what)
            if one != other:
                raise InputError(
                    f"{what} is {other}, {checkpoints[0]}'s is {one}", "Give checkpoints that began alike", checkpoint
                )
    return first


def _learnt(model: Any) -> list[tuple[str, torch.Tensor]]:
    """The weights by name."""
    return [(name, weight.detach().float()) for name, weight in model.named_parameters()]
