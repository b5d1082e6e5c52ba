"""A checkpoint folder: Hugging Face's files, and `rerankkit.json` that names the architecture and its lengths."""

from pathlib import Path
from typing import Any

from rerankkit.digests import SIDE
from rerankkit.errors import InputError
from rerankkit.io.foreign import read_json
from rerankkit.rerank.adapter_base import ADAPTER
from rerankkit.rerank.adapter_model import load_adapter
from rerankkit.rerank.heads import last_linear
from rerankkit.rerank.loading import REMEDY, load_config, load_model, load_tokenizer, loading
from rerankkit.rerank.note import NOTE, Note, read_note
from rerankkit.rerank.quiet import quiet_transformers
from rerankkit.rerank.sentence_cross import check_settings
from rerankkit.rerank.stacked import is_stacked, load_stacked

__all__ = [
    "NOTE",
    "REMEDY",
    "Note",
    "check_folder",
    "check_length",
    "load_causal",
    "load_config",
    "load_model",
    "load_sequence_classifier",
    "load_tokenizer",
    "loading",
    "positions",
    "quiet_transformers",
    "read_note",
]

IDENTITY = {"activation_fn": "torch.nn.modules.linear.Identity"}
"""A cross-encoder of one label gets a sigmoid elsewhere, which saturates: scores here are raw."""
BERT_LIKE = ("bert", "camembert", "electra", "roberta", "xlm-roberta")
"""The model types of transformers whose layers are built like BERT's."""
LLAMA_LIKE = ("gemma3_text", "llama", "mistral", "qwen2", "qwen3")
"""Those of causal LLMs that are compiled."""


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
        told = read_json(folder / SIDE, "a side file")
    except InputError:
        return False
    return isinstance(told, dict) and told.get("verb") == "cpt"


def load_sequence_classifier(checkpoint: str, label: int | None = None) -> tuple[Any, Any]:
    """Model (float32, one output) and tokenizer of a folder or hub id; an adapter comes merged into its base.

    Of a model with several labels, `label` is the one whose logit is the score; of two labels, the other one's logit
    is subtracted. Raises InputError where there is no such model, no head, or several labels and none chosen.
    """
    with loading(checkpoint, REMEDY):
        check_settings(checkpoint)
        if (Path(checkpoint) / ADAPTER).is_file():
            found = load_adapter(checkpoint)
        elif is_stacked(checkpoint):
            found = load_stacked(checkpoint), load_tokenizer(checkpoint)
        else:
            config = load_config(checkpoint)
            _check_head(checkpoint, config, label)
            options = {"num_labels": config.num_labels, "output_loading_info": True}
            model, told = load_model("AutoModelForSequenceClassification", checkpoint, **options)
            _check_weights(checkpoint, told["missing_keys"])
            found = model, load_tokenizer(checkpoint)
    return one_output(found[0], checkpoint, label), found[1]


def _check_head(checkpoint: str, config: Any, label: int | None) -> None:
    """Raises InputError for a model without a score head, or with several labels of which none was chosen."""
    names = config.architectures or []
    if not any("SequenceClassification" in name for name in names):
        raise InputError(
            f"{checkpoint} has no score head ({', '.join(names) or 'no architecture named'})",
            f"Train one: rerankkit sft --model {checkpoint}, or rerankkit distill",
        )
    if config.num_labels > 1 and label is None:
        known = ", ".join(f"{number} {name}" for number, name in list(config.id2label.items())[:8])
        raise InputError(
            f"{checkpoint} has {config.num_labels} labels ({known}), a reranker has one",
            "Name the label of relevant pairs: rerankkit rerank --label 1",
        )


def _check_weights(checkpoint: str, missing: Any) -> None:
    lacking = sorted(name for name in missing if "position_ids" not in name)
    if lacking:
        raise InputError(
            f"{checkpoint} lacks weights: {', '.join(lacking[:3])}",
            "Save the model again with the class that config.json names; weights of a model's own code do not fit",
        )


def one_output(model: Any, checkpoint: str, label: int | None) -> Any:
    """The model with one output: its own, or the chosen label's, minus the other one's where there are two.

    Raises InputError for a label that the model does not have.
    """
    import torch

    last = last_linear(model)
    count = last.out_features
    if label is None and count == 1:
        return model
    if label is None or not 0 <= label < count or count == 1:
        named = "a reranker has one" if label is None else f"no label {label}"
        raise InputError(
            f"{checkpoint} has {count} label{'s' * (count > 1)}, {named}",
            "Leave --label out" if count == 1 else f"Give --label 0 to {count - 1}",
        )
    with torch.no_grad():
        for name in ("weight", "bias"):
            rows = getattr(last, name)
            if rows is not None:
                one = rows[label] - rows[1 - label] if count == 2 else rows[label]
                setattr(last, name, torch.nn.Parameter(one[None].clone()))
    last.out_features, model.config.num_labels, model.num_labels = 1, 1, 1
    return model


def load_causal(checkpoint: str) -> tuple[Any, Any]:
    """Model (float32) and tokenizer of a causal LLM's folder or hub id; InputError where it cannot be loaded."""
    with loading(checkpoint, REMEDY):
        model, told = load_model("AutoModelForCausalLM", checkpoint, output_loading_info=True)
        _check_weights(checkpoint, told["missing_keys"])
        return model, load_tokenizer(checkpoint)


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
