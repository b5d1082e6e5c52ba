"""The settings of a sentence-transformers folder's Transformer module: honoured, or refused with their file."""

from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.io.foreign import Fields, read_json

FILES = tuple(
    f"sentence_{kind}_config.json"
    for kind in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
"""The names that the settings' file has had; the first one with content counts."""
WHAT = "settings of a Transformer module"
HARMLESS = {
    "model": ("attn_implementation", "dtype", "torch_dtype", "add_pooling_layer"),
    "processor": ("padding_side",),
    "config": ("output_hidden_states",),
}
"""Arguments that change no score here: computing in float32, padding on the right and masking it."""
ARGUMENTS = {
    **{f"{kind}_kwargs": names for kind, names in HARMLESS.items()},
    **{f"{kind}_args": HARMLESS[kind] for kind in ("model", "config")},
    "tokenizer_args": HARMLESS["processor"],
}
TOKENS = ("feature-extraction", "token_embeddings", "last_hidden_state")
SEQUENCES = ("sequence-classification", "scores", "logits")
"""The task of a Transformer module, what it writes, and the model's output that it reads."""
KNOWN = (
    *("max_seq_length", "do_lower_case", "transformer_task", "modality_config", "module_output_name"),
    *("unpad_inputs", *ARGUMENTS),
)


def transformer_settings(folder: Path, task: tuple[str, str, str] = TOKENS) -> dict[str, Any]:
    """`max_length`, `lower_case` and `hidden_states` of a Recipe.

    Raises InputError for a setting that is not honoured, and for an adapter.
    """
    if (folder / "adapter_config.json").is_file():
        raise InputError(
            "an adapter in a folder of sentence-transformers is not supported",
            "Merge it: transformers_model.merge_and_unload() of the loaded model, then save",
            folder / "adapter_config.json",
        )
    path, told = _settings(folder)
    hidden = _arguments(told, path)
    _check_task(told, path, task)
    length = told.whole("max_seq_length") if "max_seq_length" in told else None
    if length is not None and length < 1:
        raise InputError(f"max_seq_length {length} is not positive", "Expected a number of tokens", path)
    return {"max_length": length, "lower_case": told.flag("do_lower_case", False), "hidden_states": hidden}


def _settings(folder: Path) -> tuple[Path, Fields]:
    for path in (folder / name for name in FILES):
        record = read_json(path, WHAT) if path.is_file() else {}
        if record:
            break
    else:
        path, record = folder / FILES[0], {}
    if isinstance(record, dict):
        unknown = [name for name, value in record.items() if name not in KNOWN and value is not None]
        if unknown:
            raise InputError(f"the setting {unknown[0]!r} is not supported", f"Known: {', '.join(KNOWN)}", path)
        record = {name: value for name, value in record.items() if value is not None}
    return path, Fields(record, WHAT, path)


def _arguments(told: Fields, path: Path) -> bool:
    """Whether all layers' states are asked for; InputError for an argument that would change scores."""
    hidden = False
    for name, known in ARGUMENTS.items():
        given = {key: value for key, value in told.table(name, {}).items() if value is not None}
        given.pop("trust_remote_code", None)  # which sentence-transformers takes from its caller alone, too
        unknown = [key for key in given if key not in known]
        if unknown:
            raise InputError(f"the argument {unknown[0]!r} of {name} is not supported", "Save without it", path)
        hidden = hidden or given.get("output_hidden_states") is True
    return hidden


def _check_task(told: Fields, path: Path, wanted: tuple[str, str, str]) -> None:
    """Raises InputError unless texts go to the model as they are, and the wanted output comes back."""
    task, output = told.text("transformer_task", wanted[0]), told.text("module_output_name", wanted[1])
    if (task, output) != wanted[:2]:
        raise InputError(
            f"transformer_task {task!r} with the output {output!r} is not supported",
            f"Give a model for {wanted[0]} that returns {wanted[1]}",
            path,
        )
    modalities = told.table("modality_config", {"text": {"method": "forward"}})
    if "message" in modalities:
        raise InputError(
            "modality_config puts texts into the tokenizer's chat template, which is not supported",
            "Save the model with modality_config for text alone",
            path,
        )
    text = Fields(modalities.get("text"), f"{WHAT}: modality_config for text", path)
    for name, value in (("method", "forward"), ("method_output_name", wanted[2])):
        if text.text(name, value) != value:
            raise InputError(f"{name} {text.text(name)!r} is not supported", f"Expected {value!r}", path)
