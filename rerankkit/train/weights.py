"""Where training starts: models given a fresh score head, and students that keep some of their layers."""

import logging
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from rerankkit.errors import InputError
from rerankkit.rerank.adapter_base import ADAPTER
from rerankkit.rerank.adapter_model import load_adapter
from rerankkit.rerank.heads import head_name
from rerankkit.rerank.loading import load_config, load_model, load_tokenizer, loading
from rerankkit.rerank.stacked import is_stacked
from rerankkit.rerank.weights import PIP_WEIGHTS

log = logging.getLogger(__name__)


class Start(NamedTuple):
    """A model of one label, its tokenizer and architecture, and what beside its head has weights drawn at random."""

    model: Any
    tokenizer: Any
    architecture: str
    fresh: list[str]


def with_score_head(base: str, seed: int, keep_layers: str | int | None = None) -> Start:
    """A base model made a scorer; a head (and a pooler) that is not there is drawn by the seed.

    So is a head of several labels, and one in modules of sentence-transformers, which is said. Of its layers those of
    `kept_layers` stay. Raises InputError where the base cannot be loaded.
    """
    torch.manual_seed(seed)
    remedy = f"Give a model folder, {' or '.join(PIP_WEIGHTS)}, or a Hugging Face id where the hub is reached"
    with loading(base, remedy):
        if (Path(base) / ADAPTER).is_file():
            model, tokenizer = load_adapter(base)
            missing: list[str] = []
        else:
            model, missing = _with_fresh_head(base)
            tokenizer = load_tokenizer(base)
    if keep_layers is not None:
        drop_layers(model, keep_layers)
    fresh = {name.rpartition(".")[0] for name in missing if name.split(".")[0] != head_name(model)}
    return Start(model, tokenizer, "llm" if is_causal(model.config) else "cross-encoder", sorted(fresh))


def _with_fresh_head(base: str) -> tuple[Any, list[str]]:
    """The model with a head of one label, and the names of the weights that were drawn."""
    config = load_config(base)
    several = config.num_labels != 1 and any("SequenceClassification" in name for name in config.architectures or [])
    if several or is_stacked(base):
        log.warning("%s: its score head is not kept, a fresh one of one label is drawn", base)
    options = {"num_labels": 1, "output_loading_info": True, "ignore_mismatched_sizes": several}
    model, found = load_model("AutoModelForSequenceClassification", base, **options)
    head = head_name(model)
    others = [str(key[0]) for key in found["mismatched_keys"] if str(key[0]).split(".")[0] != head]
    if others:
        raise InputError(f"{base} has weights of other sizes than its configuration says: {others[0]}", "Save it again")
    return model, list(found["missing_keys"])


def with_language_head(base: str, remedy: str) -> tuple[Any, Any]:
    """A causal language model (float32) with its own output layer, and its tokenizer.

    Raises InputError where the base is none, or is a reranker, whose output layer is a score head.
    """
    with loading(base, remedy):
        if (Path(base) / ADAPTER).is_file():
            raise InputError(
                f"{base} is an adapter, not a whole model",
                "Merge it into its base with PEFT (merge_and_unload), and give the merged folder",
            )
        if not is_causal(load_config(base)):
            raise InputError(f"{base} is no causal language model", remedy)
        network, found = load_model("AutoModelForCausalLM", base, output_loading_info=True)
        tokenizer = load_tokenizer(base)
    if found["missing_keys"] or "score.weight" in found["unexpected_keys"]:
        raise InputError(f"{base} has no output layer for words: it is a reranker", remedy)
    return network, tokenizer


def is_causal(config: Any) -> bool:
    """Whether a model's configuration is that of a decoder."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    )

    kind = config.model_type
    return kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES


def kept_layers(told: str | int, count: int) -> list[int]:
    """Which of `count` layers stay: K evenly spaced ones, the first and the last among them, or a list like 0,2,4.

    Raises InputError for layers that there are not, or a list that does not rise.
    """
    try:
        numbers = [int(number) for number in str(told).split(",")]
    except ValueError:
        raise InputError(f"--keep-layers {told!r}", "Give how many, or which: 3, or 0,2,5") from None
    if len(numbers) > 1:
        if numbers != sorted(set(numbers)) or not 0 <= numbers[0] <= numbers[-1] < count:
            raise InputError(f"--keep-layers {told}: the model has layers 0 to {count - 1}", "Give some, in order")
        return numbers
    (many,) = numbers
    if not 1 <= many <= count:
        raise InputError(f"--keep-layers {told}: the model has {count} layers", f"Keep 1 to {count}")
    return [round(i * (count - 1) / max(many - 1, 1)) for i in range(many)]


def set_dropout(model: Any, share: float) -> None:
    """What share of its states the model's own layers leave out while it is trained."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = share


def drop_layers(model: Any, told: str | int) -> None:
    """Keeps the layers of `kept_layers`, in the model and in its configuration.

    Raises InputError for a model whose layers are not a list of their own, e.g. shared ones.
    """
    config = model.config
    count = config.num_hidden_layers
    found = [module for module in model.modules() if isinstance(module, nn.ModuleList) and len(module) == count]
    if not found:
        raise InputError(f"the layers of this model ({config.model_type}) cannot be dropped", "Leave out --keep-layers")
    layers, kept = found[0], kept_layers(told, count)
    for place in reversed(range(count)):
        if place not in kept:
            del layers[place]
    for place, layer in enumerate(layers):
        for module in layer.modules():
            if isinstance(getattr(module, "layer_idx", None), int):  # where a decoder keeps what it has seen
                setattr(module, "layer_idx", place)  # noqa: B010 (a module has no such attribute for mypy)
    for name, value in list(vars(config).items()):  # what is told of each layer, e.g. which look far
        if "layer" in name and isinstance(value, list | tuple) and len(value) == count:
            setattr(config, name, [value[i] for i in kept])
    config.num_hidden_layers = len(kept)
