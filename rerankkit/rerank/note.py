"""`rerankkit.json`: what Hugging Face's files do not say of a checkpoint that rerankkit wrote."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.io.foreign import Fields, read_json
from rerankkit.rerank.pairs import Lengths

NOTE = "rerankkit.json"
WHAT = "a checkpoint's note"
BUDGETS = ("max_length", "max_query_tokens", "max_title_tokens")
POOLINGS = ("last", "mean")
MOST_TOKENS = 1 << 24


@dataclass(frozen=True, slots=True)
class Note:
    """What Hugging Face's files do not say of a checkpoint of ours.

    `pooling` is last or mean, of an LLM's tokens; `separate_title` gives an encoder title and summary apart;
    `exported` tells of a compiled model in the folder what running it takes, and how far it agrees with the weights.
    """

    architecture: str
    lengths: Lengths = field(default_factory=Lengths)
    trained: dict[str, Any] = field(default_factory=dict)
    pooling: str = "last"
    separate_title: bool = False
    exported: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Writes `rerankkit.json`."""
        told = {name: value for name, value in asdict(self).items() if name != "exported" or value}
        told["lengths"] = self.lengths.record()
        (folder / NOTE).write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def read_note(folder: str | Path) -> Note | None:
    """The note of a checkpoint folder; a folder or hub id of others has none.

    Raises InputError, which names the field, for a note that is broken.
    """
    path = Path(folder) / NOTE
    if not path.is_file():
        return None
    fields = Fields(read_json(path, WHAT), WHAT, path)
    if fields.text("pooling", "last") not in POOLINGS:
        raise InputError(
            f"not {WHAT}: the pooling {fields.text('pooling')[:80]!r}", f"Known: {', '.join(POOLINGS)}", path
        )
    exported = fields.table("exported", {})
    if "backend" in exported:  # merged weights tell only how far they agree
        _check_exported(Fields(exported, f"{WHAT} (exported)", path), path)
    try:
        return Note(
            fields.text("architecture"),
            _lengths(Fields(fields.table("lengths"), f"{WHAT} (lengths)", path), fields.table("lengths"), path),
            fields.table("trained", {}),
            fields.text("pooling", "last"),
            fields.flag("separate_title", False),
            exported,
        )
    except InputError as error:
        if error.path is not None:
            raise
        raise InputError(f"not {WHAT}: {error.problem}", error.remedy, path) from error


def _lengths(fields: Fields, record: dict[str, Any], path: Path) -> Lengths:
    unknown = sorted(record.keys() - set(BUDGETS))
    if unknown:
        raise InputError(f"not {WHAT}: unknown length {unknown[0][:80]!r}", f"Known: {', '.join(BUDGETS)}", path)
    given: dict[str, Any] = {name: fields.whole(name) for name in BUDGETS if record.get(name) is not None}
    for name, value in given.items():
        if not 0 < value <= MOST_TOKENS:
            raise InputError(f"not {WHAT}: {name} is {str(value)[:40]}", f"Expected 1 to {MOST_TOKENS:,}", path)
    return Lengths(**given)


def _check_exported(exported: Fields, path: Path) -> None:
    """Raises InputError for a compiled model's record without what running it takes."""
    for name in ("backend", "dtype", "architecture"):
        exported.text(name)
    if exported.text("backend") not in ("onnx", "openvino"):
        raise InputError(
            f"not {WHAT}: the backend is {exported.text('backend')[:80]!r}", "Export the model again", path
        )
    if not 0 < exported.whole("positions") <= MOST_TOKENS or not 0 <= exported.whole("pad_id") <= MOST_TOKENS:
        raise InputError(f"not {WHAT}: positions or pad_id out of range", "Export the model again", path)
    frame = Fields(exported.table("frame"), f"{WHAT} (frame)", path)
    for name in ("prefix", "middle", "suffix"):
        frame.wholes(name)
    frame.flag("segments")
    frame.whole("query_end", 0)
    if "separator" in frame and exported.table("frame")["separator"] is not None:
        frame.wholes("separator")
