"""The side file of an output: how it was made, so that it can be made again."""

import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rerankkit.digests import SIDE, content, digest, digest_whole
from rerankkit.errors import InputError
from rerankkit.files import unwitnessed_file
from rerankkit.io.foreign import Fields, read_json
from rerankkit.surroundings import cleared, commit, machine, packages

log = logging.getLogger(__name__)

SCHEMA = "rerankkit.meta/1"
WHAT = "a side file of rerankkit"
LONGEST_COMMAND = 1_000_000
"""Characters of a command in a side file; a system starts no longer one."""
DEEPEST = 3
"""How deep the lists of a parameter are nested at most."""


@dataclass(frozen=True)
class Work:
    """A command at work: its name, its words, its parameters, the inputs among them, the option of its output."""

    verb: str
    words: list[str]
    parameters: dict[str, Any]
    inputs: dict[str, list[Path]]
    option: str
    seconds: float


def side_file(output: Path) -> Path:
    """Where the side file of an output is: in a folder `meta.json`, else beside the file, with `.meta.json` added."""
    if output.is_dir():
        return output / SIDE
    beside = output.with_name(f"{output.name}.{SIDE}")
    if not _is_linked(output, beside):
        return beside
    linked = Path(os.path.realpath(output))
    return linked.with_name(f"{linked.name}.{SIDE}")


def _is_linked(output: Path, beside: Path) -> bool:
    """Whether the side file lies beside the file that a link names."""
    return output.is_symlink() and not beside.is_file()


