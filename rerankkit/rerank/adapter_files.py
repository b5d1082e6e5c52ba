"""An adapter's configuration, checked before PEFT reads it: foreign code, endless patterns, ranks beyond memory."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.io.foreign import Fields, read_json
from rerankkit.rerank.weight_heads import shapes_of

ADAPTER = "adapter_config.json"
"""The file of an adapter's folder that names the base."""
WHAT = "an adapter's configuration"
UNSUPPORTED = ("megatron_config", "layer_replication")
"""Settings that import a package of their choice, or add layers to the base."""
ENDLESS = re.compile(r"[+*}][^()]*\)+[+*{]")
"""A repetition inside of a repetition: Python may need years to match it."""
MOST = 1 << 16
"""A rank beyond any in use, where no weights bound it."""


def check_adapter(folder: Path) -> None:
    """Raises InputError for settings of an adapter that PEFT should not be given."""
    path = folder / ADAPTER
    record = read_json(path, WHAT)
    fields = Fields(record, WHAT, path)
    for name in UNSUPPORTED:
        if record.get(name):
            raise InputError(f"not {WHAT} that is supported: {name} is set", f"Give an adapter without {name}", path)
    for text in _texts(record):
        if ENDLESS.search(text):
            raise InputError(
                f"the pattern {text[:80]!r} repeats a repetition", "List the names of the layers instead", path
            )
    widest = max((length for shape in shapes_of(folder).values() for length in shape), default=MOST)
    ranks = [fields.whole("r")] if record.get("r") is not None else []
    patterns = fields.table("rank_pattern") if record.get("rank_pattern") is not None else {}
    ranks += [Fields(patterns, f"{WHAT} (rank_pattern)", path).whole(name) for name in patterns]
    for rank in ranks:
        if not 0 < rank <= widest:
            raise InputError(f"not {WHAT}: the rank {str(rank)[:40]}", f"Expected 1 to {widest:,}", path)


def _texts(value: Any) -> Iterator[str]:
    """All texts inside of a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
