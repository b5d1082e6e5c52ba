"""A LoRA adapter merged into its base, which may be an adapter itself."""

import logging
import re
import warnings
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.io.foreign import Fields, read_json
from rerankkit.rerank.adapter_base import ADAPTER, adapter_base
from rerankkit.rerank.heads import NAMES
from rerankkit.rerank.loading import load_config, load_model, load_tokenizer, loading
from rerankkit.rerank.weight_heads import shapes_of

log = logging.getLogger(__name__)

REMEDY = "Set base_model_name_or_path in adapter_config.json to the base that the adapter was trained on"
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.txt", "vocab.json")
EMBEDDING = re.compile(r"embed|wte|lm_head")
"""The names of weights that PEFT keeps whole where words were added."""
WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
WHAT = "an adapter's configuration"


def load_adapter(folder: str) -> tuple[Any, Any]:
    """The base with its adapter merged in, and the adapter's tokenizer, else the base's.

    Raises InputError for an adapter of another task, and for one whose weights do not fit its base.
    """
    from peft import PeftModel

    model = load_base(folder)
    with loading(folder, REMEDY):
        tokenizer = load_tokenizer(tokenizer_of(folder))
        if len(tokenizer) > model.get_input_embeddings().num_embeddings:
            model.resize_token_embeddings(len(tokenizer))
        warnings.filterwarnings("error", message=".*missing adapter keys")
        adapted: Any = PeftModel.from_pretrained(model, folder)
        check_complete(adapted, Path(folder))
        return adapted.merge_and_unload(), tokenizer


def load_base(folder: str) -> Any:
    """The base of an adapter's folder with a head of one label; a base that is an adapter comes merged into its own."""
    base = adapter_base(Path(folder))
    log.info("%s is an adapter of %s", folder, base)
    _check_task(Path(folder))
    if not any((Path(folder) / name).is_file() for name in WEIGHTS):
        raise InputError(
            "the adapter has no weights", f"Expected {' or '.join(WEIGHTS)} beside it", Path(folder) / ADAPTER
        )
    if (Path(base) / ADAPTER).is_file():
        return load_adapter(base)[0]
    with loading(base, REMEDY):
        _check_head(folder, base)
        return load_model("AutoModelForSequenceClassification", base, num_labels=1)


def tokenizer_of(folder: str) -> str:
    """The folder of an adapter's tokenizer: its own, else that of its base."""
    place = folder
    while (Path(place) / ADAPTER).is_file() and not any((Path(place) / name).is_file() for name in TOKENIZERS):
        place = adapter_base(Path(place))
    return place


def _check_task(folder: Path) -> None:
    """Raises InputError for an adapter of a task without a score head."""
    config = folder / ADAPTER
    record = read_json(config, WHAT)
    task = "SEQ_CLS" if record.get("task_type") is None else Fields(record, WHAT, config).text("task_type")
    if task != "SEQ_CLS":
        raise InputError(
            f"the adapter is for {task}, it has no score head",
            "Merge it into its base with PEFT (merge_and_unload), and give the merged folder",
            config,
        )


def _check_head(folder: str, base: str) -> None:
    """Raises InputError where neither the adapter nor its base holds a score head, which would be drawn at random."""
    held = shapes_of(Path(folder))
    own = any(part in NAMES for name in held for part in name.split("."))
    names = load_config(base).architectures or []
    if held and not own and not any("SequenceClassification" in name for name in names):
        raise InputError(
            f"neither the adapter {folder} nor its base {base} holds a score head",
            "Train one: rerankkit sft, or save the adapter with modules_to_save",
        )


def check_complete(adapted: Any, folder: Path, name: str = "default") -> None:
    """Raises InputError where the adapter's file lacks weights of the model, or holds others: PEFT only warns."""
    from peft import get_peft_model_state_dict

    held = set(shapes_of(folder))
    wanted = set(get_peft_model_state_dict(adapted, adapter_name=name, save_embedding_layers=False))
    wrong = sorted(one for one in held ^ wanted if one in wanted or not EMBEDDING.search(one))
    if held and wrong:
        raise InputError(f"the adapter {folder} does not fit its base: {', '.join(wrong[:3])}", REMEDY)
