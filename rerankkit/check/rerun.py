"""A command run again, from its side file, into another place."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rerankkit.digests import digest
from rerankkit.errors import InputError
from rerankkit.surroundings import packages


class Changed(NamedTuple):
    """An input that is not what it was."""

    parameter: str
    path: str


def changed_inputs(told: dict[str, Any], folder: Path) -> list[Changed]:
    """The inputs whose content is another than then; InputError where one is gone."""
    found = []
    for one in told["inputs"]:
        path = folder / one["path"]
        if not path.exists():
            remedy = "Put it back, or move side file and inputs together: its way is told from the side file's folder"
            raise InputError(f"an input is gone: {one['path']} ({one['parameter']})", remedy, path)
        if digest(path).sha256 != one["sha256"]:
            found.append(Changed(one["parameter"], one["path"]))
    return found


def other_packages(told: dict[str, Any]) -> Iterator[str]:
    """The packages that have another version now, as text."""
    now = packages()
    for name, version in told.get("packages", {}).items():
        if now.get(name) != version:
            yield f"{name} {version} then, {now.get(name, 'none')} now"


def words_for(told: dict[str, Any], output: Path) -> list[str]:
    """The command's words after `rerankkit`, with another output; a score store is not asked, scores are computed."""
    words = [str(word) for word in told["command"][1:]]
    if any("***" in word for word in words):
        raise InputError("the command held a password or key, which was not kept", "Run it again by hand")
    option = told["output"]["option"]
    places = [place for place, word in enumerate(words) if word == option or word.startswith(f"{option}=")]
    if not places:
        raise InputError(f"the command has no {option}", "The side file was changed; run the command again by hand")
    place = places[-1]
    words[place : place + (2 if words[place] == option else 1)] = [option, str(output)]
    if told["verb"] == "rerank":
        words = [*_without(words, "--store"), *([] if "--no-store" in words else ["--no-store"])]
    return words


def _without(words: list[str], option: str) -> list[str]:
    if option in words:
        place = words.index(option)
        return words[:place] + words[place + 2 :]
    return [word for word in words if not word.startswith(f"{option}=")]


def run_again(told: dict[str, Any], folder: Path, output: Path) -> None:
    """Runs the command in the folder where it ran; what it says goes to stderr. InputError where it fails."""
    words = words_for(told, output)
    if not folder.is_dir():
        raise InputError("the folder in which it ran is gone", "Move side file and inputs together", folder)
    command = [sys.executable, "-m", "rerankkit", *words]
    code = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL).returncode
    if code or not output.exists():
        raise InputError(f"the command ended with {code} and without its output", "See what it said above")
