"""How fast runs are evaluated and compared, and in how much memory, beside the libraries that evaluate them too.

Makes runs of 1,000 hits a query, rerankings of the same candidates, and qrels as MS MARCO's or, with --judged 200, as
TREC's. Each peer reads and evaluates the first run by turns, in a process of its own; rerankkit also compares all of
them. Prints wall time and processor time (the first grows where others use the machine), the peak of resident memory,
ratios, and how far the figures are apart. Imports are left out of the times but not of the memory.

    python scripts/bench/evaluate.py --queries 6980 --systems 5 --repeats 3
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from runs import DEPTH, DOCUMENTS, peak, timed

NAMES = {
    "nDCG@10": ("ndcg_cut_10", "ndcg@10"),
    "RR": ("recip_rank", "mrr"),
    "AP": ("map", "map"),
    "P@10": ("P_10", "precision@10"),
    "R@100": ("recall_100", "recall@100"),
    "R@1000": ("recall_1000", "recall@1000"),
    "Success@5": ("success_5", "hit_rate@5"),
}
"""The measures, and what pytrec_eval and ranx call them."""
MEASURES = tuple(NAMES)

Figures = Mapping[str, float]
Work = tuple[Callable[[Path], Any], Callable[[Any, Path], Figures]]
"""A reader of a run, and what evaluates it with the qrels."""


def rerankkit_work() -> Work:
    from rerankkit.evaluate.measures import evaluate
    from rerankkit.trec import read_qrels, read_run

    return read_run, lambda run, qrels: evaluate(run, read_qrels(qrels), MEASURES).values


def ir_measures_work() -> Work:
    import ir_measures
    from ir_measures import read_trec_qrels, read_trec_run

    wanted = [ir_measures.parse_measure(name) for name in MEASURES]

    def evaluate(run: Any, qrels: Path) -> Figures:
        found = ir_measures.calc_aggregate(wanted, read_trec_qrels(str(qrels)), run)
        return {str(measure): value for measure, value in found.items()}

    return lambda path: read_trec_run(str(path)), evaluate  # an iterator: it reads while it evaluates


def pytrec_eval_work() -> Work:
    import pytrec_eval

    def read(path: Path) -> dict[str, dict[str, float]]:
        with path.open() as file:
            return pytrec_eval.parse_run(file)

    def evaluate(run: dict[str, dict[str, float]], qrels: Path) -> Figures:
        theirs = {name: words[0] for name, words in NAMES.items()}
        with qrels.open() as file:
            evaluator = pytrec_eval.RelevanceEvaluator(pytrec_eval.parse_qrel(file), set(theirs.values()))
        found = evaluator.evaluate(run).values()
        return {name: statistics.fmean(one[word] for one in found) for name, word in theirs.items()}

    return read, evaluate


def ranx_work() -> Work:
    from ranx import Qrels, Run, evaluate

    def figures(run: Any, qrels: Path) -> Figures:
        theirs = {name: words[1] for name, words in NAMES.items()}
        found = evaluate(Qrels.from_file(str(qrels), kind="trec"), run, list(theirs.values()), make_comparable=True)
        return {name: float(found[word]) for name, word in theirs.items()}

    return lambda path: Run.from_file(str(path), kind="trec"), figures


PEERS = {
    "rerankkit": rerankkit_work,
    "ir_measures": ir_measures_work,
    "pytrec_eval": pytrec_eval_work,
    "ranx": ranx_work,
}
PACKAGES = {**{name: name for name in PEERS}, "pytrec_eval": "pytrec_eval-terrier"}


def make(folder: Path, queries: int, systems: int, judged: int, seed: int) -> None:
    """Writes `qrels.txt` and `run.1.txt`, …: later systems rank what is relevant higher."""
    chance = np.random.default_rng(seed)
    with (folder / "qrels.txt").open("w") as qrels, _Files(folder, systems) as runs:
        for query in range(1_000_000, 1_000_000 + 7 * queries, 7):
            docids = chance.choice(DOCUMENTS, DEPTH + judged, replace=False)
            grades = np.zeros(len(docids), int)
            places = chance.permutation(len(docids) - 1)[:judged]  # most are found, some lie below
            grades[places] = chance.integers(judged > 1, 4, judged) if judged > 1 else 1
            grade = grades[:DEPTH]
            qrels.writelines(f"{query} 0 {docids[place]} {grades[place]}\n" for place in sorted(places))
            for number, run in enumerate(runs.files):
                scores = chance.normal(size=DEPTH) + (1 + 0.5 * number) * grade
                order = np.argsort(-scores)
                pairs = zip(docids[order].tolist(), scores[order].tolist(), strict=True)
                run.writelines(f"{query} Q0 {docid} {i} {score:.9g} s\n" for i, (docid, score) in enumerate(pairs, 1))


class _Files:
    """The run files, open together."""

    def __init__(self, folder: Path, systems: int) -> None:
        self.files = [(folder / f"run.{number}.txt").open("w") for number in range(1, systems + 1)]

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, *_: object) -> None:
        for file in self.files:
            file.close()


def evaluate_here(name: str, folder: Path) -> dict[str, Any]:
    """One peer's figures in this process, and [wall, processor, peak] of reading and of all."""
    read, evaluate = PEERS[name]()
    run, reading = timed(read, folder / "run.1.txt")
    values, evaluating = timed(evaluate, run, folder / "qrels.txt")
    both = [one + other for one, other in zip(reading, evaluating, strict=True)]
    return {"values": dict(values), "read": reading, "all": [*both, peak()]}


