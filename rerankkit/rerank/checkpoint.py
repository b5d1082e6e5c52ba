"""A checkpoint folder: Hugging Face's files, and `rerankkit.json` that names the architecture and its lengths."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rerankkit.digests import SIDE
from rerankkit.errors import InputError
from rerankkit.rerank.adapter_base import adapter_base
from rerankkit.rerank.pairs import Lengths

NOTE = "rerankkit.json"
IDENTITY = {"activation_fn": "torch.nn.modules.linear.Identity"}
"""A cross-encoder of one label gets a sigmoid elsewhere, which saturates: scores here are raw."""
BERT_LIKE = ("bert", "camembert", "electra", "roberta", "xlm-roberta")
"""The model types of transformers whose layers are built like BERT's."""
LLAMA_LIKE = ("gemma3_text", "llama", "mistral", "qwen2", "qwen3")
"""Those of causal LLMs that are compiled."""
REMEDY = "Give a checkpoint folder, a name of `rerankkit models`, or a Hugging Face id where the hub is reached"
"""What to do where a model cannot be loaded."""


@dataclass(frozen=True, slots=True)
class Note:
    """What Hugging Face's files do not say of a checkpoint of ours.

    `pooling` is last or mean, of an LLM's tokens; `separate_title` gives an encoder title and summary apart;
    `exported` tells of a compiled model in the folder what running it takes, and how far it agrees with the weights.
    """

    architecture: str
    lengths: Lengths = field(default_factory=Lengths)
    trained: dict[str, Any] = field(default_factory=dict)
    pooling: str = "last"
    separate_title: bool = False
    exported: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Writes `rerankkit.json`."""
        told = {name: value for name, value in asdict(self).items() if name != "exported" or value}
        told["lengths"] = self.lengths.record()
        (folder / NOTE).write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def read_note(folder: str | Path) -> Note | None:
    """The note of a checkpoint folder; a folder or hub id of others has none."""
    path = Path(folder) / NOTE
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text("utf-8"))
        rest = {name: record[name] for name in ("trained", "pooling", "separate_title", "exported") if name in record}
        if not all(isinstance(rest.get(name, {}), dict) for name in ("trained", "exported")):
            raise ValueError("trained or exported is no table")
        return Note(record["architecture"], Lengths(**record["lengths"]), **rest)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"not a checkpoint's note ({error})", "Save the checkpoint again", path) from error


def check_folder(output: Path, *checkpoints: str) -> None:
    """Raises InputError where a checkpoint made of these would take the place of one of them, or of other things.

    What it may replace is an earlier checkpoint, of sft, distill, average and export, or of cpt.
    """
    if output.name in ("", ".."):
        raise InputError("has no name of its own", "Name a folder: --output runs/models/NAME", output)
    if output.exists() and not output.is_dir():
        raise InputError("is a file, where a folder is to be written", path=output)
    if output.resolve() in {Path(checkpoint).resolve() for checkpoint in checkpoints}:
        raise InputError("is the checkpoint itself", "Give another --output", output)
    if output.is_dir() and any(output.iterdir()) and not (output / NOTE).is_file() and not _by_cpt(output):
        raise InputError("is a folder of other things", "Give another --output", output)


def _by_cpt(folder: Path) -> bool:
    """Whether a folder holds what `cpt` wrote, as its side file tells."""
    try:
        told = json.loads((folder / SIDE).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and told.get("verb") == "cpt"


def load_sequence_classifier(checkpoint: str) -> tuple[Any, Any]:
    """Model (float32, one label) and tokenizer of a folder or hub id; an adapter's folder comes merged into its base.

    Raises InputError where there is no such model, no head, or more than one label.
    """
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    with loading(checkpoint, REMEDY):
        tokenizer = load_tokenizer(checkpoint)
        if (Path(checkpoint) / "adapter_config.json").is_file():
            return _load_adapter(checkpoint), tokenizer
        config = AutoConfig.from_pretrained(checkpoint)
        labels, names = config.num_labels, config.architectures or []
        if not any("SequenceClassification" in name for name in names):
            raise InputError(
                f"{checkpoint} has no score head ({', '.join(names) or 'no architecture named'})",
                "Give it one: rerankkit sft, or rerankkit distill",
            )
        if labels != 1:
            raise InputError(f"{checkpoint} has {labels} labels, a reranker has one", "Train one: rerankkit sft")
        model, found = AutoModelForSequenceClassification.from_pretrained(
            checkpoint, dtype=torch.float32, output_loading_info=True
        )
    missing = [name for name in found["missing_keys"] if "position_ids" not in name]
    if missing:
        raise InputError(f"{checkpoint} lacks weights: {', '.join(sorted(missing)[:3])}", "Save it again")
    return model, tokenizer


def generates(checkpoint: str) -> bool:
    """Whether a folder or hub id is a causal LLM with the head that it generates by; InputError where nothing is."""
    from transformers import AutoConfig

    if (Path(checkpoint) / "adapter_config.json").is_file():
        return False
    with loading(checkpoint, REMEDY):
        names = AutoConfig.from_pretrained(checkpoint).architectures or []
    return any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in names)


def load_causal(checkpoint: str) -> tuple[Any, Any]:
    """Model (float32) and tokenizer of a causal LLM's folder or hub id; InputError where it cannot be loaded."""
    import torch
    from transformers import AutoModelForCausalLM

    with loading(checkpoint, REMEDY):
        return AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32), load_tokenizer(checkpoint)


def _load_adapter(folder: str) -> Any:
    """The base model with a LoRA adapter and its score head merged in; the adapter's tokenizer may have more words."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification

    base = adapter_base(Path(folder))
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=1, dtype=torch.float32)
    words = len(load_tokenizer(folder))
    if words > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(words)
    merged: Any = PeftModel.from_pretrained(model, folder)
    return merged.merge_and_unload()


def load_tokenizer(checkpoint: str) -> Any:
    """The tokenizer of a folder or hub id; InputError for one without words, as transformers makes up for a folder."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    if len(tokenizer) <= len(tokenizer.all_special_tokens):
        raise InputError(f"{checkpoint} has no tokenizer", "Save the tokenizer beside the weights")
    return tokenizer


def check_length(model: Any, max_length: int) -> None:
    """Raises InputError where pairs of so many tokens have more positions than the model knows."""
    most = positions(model)
    if most is not None and max_length > most:
        raise InputError(f"--max-length {max_length} is more than the model's {most} positions", f"Give at most {most}")


def positions(model: Any) -> int | None:
    """How many tokens a model has learnt positions for; None where its positions are computed."""
    from torch import nn

    for name, module in model.named_modules():
        if isinstance(module, nn.Embedding) and name.rpartition(".")[2] in ("position_embeddings", "wpe"):
            return module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    return None


@contextlib.contextmanager
def loading(checkpoint: str, remedy: str) -> Iterator[None]:
    """Keeps transformers quiet, and tells what it says of an absent or broken checkpoint as InputError."""
    from safetensors import SafetensorError

    try:
        with quiet_transformers():
            yield
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        said = str(error).splitlines() or [type(error).__name__]
        told = f"{said[0]} is missing" if isinstance(error, KeyError) else said[0]
        raise InputError(f"cannot load {checkpoint}: {told}", remedy) from error


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
