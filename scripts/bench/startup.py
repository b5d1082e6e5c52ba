"""How long `rerankkit --help` and a one-topic `rerankkit retrieve` take, beside Pyserini's command for the same search.

Builds a small index of the standard library's docstrings, checks that both find the same documents in the same order,
and runs the commands by turns, each in a process of its own.

    python scripts/bench/startup.py --repeats 5
"""

import argparse
import importlib
import inspect
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

MODULES = (
    "builtins",
    "collections",
    "functools",
    "itertools",
    "json",
    "logging",
    "math",
    "os",
    "pathlib",
    "random",
    "re",
)
QUERY = "file path separator"
PYSERINI = """
import runpy, sys
from rerankkit.collection.jvm import start_java
start_java()
sys.argv[0] = "pyserini"
runpy.run_module("pyserini.search.lucene", run_name="__main__")
"""
"""Pyserini's command on the Java that rerankkit found: without Java's vector module it cannot start its own."""


def documents() -> Iterator[dict[str, str]]:
    """The public functions and classes of some modules, with their docstrings."""
    for name in MODULES:
        for member, value in inspect.getmembers(importlib.import_module(name)):
            text = inspect.getdoc(value) if callable(value) and not member.startswith("_") else None
            if text:
                yield {"id": f"{name}.{member}", "title": f"{name}.{member}", "contents": text}


def seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """The wall time of a command; ends the script with the command's message where it fails."""
    start = time.perf_counter()
    result = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    taken = time.perf_counter() - start
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{result.stderr}")
    return taken


def docids(run: Path) -> list[str]:
    """The documents of a run file, in its order."""
    return [line.split()[2] for line in run.read_text("utf-8").splitlines()]


def commands(folder: Path) -> dict[str, list[str]]:
    """Name -> command; the index and the topic they search are made in the folder first."""
    (folder / "docs.jsonl").write_text("".join(json.dumps(document) + "\n" for document in documents()), "utf-8")
    (folder / "topics.tsv").write_text(f"1\t{QUERY}\n", "utf-8")
    rerankkit = [sys.executable, "-m", "rerankkit"]
    index, search = ["--index", f"{folder / 'index'}"], ["--topics", f"{folder / 'topics.tsv'}", "--hits", "10"]
    seconds([*rerankkit, "-q", "index", "--input", f"{folder / 'docs.jsonl'}", *index], os.environ)
    ours, theirs = (["--output", f"{folder / name}"] for name in ("ours.txt", "theirs.txt"))
    return {
        "rerankkit --help": [*rerankkit, "--help"],
        "rerankkit retrieve": [*rerankkit, "retrieve", *index, *search, *ours],
        "pyserini.search.lucene": [sys.executable, "-c", PYSERINI, *index, *search, *theirs, "--bm25"],
    }


def measure(folder: Path, repeats: int) -> dict[str, list[float]]:
    """Each command's seconds, taken by turns after one round that is not counted."""
    # Pyserini makes an OpenAI client at import, which wants a key: any word does, in its process alone.
    environment = {**os.environ, "OPENAI_API_KEY": os.environ.get("OPENAI_API_KEY", "unused")}
    chosen = commands(folder)
    taken: dict[str, list[float]] = {name: [] for name in chosen}
    for turn in range(repeats + 1):
        for name, command in chosen.items():
            spent = seconds(command, environment if name.startswith("pyserini") else os.environ)
            if turn:
                taken[name].append(spent)
    if docids(folder / "ours.txt") != docids(folder / "theirs.txt"):
        sys.exit("the two commands found different documents: their times say nothing")
    return taken


def main() -> None:
    """Prints medians, ranges, the ratio to `rerankkit retrieve`, and versions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="Rounds that are counted.  [default: 5]")
    repeats = max(1, parser.parse_args().repeats)
    with tempfile.TemporaryDirectory() as folder:
        taken = measure(Path(folder), repeats)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    print(f"{'command':24}{'median':>9}{'least':>9}{'most':>9}  times rerankkit retrieve")
    for name, times in taken.items():
        ratio = medians[name] / medians["rerankkit retrieve"]
        print(f"{name:24}{medians[name]:7.2f} s{min(times):7.2f} s{max(times):7.2f} s  {ratio:.2f}")
    packages = ", ".join(f"{name} {version(name)}" for name in ("rerankkit", "pyserini", "pyjnius", "torch"))
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{repeats} rounds by turns; {packages}; Python {platform.python_version()}, {os.cpu_count()} cores{load}")


if __name__ == "__main__":
    main()
