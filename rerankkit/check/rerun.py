"""A command run again, from its side file, into another place: what it may read, and the process it runs in.

The side file is a stranger's. Its inputs must have a hash and lie in its folder tree, and the process sees neither the
current folder nor the user's Python settings.
"""

import os
import re
import site
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rerankkit.check.tree import Tree, links
from rerankkit.digests import digest
from rerankkit.errors import InputError
from rerankkit.surroundings import packages

SHA256 = re.compile("[0-9a-f]{64}")
OWN = re.compile(
    r"PYTHON.*|RERANKKIT_.*|ANSERINI_CLASSPATH|CLASSPATH|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS"
    r"|RANK|WORLD_SIZE|LOCAL_RANK|MASTER_ADDR|MASTER_PORT|TRUST_REMOTE_CODE"
)
"""Variables that would change what a command does; the process of a stranger's command does not get them."""
NAMED = 5
"""How many paths a message names."""
BOOTSTRAP = """
import importlib.util, sys
init, more = sys.argv[1:3]
sys.argv[:3] = ["rerankkit"]
sys.path += [folder for folder in more.split("\\n") if folder and folder not in sys.path]
spec = importlib.util.spec_from_file_location("rerankkit", init)
sys.modules["rerankkit"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["rerankkit"])
from rerankkit.cli import main
main(prog_name="rerankkit")
"""
"""Loads this very rerankkit, wherever it is installed, without a search for it."""


class Changed(NamedTuple):
    """An input that is not what it was."""

    parameter: str
    path: str


class Bounds(NamedTuple):
    """Where the command ran, and the tree that it may read; None for all."""

    folder: Path
    tree: Tree | None

    def place(self, path: str) -> Path:
        """A path of the command, absolute; a link in its last part is kept."""
        whole = self.folder / path
        if whole.name in ("", ".."):
            return Path(os.path.realpath(whole))
        return Path(os.path.realpath(whole.parent), whole.name)


def bounds_of(record: dict[str, Any], place: Path, root: Path | None, outside: bool) -> Bounds:
    """What the command of a side file at `place` may read.

    That is the tree of `root`; without one the folder where the command ran, as far as it holds the side file and lies
    in the current folder, else the side file's own folder. Raises InputError where the command ran outside of it.
    """
    side, ran = Path(os.path.realpath(place.parent)), Path(os.path.realpath(place.parent / record["folder"]))
    if outside:
        return Bounds(ran, None)
    if root is not None:
        tree = Tree(Path(os.path.realpath(root)))
        if not tree.holds(side):
            raise InputError(f"the side file lies outside --root {root}", "Give a folder that holds it", place)
    else:
        tree = Tree(ran) if Tree.of(side).holds(ran) and Tree(ran).holds(side) else Tree(side)
    if not tree.holds(ran):
        raise _outside([str(ran)], "the command ran", tree, place)
    return Bounds(ran, tree)


def inputs_within(record: dict[str, Any], bounds: Bounds, place: Path) -> list[Path]:
    """The inputs' places, each there, hashed and within the bounds; InputError for others."""
    found, left, linked = [], [], []
    for one in record["inputs"]:
        path = bounds.place(one["path"])
        if not SHA256.fullmatch(one["sha256"]):
            problem = f"an input has no hash: {one['path']} ({one['parameter']})"
            raise InputError(problem, "Run the command again by hand", place)
        if bounds.tree is not None and not bounds.tree.holds(path):
            left.append(one["path"])
        elif not path.exists():
            remedy = "Put it back, or move side file and inputs together: its path is relative to the side file's"
            raise InputError(f"an input is gone: {one['path']} ({one['parameter']})", remedy, path)
        elif not path.is_file() and not path.is_dir():
            raise InputError("an input is neither a file nor a folder", "Run the command again by hand", path)
        elif bounds.tree is not None and path.is_dir():
            linked += [str(link) for link in links(path) if link.is_dir() or not bounds.tree.holds(link)]
        found.append(path)
    if bounds.tree is not None and left:
        raise _outside(left, "inputs lie", bounds.tree, place)
    if bounds.tree is not None and linked:
        raise _outside(linked, "links in input folders lead", bounds.tree, place, " or to folders without a hash")
    return found


def _outside(paths: Sequence[str], what: str, tree: Tree, place: Path, more: str = "") -> InputError:
    named = ", ".join(paths[:NAMED]) + (", …" if len(paths) > NAMED else "")
    remedy = "Give --root with a folder that holds all and that you trust, or --allow-outside"
    return InputError(f"{what} outside {tree.root}{more}: {named}", remedy, place)


def changed_inputs(record: dict[str, Any], places: Iterable[Path]) -> list[Changed]:
    """The inputs whose content differs from then."""
    return [
        Changed(one["parameter"], one["path"])
        for one, path in zip(record["inputs"], places, strict=True)
        if digest(path).sha256 != one["sha256"]
    ]


def other_packages(record: dict[str, Any]) -> Iterator[str]:
    """The packages that have another version now, as text."""
    now = packages()
    for name, version in record["packages"].items():
        if now.get(name) != version:
            yield f"{name} {version} then, {now.get(name, 'none')} now"


def isolated(words: Sequence[str], more: Iterable[str] = ()) -> list[str]:
    """The command line of a rerankkit that no folder but the installed ones can bring code into.

    `more` are folders of installed packages that an isolated Python would not search, put last.
    """
    init = Path(sys.modules["rerankkit"].__file__ or "").absolute()
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return [sys.executable, "-I", "-c", BOOTSTRAP, str(init), "\n".join([*user, *more]), *words]


def clean_environment(hub: bool) -> dict[str, str]:
    """The user's variables without those that change what a command does; the hub is asked only where `hub`."""
    kept = {name: value for name, value in os.environ.items() if not OWN.fullmatch(name)}
    return kept if hub else {**kept, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def run_again(command: Sequence[str], environment: dict[str, str], folder: Path, output: Path) -> None:
    """Runs a command in an empty folder, its messages on stderr; InputError where it fails."""
    folder.mkdir()
    quiet = subprocess.DEVNULL
    code = subprocess.run(command, cwd=folder, env=environment, stdin=quiet, stdout=quiet).returncode
    if code or not output.exists():
        raise InputError(f"the command ended with {code} and without its output", "See its messages above")
