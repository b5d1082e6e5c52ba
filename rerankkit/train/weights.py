"""Where training starts: models given a fresh score head, and students that keep some of their layers."""

from typing import Any, NamedTuple

import torch
from torch import nn

from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import load_tokenizer, loading
from rerankkit.rerank.scorer import head_name
from rerankkit.rerank.weights import PIP_WEIGHTS


class Start(NamedTuple):
    """A model of one label, its tokenizer and architecture, and what beside its head has weights drawn at random."""

    model: Any
    tokenizer: Any
    architecture: str
    fresh: list[str]


def with_score_head(base: str, seed: int, keep_layers: str | int | None = None) -> Start:
    """A base model made a scorer; a head (and a pooler) that is not there is drawn by the seed.

    Of its layers those of `kept_layers` stay. Raises InputError where the base cannot be loaded, or has a head of
    several labels.
    """
    from transformers import AutoConfig, AutoModelForSequenceClassification

    torch.manual_seed(seed)
    remedy = f"Give a model folder, {' or '.join(PIP_WEIGHTS)}, or a Hugging Face id where the hub is reached"
    with loading(base, remedy):
        config = AutoConfig.from_pretrained(base)
        if config.num_labels != 1 and any("SequenceClassification" in name for name in config.architectures or []):
            raise InputError(f"{base} has {config.num_labels} labels, a reranker has one", "Start from its base")
        model, found = AutoModelForSequenceClassification.from_pretrained(
            base, num_labels=1, dtype=torch.float32, output_loading_info=True
        )
        tokenizer = load_tokenizer(base)
    if keep_layers is not None:
        drop_layers(model, keep_layers)
    fresh = {name.rpartition(".")[0] for name in found["missing_keys"] if name.split(".")[0] != head_name(model)}
    return Start(model, tokenizer, "llm" if is_causal(config) else "cross-encoder", sorted(fresh))


def with_language_head(base: str, remedy: str) -> tuple[Any, Any]:
    """A causal language model (float32) with its own output layer, and its tokenizer.

    Raises InputError where the base is none, or is a reranker, whose output layer is a score head.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    with loading(base, remedy):
        if not is_causal(AutoConfig.from_pretrained(base)):
            raise InputError(f"{base} is no causal language model", remedy)
        loaded: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, output_loading_info=True)
        tokenizer = load_tokenizer(base)
    network, found = loaded
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
