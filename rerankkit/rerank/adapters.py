"""Several LoRA adapters on one base: its weights are in memory once, and the adapter whose turn it is is put to work.

An adapter is a folder of PEFT's, or the `adapter/` that a checkpoint trained with LoRA keeps beside its merged weights.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rerankkit.errors import InputError
from rerankkit.rerank.adapter_base import ADAPTER, adapter_base
from rerankkit.rerank.adapter_model import check_complete, load_base, tokenizer_of
from rerankkit.rerank.checkpoint import REMEDY, Note, load_tokenizer, loading, read_note
from rerankkit.rerank.choice import Job
from rerankkit.rerank.models import Probe, load_reranker, resolve
from rerankkit.rerank.scoring import Scoring
from rerankkit.roles import Reranker

if TYPE_CHECKING:
    from rerankkit.rerank.prefix import CausalScorer

Key = tuple[str, str]
"""What adapters must have in common to share a base: its name, and how tokens are pooled."""

ALIKE = 1e-4
"""How far merged weights may be from base plus adapter."""


def load_rerankers(
    names: Sequence[str], scoring: Scoring, models: Path, probe: Probe | None = None, job: Job | None = None
) -> list[Reranker]:
    """The Rerankers that names stand for, in their order; LLMs whose adapters have the same base share it.

    Raises InputError where an adapter's base is not the one that it was merged with.
    """
    found: dict[Key, list[int]] = {}
    for place, name in enumerate(names):
        key = _key(name, models)
        if key is not None:
            found.setdefault(key, []).append(place)
    loaded: dict[int, Reranker] = {}
    for places in found.values():
        if len(places) > 1 and not scoring.compile:  # which LLMs refuse, one by one
            checkpoints = [Path(resolve(names[place], models)) for place in places]
            loaded.update(zip(places, _on_one_base(checkpoints, scoring), strict=True))
    return [
        loaded[place] if place in loaded else load_reranker(name, scoring, models, probe, job)
        for place, name in enumerate(names)
    ]


def adapter_of(checkpoint: Path) -> Path | None:
    """The folder of a checkpoint's adapter; None where it has none."""
    return next((folder for folder in (checkpoint, checkpoint / "adapter") if (folder / ADAPTER).is_file()), None)


def _key(name: str, models: Path) -> Key | None:
    checkpoint = next((folder for folder in (Path(name), models / name) if folder.is_dir()), None)
    adapter = adapter_of(checkpoint) if checkpoint else None
    note = read_note(checkpoint) if checkpoint else None
    if adapter is None or note is None or note.architecture != "llm":
        return None
    try:
        base = adapter_base(adapter, models)
    except InputError:
        if adapter == checkpoint:
            raise
        return None  # the merged weights beside the adapter need no base
    return (base, note.pooling) if Path(base).is_dir() or adapter == checkpoint else None


def _on_one_base(checkpoints: Sequence[Path], scoring: Scoring) -> "list[CausalScorer]":
    """Scorers of the checkpoints' adapters, all of them with the same model."""
    from rerankkit.rerank import llm
    from rerankkit.rerank.prefix import CausalScorer

    adapters = [adapter or checkpoint for checkpoint in checkpoints for adapter in (adapter_of(checkpoint),)]
    tokenizers = []
    for adapter in adapters:
        with loading(str(adapter), REMEDY):
            tokenizers.append(load_tokenizer(tokenizer_of(str(adapter))))
    whole = _with_adapters(adapters, max(map(len, tokenizers)))
    scorers = []
    for number, (checkpoint, tokenizer) in enumerate(zip(checkpoints, tokenizers, strict=True)):
        with loading(str(checkpoint), REMEDY):
            _check_base(whole, _name(number), checkpoint)
        note: Note = read_note(checkpoint) or Note("llm")
        model = whole.get_base_model()
        encoder = llm.prepare(model, tokenizer, replace(note, lengths=scoring.lengths(note.lengths)))
        scorers.append(CausalScorer(model, encoder, scoring, at_work=partial(whole.set_adapter, _name(number))))
    return scorers


def _name(number: int) -> str:
    """What PEFT calls an adapter: no name is in another one, nor in that of a layer."""
    return f"adapter{number:03d}"


def _with_adapters(adapters: Sequence[Path], words: int) -> Any:
    """PEFT's model of the adapters' base, the adapters called by `_name`; it has room for so many words."""
    from peft import PeftModel

    whole: Any = None
    model = load_base(str(adapters[0]))
    for number, adapter in enumerate(adapters):
        with loading(str(adapter), REMEDY):
            if whole is None:
                if words > model.get_input_embeddings().num_embeddings:
                    model.resize_token_embeddings(words)
                whole = PeftModel.from_pretrained(model, str(adapter), adapter_name=_name(0))
            else:
                whole.load_adapter(str(adapter), adapter_name=_name(number))
            check_complete(whole, adapter, _name(number))
    return whole.eval()


def _check_base(whole: Any, name: str, checkpoint: Path) -> None:
    """Raises InputError where the first adapted layer is not the merged one: the base has changed since."""
    import torch
    from safetensors import safe_open

    merged = checkpoint / "model.safetensors"
    if not merged.is_file():
        return
    layers = whole.get_base_model().named_modules()
    found = next(((at, one) for at, one in layers if name in getattr(one, "lora_A", ())), None)
    if found is None:
        raise InputError(f"the adapter of {checkpoint} adapts no layer", "Score it by its merged weights")
    place, layer = found
    with safe_open(merged, "pt") as weights:
        wanted = weights.get_tensor(f"{place}.weight") if f"{place}.weight" in weights.keys() else None  # noqa: SIM118
    given = layer.get_base_layer().weight.detach() + layer.get_delta_weight(name).detach()
    if wanted is None or not torch.allclose(given.cpu(), wanted, atol=ALIKE):
        base = adapter_base(adapter_of(checkpoint) or checkpoint)
        raise InputError(
            f"{checkpoint}: its base {base} is not what it was trained on",
            "Score it in a command of its own, by its merged weights",
        )
