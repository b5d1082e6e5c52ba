"""LoRA by PEFT: wrapped before training, kept beside the merged weights after it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from rerankkit.errors import InputError
from rerankkit.train.settings import Lora


def wrap(model: Any, lora: Lora, whole: Sequence[str]) -> Any:
    """The model with an adapter on its linear layers; the modules in `whole`, the score head first, train whole.

    Raises InputError where no layer has the names that were asked for.
    """
    from peft import LoraConfig, TaskType, get_peft_model

    targets = _targets(model, lora)
    if not targets:
        raise InputError(f"no layer to adapt: --target-modules {lora.target_modules}", "Give all-linear, or its names")
    config = LoraConfig(
        r=lora.r,
        lora_alpha=lora.lora_alpha or 2 * lora.r,
        lora_dropout=lora.lora_dropout,
        target_modules=targets,
        modules_to_save=list(whole) or None,
        task_type=TaskType.SEQ_CLS if whole else TaskType.CAUSAL_LM,
    )
    return get_peft_model(model, config)


def save_adapter_and_merge(model: Any, folder: Path) -> Any:
    """Writes the adapter to `folder` and returns the base model with it merged in."""
    model.save_pretrained(folder)
    return model.merge_and_unload()


def _targets(model: Any, lora: Lora) -> list[str]:
    """The full names of the linear layers to adapt, inside the transformer's last `lora_layers` layers.

    PEFT's own choice would match names anywhere, pooler and heads too, and its words exclude each other.
    """
    wanted = None if lora.target_modules == "all-linear" else set(lora.target_modules.split(","))
    first = 0 if lora.lora_layers is None else model.config.num_hidden_layers - lora.lora_layers
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and (found := re.search(r"\.(\d+)\.", name))
        and int(found[1]) >= first
        and (wanted is None or name.rpartition(".")[2] in wanted)
    ]
