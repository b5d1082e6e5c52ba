"""A checkpoint folder: Hugging Face's files, and `rerankkit.json` that names the architecture and its lengths."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from rerankkit.errors import InputError
from rerankkit.rerank.pairs import Lengths

NOTE = "rerankkit.json"


@dataclass(frozen=True, slots=True)
class Note:
    """What Hugging Face's files do not say of a checkpoint of ours."""

    architecture: str
    lengths: Lengths = field(default_factory=Lengths)
    trained: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Writes `rerankkit.json`."""
        (folder / NOTE).write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")


def read_note(folder: str | Path) -> Note | None:
    """The note of a checkpoint folder; a folder or hub id of others has none."""
    path = Path(folder) / NOTE
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text("utf-8"))
        return Note(record["architecture"], Lengths(**record["lengths"]), record.get("trained", {}))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"not a checkpoint's note ({error})", "Save the checkpoint again", path) from error


def load_sequence_classifier(checkpoint: str) -> tuple[Any, Any]:
    """Model (float32, one label) and tokenizer of a folder or hub id; an adapter's folder comes merged into its base.

    Raises InputError where there is no such model, no head, or more than one label.
    """
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

    folder = Path(checkpoint)
    if (folder / "adapter_config.json").is_file():
        return _load_adapter(folder), AutoTokenizer.from_pretrained(checkpoint)
    try:
        with quiet_transformers():
            config = AutoConfig.from_pretrained(checkpoint)
            labels, names = config.num_labels, config.architectures or []
            if not any("SequenceClassification" in name for name in names):
                raise InputError(
                    f"{checkpoint} has no score head ({', '.join(names) or 'no architecture named'})",
                    "Give it one: rerankkit sft, or rerankkit distill",
                )
            if labels != 1:
                raise InputError(f"{checkpoint} has {labels} labels, a reranker has one")
            model, found = AutoModelForSequenceClassification.from_pretrained(
                checkpoint, dtype=torch.float32, output_loading_info=True
            )
            tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot load {checkpoint}: {str(error).splitlines()[0]}",
            "Give a checkpoint folder, a name of `rerankkit models`, or a Hugging Face id where the hub is reached",
        ) from error
    missing = [name for name in found["missing_keys"] if "position_ids" not in name]
    if missing:
        raise InputError(f"{checkpoint} lacks weights: {', '.join(sorted(missing)[:3])}", "Save it again")
    return model, tokenizer


def _load_adapter(folder: Path) -> Any:
    """The base model with a LoRA adapter and its score head merged in."""
    from peft import AutoPeftModelForSequenceClassification

    with quiet_transformers():
        model = AutoPeftModelForSequenceClassification.from_pretrained(str(folder), num_labels=1, dtype=torch.float32)
        return model.merge_and_unload()


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keeps transformers' loading report and bar out of the output; what matters is checked instead."""
    from transformers.utils import logging as hf_logging

    level, bars = hf_logging.get_verbosity(), hf_logging.is_progress_bar_enabled()
    hf_logging.set_verbosity_error()
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        hf_logging.set_verbosity(level)
        if bars:
            hf_logging.enable_progress_bar()
