"""LoRA by PEFT: wrapped before training, kept beside the merged weights after it."""

from pathlib import Path
from typing import Any

from torch import nn

from rerankkit.train.settings import Lora


def wrap(model: Any, lora: Lora, head: str | None) -> Any:
    """The model with an adapter on its linear layers; the score head, where there is one, trains whole."""
    from peft import LoraConfig, TaskType, get_peft_model

    layers = model.config.num_hidden_layers
    config = LoraConfig(
        r=lora.r,
        lora_alpha=lora.lora_alpha or 2 * lora.r,
        lora_dropout=lora.lora_dropout,
        target_modules=_linear_names(model, head)
        if lora.target_modules == "all-linear"
        else lora.target_modules.split(","),
        layers_to_transform=None if lora.lora_layers is None else list(range(layers))[-lora.lora_layers :],
        modules_to_save=[head] if head else None,
        task_type=TaskType.SEQ_CLS if head else TaskType.CAUSAL_LM,
    )
    return get_peft_model(model, config)


def save_adapter_and_merge(model: Any, folder: Path) -> Any:
    """Writes the adapter to `folder` and returns the base model with it merged in."""
    model.save_pretrained(folder)
    return model.merge_and_unload()


def _linear_names(model: Any, head: str | None) -> list[str]:
    """The last part of every linear layer's name inside the transformer's layers; PEFT's own word excludes `layers`."""
    names = (name for name, module in model.named_modules() if isinstance(module, nn.Linear))
    return sorted({name.rpartition(".")[2] for name in names if name not in (head, "lm_head")})
