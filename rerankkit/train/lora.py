"""LoRA by PEFT: wrapped before training, kept beside the merged weights after it."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from rerankkit.errors import InputError
from rerankkit.rerank.adapter_base import ADAPTER
from rerankkit.rerank.model_card import Origin
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


def save_adapter_and_merge(model: Any, folder: Path, origin: Origin) -> Any:
    """Writes the adapter to `folder` and returns the base model with it merged in.

    A base that the hub has is named by its id there, another one by the way to it from `folder`: a checkpoint that is
    given away holds no path of the machine that made it.
    """
    base = Path(model.get_base_model().name_or_path)
    model.save_pretrained(folder)
    path = folder / ADAPTER
    record = json.loads(path.read_text("utf-8"))
    if origin.hub:
        record["base_model_name_or_path"] = origin.hub
    elif base.is_dir():
        record["base_model_name_or_path"] = Path(os.path.relpath(base.resolve(), folder.resolve())).as_posix()
    path.write_text(json.dumps(record, indent=2, sort_keys=True), "utf-8")
    (folder / "README.md").write_text(f"A LoRA adapter of `{origin.shown}`, merged into the weights one folder up.\n")
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