def write_side_file(work: Work, made: Path, output: Path) -> None:
    """Writes the side file of an output that lies ready under the name `made`; a folder gets it inside."""
    out = output.resolve()
    place = made if made.is_dir() else out.parent
    told = {
        "schema": SCHEMA,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "verb": work.verb,
        "command": [cleared(word) for word in work.words],
        "folder": _way(out if made.is_dir() else out.parent, Path.cwd()),
        "output": {"option": work.option, "path": out.name, **_held(made)},
        "parameters": {name: cleared(value) if isinstance(value, str) else value for name, value in _plain(work)},
        "seeds": {name: value for name, value in _plain(work) if "seed" in name} or _seed_of_training(made),
        "inputs": [
            {"parameter": name, "path": str(path), **_hashed(path)}
            for name, paths in work.inputs.items()
            for path in paths
        ],
        "seconds": round(work.seconds, 2),
        "packages": packages(),
        "machine": machine(),
        "code": commit(Path.cwd()),
    }
    name = SIDE if made.is_dir() else f"{out.name}.{SIDE}"
    with unwitnessed_file(place / name) as file:
        file.write(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def _seed_of_training(made: Path) -> dict[str, Any]:
    """The seed in a checkpoint's own note, which has the settings that no flag gave."""
    path = made / "rerankkit.json"
    if not path.is_file():
        return {}
    try:
        note = Fields(read_json(path, "a checkpoint's note"), "a checkpoint's note", path)
        return {"seed": Fields(note.table("trained", {}), "a checkpoint's note (trained)", path).whole("seed")}
    except InputError:  # no training made it, or no seed was noted
        return {}


def _plain(work: Work) -> list[tuple[str, Any]]:
    """The parameters that were set, paths as texts."""
    return [(name, _json(value)) for name, value in work.parameters.items() if value is not None and value != ()]


def _json(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_json(item) for item in value]
    return value if isinstance(value, str | int | float | bool) else str(value)


def _hashed(path: Path) -> dict[str, Any]:
    """An input's hash; none where it cannot be read any more, for which no output is given up."""
    try:
        return digest(path)._asdict()
    except OSError as error:
        log.warning("%s is told without its hash: %s", path, error.strerror)
        return {"sha256": "", "bytes": 0, "whole": False}


def _held(made: Path) -> dict[str, Any]:
    if made.is_dir():
        files = {path.relative_to(made).as_posix(): digest(path).sha256 for path in content(made)}
        return {**digest(made)._asdict(), "files": files}
    return {"sha256": digest_whole(made), "bytes": made.stat().st_size, "whole": True}


def _way(start: Path, end: Path) -> str:
    """The relative way between two folders, so that both may be moved together."""
    return Path(os.path.relpath(end.resolve(), start)).as_posix()


def read_side_file(path: Path) -> tuple[Path, dict[str, Any]]:
    """A side file, given itself or as its output, with where it lies.

    All its fields are checked. Raises InputError, which names the field, for a file that is none.
    """
    found = path if path.name.endswith(SIDE) else side_file(path)
    if not found.is_file():
        raise InputError(
            "no side file tells how this was made", "rerankkit writes one beside each run and into checkpoints", path
        )
    record = read_json(found, WHAT)
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise InputError(f"not {WHAT}", f"Expected: JSON with schema {SCHEMA}", found)
    _check_fields(record, found)
    return found, record


def is_side_file(path: Path) -> bool:
    """Whether a file names the schema of a side file; InputError for one that is no JSON."""
    record = read_json(path, WHAT)
    return isinstance(record, dict) and record.get("schema") == SCHEMA


def _check_fields(record: dict[str, Any], path: Path) -> None:
    """Raises InputError for a side file's record with a field that is missing, or of another type."""
    fields = Fields(record, WHAT, path)
    fields.text("verb")
    command = fields.texts("command")
    if not command or sum(map(len, command)) > LONGEST_COMMAND or any("\0" in word for word in command):
        expected = f"Expected words of {LONGEST_COMMAND:,} characters at most together, without NUL"
        raise InputError(f"not {WHAT}: the field 'command' is no command line", expected, path)
    _check_path(fields.text("folder"), "folder", path)
    _check_content(fields.table("output"), "output", path).text("option")
    for number, one in enumerate(fields.records("inputs")):
        _check_content(one, f"inputs[{number}]", path).text("parameter")
    for name in ("parameters", "seeds"):
        for key, value in fields.table(name).items():
            if not _is_flat(value):
                raise InputError(f"not {WHAT}: {name}[{key[:80]!r}] is nested", "Expected a value or a list", path)
    for name in ("packages", "code"):
        _check_texts(fields.table(name), name, path)
    given = {key: value for key, value in fields.table("machine").items() if value is not None}
    machine_fields = Fields(given, f"{WHAT} (machine)", path)
    for name in ("processor", "architecture", "system"):
        machine_fields.text(name)
    for name in ("cores", "memory_gb"):
        if name not in fields.table("machine"):
            machine_fields.whole(name)  # raises
        machine_fields.whole(name, None)
    machine_fields.texts("gpus", [])
    machine_fields.whole("gpu_memory_gb", 0)


def _check_content(record: dict[str, Any], name: str, path: Path) -> Fields:
    """Checks what an output and an input have in common, and returns the fields for the rest."""
    fields = Fields(record, f"{WHAT} ({name})", path)
    _check_path(fields.text("path"), f"{name}.path", path)
    fields.text("sha256")
    fields.flag("whole")
    fields.whole("bytes", 0)
    _check_texts(fields.table("files", {}), f"{name}.files", path)
    return fields


def _check_path(text: str, name: str, path: Path) -> None:
    if not text or "\0" in text:
        raise InputError(f"not {WHAT}: the field {name!r} is {text[:80]!r}", "Expected a path", path)


def _check_texts(record: dict[str, Any], name: str, path: Path) -> None:
    fields = Fields(record, f"{WHAT} ({name})", path)
    for key in record:
        fields.text(key)


def _is_flat(value: Any, depth: int = DEEPEST) -> bool:
    if isinstance(value, list):
        return depth > 0 and all(_is_flat(one, depth - 1) for one in value)
    return not isinstance(value, dict)
