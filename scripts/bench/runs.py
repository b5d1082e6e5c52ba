"""How fast run files are read and written, and in how much memory, beside the libraries that read them too.

Makes a run of 1,000 hits a query, as Anserini would write it, and has it read and written by turns, each in a process
of its own. Prints wall time and processor time (the first grows where others use the machine) and the peak of
resident memory, imports left out of the times but not of the memory.

    python scripts/bench/runs.py --lines 6980000 --repeats 3
"""

import argparse
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DEPTH, DOCUMENTS = 1000, 8_841_823
"""Hits a query, and documents of MS MARCO's passages."""
COLUMNS = ["topic", "q0", "docid", "rank", "score", "tag"]

Work = tuple[Callable[[Path], Any], Callable[[Any], int], Callable[[Any, Path], object] | None]
"""A reader, what counts the hits that it read, and a writer where there is one."""


def rerankkit_work() -> Work:
    from rerankkit.trec import read_run, write_run

    return read_run, lambda run: sum(len(run.scores(qid)) for qid in run), write_run


def pytrec_eval_work() -> Work:
    import pytrec_eval

    def read(path: Path) -> dict[str, dict[str, float]]:
        with path.open() as file:
            return pytrec_eval.parse_run(file)

    return read, lambda run: sum(map(len, run.values())), None


def ir_measures_work() -> Work:
    import ir_measures

    return lambda path: list(ir_measures.read_trec_run(str(path))), len, None


def pandas_work() -> Work:
    """As Pyserini's TrecRun reads and writes."""
    import pandas

    kinds = {"topic": str, "docid": str, "score": float}
    return (
        lambda path: pandas.read_csv(path, sep=r"\s+", names=COLUMNS, dtype=kinds),
        len,
        lambda table, path: table.to_csv(path, sep=" ", header=False, index=False),
    )


def ranx_work() -> Work:
    from ranx import Run

    return (
        lambda path: Run.from_file(str(path), kind="trec"),
        lambda run: sum(map(len, run.run.values())),
        lambda run, path: run.save(str(path), kind="trec"),
    )


PEERS = {
    "rerankkit": rerankkit_work,
    "pytrec_eval": pytrec_eval_work,
    "ir_measures": ir_measures_work,
    "pandas": pandas_work,
    "ranx": ranx_work,
}
PACKAGES = {**{name: name for name in PEERS}, "pytrec_eval": "pytrec_eval-terrier"}


def make_run(path: Path, lines: int, seed: int) -> None:
    """Writes the run: qids and docids as MS MARCO's, scores falling, six digits behind the point."""
    chance = random.Random(seed)
    with path.open("w") as file:
        for query in range(lines // DEPTH):
            score, text = 20 + 5 * chance.random(), []
            for rank, docid in enumerate(chance.sample(range(DOCUMENTS), DEPTH), 1):
                score -= 0.02 * chance.random()
                text.append(f"{1_000_000 + 7 * query} Q0 {docid} {rank} {score:.6f} Anserini\n")
            file.writelines(text)


def timed(work: Callable[..., Any], *given: object) -> tuple[Any, list[float]]:
    """What the work returns, and its seconds by the wall's clock and by the processor's."""
    wall, processor = time.perf_counter(), time.process_time()
    found = work(*given)
    return found, [time.perf_counter() - wall, time.process_time() - processor]


def peak() -> float:
    """Megabytes that this process has had resident at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def measure_here(name: str, path: Path) -> dict[str, Any]:
    """One peer's figures in this process: hits, and [wall, processor, peak] of reading and of writing."""
    read, count, write = PEERS[name]()
    run, seconds = timed(read, path)
    figures = {"hits": count(run), "read": [*seconds, peak()]}
    if write is not None:
        _, seconds = timed(write, run, path.with_name("written.txt"))
        figures["write"] = [*seconds, peak()]
    return figures


def measure(name: str, path: Path) -> dict[str, Any]:
    """One peer's figures, taken in a process of its own."""
    command = [sys.executable, __file__, "--one", name, "--file", f"{path}"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{name} failed:\n{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def table(figures: dict[str, list[dict[str, Any]]], step: str) -> None:
    """Prints a step's medians: million lines a second by both clocks, ratio of processor times, megabytes."""
    print(f"\n{step:12}{'M lines/s':>11}{'of processor':>14}{'processor':>11}{'times ours':>12}{'peak':>9}")
    ours = statistics.median(one[step][1] for one in figures["rerankkit"])
    for name, found in figures.items():
        if step in found[0]:
            wall, spent, memory = (statistics.median(one[step][i] for one in found) for i in range(3))
            million = found[0]["hits"] / 1e6
            rates = f"{million / wall:11.2f}{million / spent:14.2f}{spent:9.1f} s"
            print(f"{name:12}{rates}{spent / ours:12.2f}{memory:6.0f} MB")


def main() -> None:
    """Prints the tables of reading and writing, and versions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=6_980_000, help="Of the run.  [default: 6980000]")
    parser.add_argument("--repeats", type=int, default=3, help="Rounds, by turns.  [default: 3]")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), help="Beside rerankkit.  [all]")
    parser.add_argument("--seed", type=int, default=0, help="Of the run.  [default: 0]")
    parser.add_argument("--one", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure_here(given.one, given.file)))
        return
    names = [name for name in PEERS if name == "rerankkit" or (name in given.peers and find_spec(name))]
    figures: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.txt"
        make_run(path, max(given.lines, DEPTH), given.seed)
        size = path.stat().st_size / 1e6
        for _ in range(max(1, given.repeats)):
            for name in names:
                figures[name].append(measure(name, path))
    hits = {name: found[0]["hits"] for name, found in figures.items()}
    if len(set(hits.values())) > 1:
        sys.exit(f"not all read the same: {hits}")
    print(f"{hits['rerankkit']:,} lines, {size:.0f} MB; medians of {len(figures['rerankkit'])} rounds by turns")
    for step in ("read", "write"):
        table(figures, step)
    packages = ", ".join(f"{name} {version(PACKAGES[name])}" for name in names)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"\n{packages}; Python {platform.python_version()}, {os.cpu_count()} cores{load}")


if __name__ == "__main__":
    main()