def compare_here(folder: Path) -> dict[str, Any]:
    """[wall, processor, peak] of comparing all runs with the first, with every figure that `compare` prints."""
    from rerankkit.evaluate.comparison import compare_runs
    from rerankkit.evaluate.comparison_text import as_text
    from rerankkit.trec import read_qrels, read_run

    def compare() -> str:
        paths = sorted(folder.glob("run.*.txt"))
        return as_text(compare_runs(((path.name, read_run(path)) for path in paths), read_qrels(folder / "qrels.txt")))

    text, seconds = timed(compare)
    return {"text": text, "all": [*seconds, peak()]}


def apart(name: str, folder: Path) -> dict[str, Any]:
    """What a peer's process found."""
    command = [sys.executable, __file__, "--one", name, "--folder", f"{folder}"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{name} failed:\n{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def table(figures: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    """Prints medians: seconds by both clocks, megabytes, and what they are of rerankkit's."""
    medians = {
        name: [statistics.median(one["all"][i] for one in found) for i in range(3)] for name, found in figures.items()
    }
    ours = medians["rerankkit"]
    print(
        f"{'':12}{'wall':>9}{'processor':>11}{'times ours':>12}{'peak':>10}{'times ours':>12}{'figures differ by':>19}"
    )
    for name, (wall, spent, memory) in medians.items():
        differ = max(abs(figures[name][0]["values"][m] - figures["rerankkit"][0]["values"][m]) for m in MEASURES)
        ratios = f"{spent / ours[1]:12.2f}{memory:7.0f} MB{memory / ours[2]:12.2f}"
        print(f"{name:12}{wall:7.1f} s{spent:9.1f} s{ratios}{differ:19.1e}")


def main() -> None:
    """Prints the table of evaluating, the time of comparing, and versions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=6980, help="Of the runs, 1,000 hits each.  [default: 6980]")
    parser.add_argument("--systems", type=int, default=5, help="That are compared.  [default: 5]")
    parser.add_argument("--judged", type=int, default=1, help="Documents a query.  [default: 1]")
    parser.add_argument("--repeats", type=int, default=3, help="Rounds, by turns.  [default: 3]")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), help="Beside rerankkit.  [all]")
    parser.add_argument("--seed", type=int, default=0, help="Of the runs.  [default: 0]")
    parser.add_argument("--made", type=Path, help="A folder of runs made before; an empty one is filled and kept.")
    parser.add_argument("--one", choices=[*PEERS, "compare"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(
            json.dumps(compare_here(given.folder) if given.one == "compare" else evaluate_here(given.one, given.folder))
        )
        return
    names = [name for name in PEERS if name == "rerankkit" or (name in given.peers and find_spec(name))]
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.made or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "qrels.txt").exists():
            make(folder, given.queries, given.systems, given.judged, given.seed)
        figures: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        for _ in range(max(1, given.repeats)):
            for name in names:
                figures[name].append(apart(name, folder))
        print(f"{', '.join(MEASURES)} of one run; medians of {len(figures['rerankkit'])} rounds by turns\n")
        table(figures)
        if given.systems > 1:
            compared = [apart("compare", folder)["all"] for _ in range(max(1, given.repeats))]
            wall, spent, memory = (statistics.median(one[i] for one in compared) for i in range(3))
            print(f"\ncompare, {given.systems} runs: {wall:.1f} s, of processor {spent:.1f} s, peak {memory:.0f} MB")
    packages = ", ".join(f"{name} {version(PACKAGES[name])}" for name in names)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"\n{packages}; Python {platform.python_version()}, {os.cpu_count()} cores{load}")


if __name__ == "__main__":
    main()
