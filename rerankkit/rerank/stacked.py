"""A cross-encoder whose score head lies in modules of sentence-transformers: Transformer, Pooling, Dense, LayerNorm.

So are those saved whose encoder has no classifier in transformers, or another head than it, as the Ettin rerankers.
"""

from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.rerank.loading import load_model
from rerankkit.rerank.sentence_folder import MODULES, READERS, SCORES, Module, listed
from rerankkit.rerank.sentence_transformer import transformer_settings

STEPS = ("Dense", "LayerNorm", "Normalize", "Dropout")
SUPPORTED = (
    f"Give one of Transformer, Pooling, and then any of {', '.join(STEPS)} that ends in a Dense module of scores"
)


def is_stacked(checkpoint: str) -> bool:
    """Whether a folder's head lies in modules of its own."""
    path = Path(checkpoint)
    return (path / MODULES).is_file() and len(listed(path)) > 1


def load_stacked(checkpoint: str) -> Any:
    """The model as one of transformers: ids and mask in, `logits` [pair, label] out.

    Raises InputError, which names module and file, for modules that are not computed here.
    """
    from rerankkit.rerank.stacked_model import Stacked

    folder = Path(checkpoint)
    first, *rest = listed(folder)
    kinds = [kind for kind, _ in rest]
    if "LogitScore" in kinds:
        raise InputError(
            "this LLM is asked by its own chat template and answers by single tokens, which is not supported",
            "Give a model with a score head",
            folder / MODULES,
        )
    if first[0] != "Transformer" or kinds[:1] != ["Pooling"] or set(kinds[1:]) - set(STEPS):
        raise InputError(
            f"a cross-encoder of {first[0]}, {', '.join(kinds)} is not supported", SUPPORTED, folder / MODULES
        )
    modules = tuple(Module(kind, path, READERS[kind](folder / path / "config.json")) for kind, path in rest)
    scoring = [module for module in modules if module.settings.get(SCORES)]
    if scoring != [modules[-1]]:
        raise InputError("the last module is no Dense module of scores", SUPPORTED, folder / MODULES)
    told = transformer_settings(folder / first[1])
    if told["lower_case"] or told["hidden_states"]:
        raise InputError("do_lower_case and output_hidden_states are not supported", SUPPORTED, folder / first[1])
    model, found = load_model("AutoModel", str(folder / first[1]), output_loading_info=True)
    missing = [name for name in found["missing_keys"] if "pooler" not in name and "position_ids" not in name]
    if missing:
        raise InputError(f"{checkpoint} lacks weights: {', '.join(sorted(missing)[:3])}", "Save it again")
    return Stacked(model, folder, modules)
