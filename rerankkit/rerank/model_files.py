"""The files of a checkpoint's folder, checked before a library reads them.

Libraries guess, hang or ask for all memory where a configuration is cut, hostile or at odds with the weights.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.io.foreign import Fields, read_json
from rerankkit.io.numbers import whole_number
from rerankkit.rerank.adapter_files import ADAPTER, check_adapter
from rerankkit.rerank.weight_heads import shapes_of

CONFIG = "config.json"
WHAT = "a model's configuration"
SETTINGS = (
    *("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "generation_config.json", ADAPTER),
    *("model.safetensors.index.json", "pytorch_model.bin.index.json", "adapter_model.safetensors.index.json"),
)
"""Further JSON files that transformers and PEFT read as objects."""
FETCHED = ("*.safetensors", "*.bin", "*.model", "tokenizer.json", "vocab.txt", "vocab.json", "merges.txt")
"""The files that Git LFS may hold."""
POINTER = b"version https://git-lfs"
LAYERS = (
    *("num_hidden_layers", "num_layers", "n_layer", "n_layers", "encoder_layers", "decoder_layers"),
    *("num_decoder_layers", "num_hidden_groups", "inner_group_num"),
)
PARTS = ("num_attention_heads", "num_key_value_heads", "n_head", "num_heads", "num_experts", "num_local_experts")
WIDTHS = ("hidden_size", "d_model", "n_embd", "dim")
SIZES = (
    *(*WIDTHS, "vocab_size", "embedding_size", "intermediate_size", "d_ff", "n_inner", "hidden_dim", "ffn_dim"),
    *("encoder_ffn_dim", "decoder_ffn_dim", "type_vocab_size"),
)
POSITIONS = ("max_position_embeddings", "n_positions", "max_relative_positions", "position_buckets")
LEARNED = POSITIONS[:2]
"""Those that are a size of the weights where positions are learnt."""
MOST_LAYERS, MOST_PARTS, MOST_POSITIONS, MOST_LABELS = 256, 4096, 1 << 27, 1 << 16
"""Larger than in any published model; the weights bound the sizes."""
SHORT = re.compile(r"[0-9]{1,6}")
"""The number of a layer in a weight's name."""
ROOM = 1 << 26
"""Parameters that a configuration may describe whatever the weights hold, for heads that are still to be drawn."""
SAVE = "Restore the file, or save the model again"

CUT_CHARACTER = re.compile(
    r"\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}", re.IGNORECASE
)
"""Half of a surrogate pair in JSON's escapes, which a library reads and cannot write again."""


def check_files(checkpoint: str | Path) -> None:
    """Raises InputError, which names the file, for files of a folder that no library should be given.

    A hub id is left alone.
    """
    folder = Path(checkpoint)
    if not folder.is_dir():
        return
    for path in sorted(path for pattern in FETCHED for path in folder.glob(pattern)):
        _check_fetched(path)
    for name in SETTINGS:
        if (folder / name).is_file():
            Fields(_read(folder / name, "settings of a model"), "settings of a model", folder / name)
    config = folder / CONFIG
    if config.exists():
        record = _read(config, WHAT)
        _check_config(Fields(record, WHAT, config), record, config)
        _check_sizes(record, folder)
    if (folder / ADAPTER).is_file():
        check_adapter(folder)


def _read(path: Path, what: str) -> Any:
    """The value of a JSON file that a library reads, too: it takes no byte order mark and no half of a character."""
    record = read_json(path, what)
    if CUT_CHARACTER.search(path.read_text("utf-8-sig")):
        raise InputError(f"not {what}: it holds half of a character (\\ud…)", "Write the file again", path)
    with path.open("rb") as file:
        if file.read(3) == BOM_UTF8:
            raise InputError(f"not {what}: it begins with a byte order mark", "Save it as UTF-8 without one", path)
    return record


def _check_fetched(path: Path) -> None:
    if not path.is_file():
        raise InputError("is no regular file", SAVE, path)
    with path.open("rb") as file:
        if file.read(len(POINTER)) == POINTER:
            raise InputError("is a Git LFS pointer, not the file itself", "Fetch the file: git lfs pull", path)


def _check_config(config: Fields, record: dict[str, Any], path: Path) -> None:
    """Raises InputError for fields of wrong types, and for what would fetch code."""
    config.text("model_type")  # without it transformers guesses by the folder's name
    if record.get("architectures") is not None:
        config.texts("architectures")
    labels = record.get("num_labels")
    if labels is not None and not 0 < config.whole("num_labels") <= MOST_LABELS:
        raise InputError(f"not {WHAT}: num_labels is {labels}", f"Expected 1 to {MOST_LABELS:,}", path)
    if record.get("id2label") is not None:
        config.table("id2label")
    for name in ("attn_implementation", "_attn_implementation", "experts_implementation"):
        value = record.get(name)
        if value is not None and (not isinstance(value, str) or "/" in value):
            raise InputError(f"{name} is {str(value)[:80]!r}: code from a hub is not run", f"Delete {name}", path)


def _check_sizes(record: dict[str, Any], folder: Path) -> None:
    """Raises InputError for layers and sizes that the weights cannot have: building them may take all memory."""
    shapes = shapes_of(folder)
    widest = max((length for shape in shapes.values() for length in shape), default=None)
    learned = any("position_embed" in name or name.endswith("wpe.weight") for name in shapes)
    for name, value in _numbers(record):
        most = None
        if name in LAYERS:
            most = max(MOST_LAYERS, _layers(shapes))
        elif name in PARTS:
            most = MOST_PARTS
        elif name in SIZES or (learned and name in LEARNED):
            most = widest
        elif name in POSITIONS:
            most = MOST_POSITIONS
        problem = f"not {WHAT}: {name} is {str(value)[:40]}"
        if value < 0 and name in (*LAYERS, *PARTS, *SIZES):
            raise InputError(problem, "Expected a size", folder / CONFIG)
        if most is not None and value > most:
            largest = ", the largest size in the weights" if most == widest else ""
            raise InputError(problem, f"Expected at most {most:,}{largest}", folder / CONFIG)
    held = sum(path.stat().st_size for pattern in ("*.safetensors", "*.bin") for path in folder.glob(pattern))
    wanted = _parameters(record)
    if held and wanted > 16 * held + ROOM:
        problem = f"not {WHAT}: it describes {wanted:,} parameters or more, the weights have {held:,} bytes"
        raise InputError(problem, "Put configuration and weights of one model together", folder / CONFIG)


def _layers(names: Iterable[str]) -> int:
    """How many layers the names of weights count."""
    return 1 + max(
        (whole_number(part) for name in names for part in name.split(".") if SHORT.fullmatch(part)), default=-1
    )


def _numbers(record: Any) -> Iterator[tuple[str, int]]:
    """The whole numbers of a configuration and of those inside it, by name."""
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _numbers(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield name, value


def _parameters(record: dict[str, Any]) -> int:
    """A low estimate of the parameters that a configuration describes: layers, and embeddings of words."""
    found = dict(_numbers(record))
    width = max((found.get(name, 0) for name in WIDTHS), default=0)
    layers = max((found.get(name, 0) for name in LAYERS[:6]), default=0)
    return found.get("vocab_size", 0) * width + layers * (2 * width * width + width * found.get("intermediate_size", 0))
