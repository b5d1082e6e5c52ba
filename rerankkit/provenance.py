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
from rerankkit.surroundings import cleared, commit, machine, packages

log = logging.getLogger(__name__)

SCHEMA = "rerankkit.meta/1"


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
    return output.resolve().with_name(f"{output.resolve().name}.{SIDE}") if _is_linked(output, beside) else beside


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
    note = made / "rerankkit.json"
    if not note.is_file():
        return {}
    trained = json.loads(note.read_text("utf-8")).get("trained", {})
    return {"seed": trained["seed"]} if "seed" in trained else {}


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
    """A side file, given itself or as its output, with where it lies; InputError where it is none of ours."""
    found = path if path.name.endswith(SIDE) else side_file(path)
    if not found.is_file():
        raise InputError(
            "no side file tells how this was made", "rerankkit writes one beside each run and into checkpoints", path
        )
    try:
        told = json.loads(found.read_text("utf-8"))
        if told["schema"] != SCHEMA:
            raise ValueError(told["schema"])
        told["verb"], told["command"], told["folder"], told["inputs"], told["output"]["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("not a side file of rerankkit", f"Expected: JSON with schema {SCHEMA}", found) from error
    return found, told
