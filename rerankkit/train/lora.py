"""LoRA by PEFT: wrapped before training, kept beside the merged weights after it."""

from pathlib import Path
from typing import Any

from rerankkit.train.settings import Lora


def wrap(model: Any, lora: Lora, head: str | None) -> Any:
    """The model with an adapter on its linear layers; the score head, where there is one, trains whole."""
    from peft import LoraConfig, TaskType, get_peft_model

    config = LoraConfig(
        r=lora.r,
        lora_alpha=lora.lora_alpha or 2 * lora.r,
        lora_dropout=lora.lora_dropout,
        target_modules=lora.target_modules if lora.target_modules == "all-linear" else lora.target_modules.split(","),
        modules_to_save=[head] if head else None,
        task_type=TaskType.SEQ_CLS if head else TaskType.CAUSAL_LM,
    )
    return get_peft_model(model, config)


def save_adapter_and_merge(model: Any, folder: Path) -> Any:
    """Writes the adapter to `folder` and returns the base model with it merged in."""
    model.save_pretrained(folder)
    return model.merge_and_unload()
