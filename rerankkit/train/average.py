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
from rerankkit.rerank.checkpoint import (
    IDENTITY,
    Note,
    check_folder,
    load_sequence_classifier,
    quiet_transformers,
    read_note,
)
from rerankkit.rerank.model_card import origin_of, reranker_card

ALIKE = "Give checkpoints that began alike"


def average(checkpoints: Sequence[str], weights: Sequence[float] | None, output: Path) -> Path:
    """Writes the checkpoint whose weights are the mean of these, by a weight each (equal where None).

    Lengths are the first one's. Raises InputError where they are not of one shape or read their input differently.
    """
    shares = _shares(weights, len(checkpoints))
    check_folder(output, *checkpoints)
    note = _common_note(checkpoints)
    model, tokenizer = load_sequence_classifier(checkpoints[0])
    mean = {name: shares[0] * tensor for name, tensor in _tensors(model, checkpoints[0]).items()}
    shapes = {name: tensor.shape for name, tensor in mean.items()}
    for checkpoint, share in zip(checkpoints[1:], shares[1:], strict=True):
        other = _tensors(load_sequence_classifier(checkpoint)[0], checkpoint)
        if {name: tensor.shape for name, tensor in other.items()} != shapes:
            raise InputError(f"{checkpoint} is not of the shape of {checkpoints[0]}", ALIKE)
        for name, tensor in other.items():
            mean[name] += share * tensor
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            tensor.copy_(mean[name])
    model.config.sentence_transformers = dict(IDENTITY)
    members = [Path(checkpoint).name for checkpoint in checkpoints]
    with whole_folder(output) as part:
        with quiet_transformers():
            model.save_pretrained(part)
        tokenizer.save_pretrained(part)
        replace(note, trained={"averaged": members, "shares": shares}, exported={}).write(part)
        named = ", ".join(f"`{member}` ({share:.3g})" for member, share in zip(members, shares, strict=True))
        made = f"A reranker made by rerankkit: its weights are the mean of those of {named}."
        whole = replace(note, trained={})
        card = reranker_card(output.name, whole, origin_of(checkpoints[0]), made)
        (part / "README.md").write_text(card, "utf-8")
    return output


def _shares(weights: Sequence[float] | None, count: int) -> list[float]:
    """The weights, summing to 1."""
    if count < 2:
        raise InputError("one checkpoint has no mean", "Give two or more")
    given = [1.0] * count if weights is None else list(weights)
    if len(given) != count:
        raise InputError(f"{len(given)} weights for {count} checkpoints", "Give one a checkpoint")
    if not all(0 <= weight < float("inf") for weight in given) or not sum(given):
        raise InputError(f"--weights {','.join(map(str, given))}", "Give numbers of 0 or more, one above 0")
    return [weight / sum(given) for weight in given]


def _common_note(checkpoints: Sequence[str]) -> Note:
    """The first one's note; InputError for a checkpoint that is none of ours, or that reads or pools otherwise."""
    notes = []
    for checkpoint in checkpoints:
        note = read_note(checkpoint)
        if note is None:
            raise InputError("is no checkpoint of rerankkit's", "Give folders that sft or distill wrote", checkpoint)
        notes.append(note)
        for what in ("architecture", "pooling", "separate_title"):
            one, other = getattr(notes[0], what), getattr(note, what)
            if one != other:
                raise InputError(f"{what} is {other}, {checkpoints[0]}'s is {one}", ALIKE, checkpoint)
    return notes[0]


def _tensors(model: Any, checkpoint: str) -> dict[str, torch.Tensor]:
    """The weights by name; InputError where one is no finite number."""
    found = {name: tensor.detach().float() for name, tensor in model.named_parameters()}
    for name, tensor in found.items():
        if not tensor.isfinite().all():
            raise InputError(f"{name} holds weights that are no numbers", "Train it again, or leave it out", checkpoint)
    return found
