"""A sentence-transformers folder read into a recipe: every module and setting is honoured, or refused with its file.

The layouts of versions 2 to 6: the transformer in the folder itself or in `0_Transformer/`, module types under
`sentence_transformers.models` or the packages that later versions moved them to.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from rerankkit.errors import InputError
from rerankkit.io.foreign import Fields, read_json
from rerankkit.rerank.sentence_transformer import transformer_settings

MODULES = "modules.json"
SETTINGS = "config_sentence_transformers.json"
POOLINGS = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
"""The pooling modes."""
FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""The flags that older versions write; several are concatenated in this order."""
SIMILARITIES = ("cosine", "dot", "euclidean", "manhattan")
ACTIVATIONS = (
    *("CELU", "ELU", "GELU", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid", "Mish", "PReLU"),
    *("ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softplus", "Softsign", "Tanh"),
)
"""The activations of torch.nn that a Dense module may have beside Identity."""
NAME = re.compile(r"torch\.nn(\.modules(\.(activation|linear))?)?\.(\w+)")
SCORES = "scores"
"""The feature that the last module of a cross-encoder writes."""
SUPPORTED = "Give one of Transformer, Pooling, and then any of Dense, LayerNorm, Normalize, Dropout"


@dataclass(frozen=True, slots=True)
class Module:
    """One step behind the transformer: its kind, its folder inside the model's, and its settings."""

    kind: str
    path: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a text becomes a vector, and two vectors a score.

    `transformer` is the folder of the transformer inside the model's, `max_length` None where the tokenizer sets it.
    """

    transformer: str
    modules: tuple[Module, ...]
    similarity: str = "cosine"
    truncate_dim: int | None = None
    max_length: int | None = None
    lower_case: bool = False
    hidden_states: bool = False
    query_prompt: str = ""
    document_prompt: str = ""


def read_recipe(folder: Path) -> Recipe:
    """The recipe of a sentence-transformers folder.

    Raises InputError, which names module and file, for what is not computed here.
    """
    first, *rest = listed(folder)
    if first[0] != "Transformer":
        raise _unsupported(first[0], folder / MODULES)
    modules = []
    for kind, path in rest:
        reader = READERS.get(kind)
        if reader is None:
            raise _unsupported(kind, folder / MODULES)
        modules.append(Module(kind, path, reader(folder / path / "config.json")))
    _check_order([module.kind for module in modules], folder / MODULES)
    if any(module.settings.get(SCORES) for module in modules):
        raise InputError("a Dense module writes scores: this is no bi-encoder", SUPPORTED, folder / MODULES)
    told = _settings(folder / SETTINGS, "settings of sentence-transformers", optional=True)
    _check_model_type(told, folder / SETTINGS)
    query, document = _prompts(told, folder / SETTINGS)
    return Recipe(
        transformer=first[1],
        modules=tuple(modules),
        similarity=_similarity(told, folder / SETTINGS),
        truncate_dim=_truncate_dim(told, folder / SETTINGS),
        query_prompt=query,
        document_prompt=document,
        **transformer_settings(folder / first[1]),
    )


def listed(folder: Path) -> list[tuple[str, str]]:
    """Kind and folder of each module, in the order of modules.json."""
    path = folder / MODULES
    if not path.is_file():
        raise InputError("no sentence-transformers folder", "Give one that holds modules.json", folder)
    what = "a bi-encoder's modules"
    records = read_json(path, what)
    if not isinstance(records, list) or not records:
        raise InputError(f"not {what}: {str(records)[:80]}", "Expected a list of modules", path)
    return [_module(Fields(record, what, path), folder) for record in records]


def _module(record: Fields, folder: Path) -> tuple[str, str]:
    reference, inside = record.text("type"), record.text("path")
    package, _, kind = reference.rpartition(".")
    if package.partition(".")[0] != "sentence_transformers":
        raise InputError(
            f"the module {reference!r} is code of the model's own, which is not run", SUPPORTED, folder / MODULES
        )
    return kind, _checked_path(inside, folder)


def _checked_path(inside: str, folder: Path) -> str:
    """The path of a module as it is.

    Raises InputError for one that leaves the folder, by a link too, and for one that no hash of the model covers.
    """
    parts = PurePosixPath(inside).parts
    absolute = PurePosixPath(inside).is_absolute() or PureWindowsPath(inside).anchor
    odd = len(parts) > 2 or any(part == "adapter" or part.startswith((".", "checkpoint-")) for part in parts)
    leaves = absolute or odd or "\\" in inside or "\0" in inside
    if leaves or not (folder / inside).resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"the path of a module is not taken: {inside!r}", "Name a folder inside, as 1_Pooling", folder / MODULES
        )
    return inside


def _unsupported(kind: str, path: Path) -> InputError:
    return InputError(f"a bi-encoder with the module {kind} is not supported", SUPPORTED, path)


def _check_order(kinds: list[str], path: Path) -> None:
    """Raises InputError unless one Pooling makes the vector, layers are weighted before it, and the rest follows."""
    layers = kinds[: kinds.index("Pooling")] if "Pooling" in kinds else None
    if kinds.count("Pooling") != 1 or layers is None or set(layers) - {"WeightedLayerPooling"} or len(layers) > 1:
        raise InputError(f"a bi-encoder of {', '.join(['Transformer', *kinds])} is not supported", SUPPORTED, path)
    if "WeightedLayerPooling" in kinds[len(layers) :]:
        raise InputError("WeightedLayerPooling behind Pooling is not supported", SUPPORTED, path)


def _check_model_type(told: Fields, path: Path) -> None:
    kind = told.text("model_type", "SentenceTransformer")
    if kind != "SentenceTransformer":
        raise InputError(f"a model of the type {kind} is not supported as a bi-encoder", SUPPORTED, path)


def _similarity(told: Fields, path: Path) -> str:
    name = told.text("similarity_fn_name", "cosine")
    if name not in SIMILARITIES:
        raise InputError(f"unknown similarity_fn_name {name!r}", f"Known: {', '.join(SIMILARITIES)}", path)
    return name


def _truncate_dim(told: Fields, path: Path) -> int | None:
    if "truncate_dim" not in told:
        return None
    most = told.whole("truncate_dim")
    if most < 1:
        raise InputError(f"truncate_dim {most} is not positive", "Leave it out, or give at least 1", path)
    return most


def _prompts(told: Fields, path: Path) -> tuple[str, str]:
    """The texts before queries and documents, as `encode_query` and `encode_document` put them.

    Where neither has a prompt, both have the default one, as `encode` puts it.
    """
    prompts = told.table("prompts", {})
    texts = {name: text or "" for name, text in prompts.items()}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise InputError(f"the prompt {name!r} is {str(text)[:80]}", "Expected a text", path)
    query = texts.get("query", "")
    document = next((texts[name] for name in ("document", "passage", "corpus") if name in texts), "")
    if "default_prompt_name" not in told or query or document:
        return query, document
    default = told.text("default_prompt_name")
    if default not in texts:
        raise InputError(f"default_prompt_name {default!r} is none of the prompts", "Add it to prompts", path)
    return texts[default], texts[default]


def _settings(path: Path, what: str, known: tuple[str, ...] = (), optional: bool = False) -> Fields:
    """The fields of a settings file but those that are null; InputError for a name that is not known."""
    record = {} if optional and not path.is_file() else read_json(path, what)
    if isinstance(record, dict):
        unknown = [name for name in record if known and name not in known]
        if unknown:
            raise InputError(f"unknown setting {unknown[0]!r} in {what}", f"Known: {', '.join(known)}", path)
        record = {name: value for name, value in record.items() if value is not None}
    return Fields(record, what, path)


def _pooling(path: Path) -> dict[str, Any]:
    sizes = ("embedding_dimension", "word_embedding_dimension")
    told = _settings(path, "settings of Pooling", (*sizes, "pooling_mode", "include_prompt", *FLAGS))
    modes = list(_modes(told, path))
    unknown = [name for name in modes if name not in POOLINGS]
    if unknown or not modes:
        raise InputError(f"unknown pooling mode {unknown[0] if unknown else modes!r}", f"Known: {POOLINGS}", path)
    return {"modes": modes, "include_prompt": told.flag("include_prompt", True)}


def _modes(told: Fields, path: Path) -> Iterator[str]:
    flagged = [mode for name, mode in FLAGS.items() if told.flag(name, False)]
    if "pooling_mode" not in told:
        yield from flagged or ("mean",)
        return
    try:
        yield told.text("pooling_mode")
    except InputError:
        yield from told.texts("pooling_mode")


def _dense(path: Path) -> dict[str, Any]:
    sizes = ("in_features", "out_features")
    names = ("module_input_name", "module_output_name")
    told = _settings(path, "settings of Dense", (*sizes, "bias", "activation_function", "use_residual", *names))
    scores = told.text("module_output_name", "") == SCORES  # the last module of a cross-encoder
    _check_features(told, path, *((SCORES,) if scores else ()))
    reference = told.text("activation_function", "torch.nn.modules.activation.Tanh")
    name = NAME.fullmatch(reference)
    if name is None or name[4] not in (*ACTIVATIONS, "Identity"):
        raise InputError(
            f"the activation function {reference!r} is not supported", f"Known: torch.nn's {ACTIVATIONS}", path
        )
    rest = {"bias": told.flag("bias", True), "use_residual": told.flag("use_residual", False)}
    if scores:
        rest["scores"] = True
    return {**{size: _positive(told, size, path) for size in sizes}, **rest, "activation": name[4]}


def _check_features(told: Fields, path: Path, *outputs: str) -> None:
    """Raises InputError for a module of other features than the text's vector, or one of `outputs`."""
    for name in ("module_input_name", "module_output_name"):
        value = told.text(name, "sentence_embedding")
        if value != "sentence_embedding" and not (name == "module_output_name" and value in outputs):
            raise InputError(f"{name} {value!r} is not supported", "Only sentence_embedding is computed", path)


def _positive(told: Fields, name: str, path: Path) -> int:
    value = told.whole(name)
    if not 0 < value < 1 << 20:
        raise InputError(f"{name} {value} is out of range", "Expected a size of vectors", path)
    return value


def _layer_norm(path: Path) -> dict[str, Any]:
    return {"dimension": _positive(_settings(path, "settings of LayerNorm", ("dimension",)), "dimension", path)}


def _normalize(path: Path) -> dict[str, Any]:
    names = ("module_input_name", "module_output_name")
    _check_features(_settings(path, "settings of Normalize", names, optional=True), path)
    return {}


def _dropout(path: Path) -> dict[str, Any]:
    _settings(path, "settings of Dropout", ("dropout",), optional=True)
    return {}


def _weighted_layers(path: Path) -> dict[str, Any]:
    sizes = ("embedding_dimension", "word_embedding_dimension")
    told = _settings(path, "settings of WeightedLayerPooling", (*sizes, "layer_start", "num_hidden_layers"))
    start, layers = told.whole("layer_start", 4), told.whole("num_hidden_layers", 12)
    if not 0 <= start <= layers < 1 << 12:
        raise InputError(f"layer_start {start} is none of {layers} layers", "Expected a layer of the model", path)
    return {"layer_start": start, "num_hidden_layers": layers}


READERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "Pooling": _pooling,
    "Dense": _dense,
    "LayerNorm": _layer_norm,
    "Normalize": _normalize,
    "Dropout": _dropout,
    "WeightedLayerPooling": _weighted_layers,
}
"""How the settings of each module are read; a module that is not among them is refused."""
