"""How fast a student reranks on each backend, beside `sentence_transformers.CrossEncoder.predict` with its defaults.

The weights are the same for all, all-MiniLM-L6 with a score head unless --model says otherwise; the texts have MS
MARCO's lengths (mean about 75 tokens, tail to 256), a hundred candidates a query. Every way is a process of its own;
they work by turns. Told are pairs a second, the ratio to the yardstick, agreement with it, the share of the machine's
measured peak, seconds to load, memory; then one query with 100 candidates (p50, p95); then the cold start of `rerankkit
rerank` beside a script that does the same with sentence-transformers. `--many` streams more pairs: does memory stay?

    python scripts/bench/rerank.py --pairs 3000 --threads 1
    python scripts/bench/rerank.py --model STUDENT --lists run.txt topics.tsv docs.jsonl --ways "openvino int8"
    python scripts/bench/rerank.py --pairs 3000 --threads 2 --latency 30 --cold 3 --many 10000 100000
"""

import argparse
import datetime
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rerank_cold import cold
from store import PER_QUERY, student, write_lists

WAYS = (
    "yardstick",
    *("torch float32", "torch bfloat16", "onnx float32", "onnx int8"),
    *("openvino float32", "openvino bfloat16", "openvino int8"),
)


class Worker:
    """A way's process."""

    def __init__(self, way: str, model: str, folder: Path, threads: int) -> None:
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(names, str(threads)), "TOKENIZERS_PARALLELISM": "false"}
        environment["RERANKKIT_QUIET"] = environment["HF_HUB_OFFLINE"] = "1"
        command = [sys.executable, str(Path(__file__).with_name("rerank_worker.py")), way, model, str(folder)]
        self.errors = (folder / f"{way}.log").open("w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=environment
        )
        self.way, self.peak = way, 0.0
        self.load = self.hear()["load"]
        self.memory = self.peak
        self.speeds: list[float] = []
        self.scores: list[list[float]] = []
        self.each: list[float] = []

    def hear(self) -> dict[str, Any]:
        """The next answer; ends the script where there is none."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            sys.exit(f"{self.way} failed:\n{self.errors.read()[-2000:]}")
        told = json.loads(line)
        self.peak = told["peak"]
        return told

    def ask(self, *words: object) -> dict[str, Any]:
        """What the process answers."""
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.hear()

    def stop(self) -> None:
        """Ends the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.errors.close()


def prepare(model: str, folder: Path, ways: list[str]) -> None:
    """Exports the student for each backend and dtype; gated, but a refusal does not end the benchmark."""
    from rerank_worker import lists

    from rerankkit.rerank.exporting import Wanted, export
    from rerankkit.rerank.parity import LEAST_TAU
    from rerankkit.rerank.probe import halves

    calibration, probe = halves(lists(folder)[:20])
    for way in ways:
        backend, _, dtype = way.partition(" ")
        if backend in ("onnx", "openvino"):
            wanted = Wanted(backend, dtype, probe, calibration, force=True)
            parity = export(model, "cross-encoder", wanted, folder / f"{backend}-{dtype}")
            if not parity.passes(dtype):
                print(f"{way}: the gate would refuse it (tau {parity.tau:.4f}, must be {LEAST_TAU[dtype]})")


def take_lists(folder: Path, given: list[Path], pairs: int) -> None:
    """The first lists of a run, as many as hold the pairs, with its topics and documents, in the folder."""
    run, topics, docs = given
    kept: dict[str, list[str]] = {}
    for line in run.read_text("utf-8").splitlines(keepends=True):
        qid = line.split()[0]
        if qid not in kept and sum(map(len, kept.values())) >= pairs:
            break
        kept.setdefault(qid, []).append(line)
    (folder / "run.txt").write_text("".join(line for lines in kept.values() for line in lines), "utf-8")
    for name, path in (("topics.tsv", topics), ("docs.jsonl", docs)):
        shutil.copy(path, folder / name)


def work(tokens: list[int], spared: bool) -> float:
    """The GFLOP of MiniLM-L6 (six layers of 384) on pairs of so many tokens; spared: the last layer's first token."""
    size, total = 384, 0.0
    for count in tokens:
        layer = 2 * 12 * size * size * count + 4 * size * count * count
        last = 2 * (2 * count + 10) * size * size + 4 * size * count if spared else layer
        total += 5 * layer + last
    return total / 1e9


def peaks(threads: int) -> dict[str, float]:
    """The machine's measured GFLOP/s of a large product in each dtype."""
    import torch

    torch.set_num_threads(threads)
    found = {}
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16), ("int8", torch.int8)):
        one, other = (torch.ones(2048, 1536).to(dtype), torch.ones(1536, 1536).to(dtype))
        product = torch._int_mm if name == "int8" else torch.mm
        product(one, other)
        seconds = []
        for _ in range(7):
            started = time.perf_counter()
            product(one, other)
            seconds.append(time.perf_counter() - started)
        found[name] = 2 * 2048 * 1536 * 1536 / min(seconds) / 1e9
    return found


def tau(workers: dict[str, Worker], way: str) -> str:
    """The mean and the least Kendall tau of a way's lists with the yardstick's."""
    from scipy.stats import kendalltau

    if "yardstick" not in workers:
        return ""
    both = zip(workers["yardstick"].scores, workers[way].scores, strict=True)
    taus = [kendalltau(one, other).statistic for one, other in both]
    return f"{statistics.mean(taus):.4f} ({min(taus):.3f})"


def throughput(workers: dict[str, Worker], count: int, turns: int, tokens: list[int], threads: int) -> None:
    """Prints the table of pairs a second."""
    step = max(1, math.ceil(count / turns))
    for first in range(0, count, step):
        for worker in workers.values():
            told = worker.ask("chunk", first, min(first + step, count))
            pairs = sum(map(len, told["scores"]))
            worker.speeds.append(pairs / told["seconds"])
            worker.scores += told["scores"]
            worker.memory = worker.peak
    most = peaks(threads)
    print(f"\nMeasured peak, {threads} threads: " + ", ".join(f"{k} {v:.0f} GFLOP/s" for k, v in most.items()))
    print("\n| way | pairs/s | least-most | x yardstick | tau (least) | of peak | load s | peak MB | of yardstick's |")
    print("|---|---|---|---|---|---|---|---|---|")
    base = workers.get("yardstick")
    for way, worker in workers.items():
        speed = statistics.median(worker.speeds)
        dtype = way.split(" ")[-1].replace("yardstick", "float32")
        share = speed * work(tokens, way != "yardstick") / len(tokens) / most[dtype]
        ratios = [a / b for a, b in zip(worker.speeds, base.speeds, strict=True)] if base else [math.nan]
        print(
            f"| {way} | {speed:.1f} | {min(worker.speeds):.1f}-{max(worker.speeds):.1f} | "
            f"{statistics.median(ratios):.2f} | {tau(workers, way)} | {share:.0%} | {worker.load:.2f} | "
            f"{worker.memory:.0f} | {worker.memory / base.memory if base else math.nan:.0%} |"
        )


def latency(workers: dict[str, Worker], queries: int) -> None:
    """Prints p50 and p95 of one query with its candidates."""
    for place in range(queries):
        for worker in workers.values():
            worker.each += worker.ask("list", place, place + 1)["each"]
    print(f"\n| one query, {PER_QUERY} candidates | p50 ms | p95 ms | x yardstick p50 | p95 |\n|---|---|---|---|---|")
    base = percentiles(workers["yardstick"].each) if "yardstick" in workers else (math.nan, math.nan)
    for way, worker in workers.items():
        half, most = percentiles(worker.each)
        print(f"| {way} | {1e3 * half:.0f} | {1e3 * most:.0f} | {base[0] / half:.2f} | {base[1] / most:.2f} |")


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """The median, and what 95 of 100 stay below."""
    ranked = sorted(seconds)
    return statistics.median(ranked), ranked[min(len(ranked) - 1, math.ceil(0.95 * len(ranked)) - 1)]


def main() -> None:
    """Prints the tables, and the versions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3000, help="Pairs that are scored.  [default: 3000]")
    parser.add_argument("--turns", type=int, default=5, help="Turns that they are cut into.  [default: 5]")
    parser.add_argument("--threads", type=int, default=1, help="Threads of each way.  [default: 1]")
    parser.add_argument("--latency", type=int, default=0, help="Queries of the latency table.  [default: none]")
    parser.add_argument("--cold", type=int, default=0, help="Turns of the cold start.  [default: none]")
    parser.add_argument("--many", type=int, nargs="*", default=[], help="Pairs streamed, to see the memory.")
    parser.add_argument("--ways", nargs="+", choices=WAYS[1:], default=list(WAYS[1:]), help="Beside the yardstick.")
    parser.add_argument("--model", type=Path, help="A trained student, instead of a fresh head.")
    parser.add_argument(
        "--lists", type=Path, nargs=3, metavar=("RUN", "TOPICS", "DOCS"), help="Instead of drawn words."
    )
    parser.add_argument("--folder", type=Path, help="Where the exports are kept for another run.  [default: nowhere]")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run(args, args.folder or Path(name))
    packages = ("rerankkit", "sentence-transformers", "torch", "transformers", "openvino", "nncf", "onnxruntime")
    print(
        f"\n{datetime.date.today()}; {', '.join(map(version_of, packages))}; Python {platform.python_version()}; ",
        end="",
    )
    print(f"{cpu()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


def run(args: argparse.Namespace, folder: Path) -> None:
    """Prepares what is not there, and measures."""
    from rerank_worker import lists

    from rerankkit.rerank.cross_encoder import load as load_torch
    from rerankkit.rerank.scoring import Scoring

    folder.mkdir(parents=True, exist_ok=True)
    if args.lists:
        take_lists(folder, args.lists, args.pairs)
    else:
        write_lists(folder, args.pairs)
    model = str(args.model or student(folder))
    ways = ["yardstick", *args.ways]
    prepare(model, folder, [way for way in ways if not (folder / way.replace(" ", "-")).is_dir()])
    groups = lists(folder)
    encoder = load_torch(model, Scoring("cpu", "float32")).encoder
    pairs = [encoder.encode(one.query, [each.document for each in one.candidates]) for one in groups]
    tokens = [len(pair.ids) for of_query in pairs for pair in of_query]
    told = f"{len(tokens)} pairs of {statistics.mean(tokens):.0f} tokens, the longest {max(tokens)}"
    print(f"{told}; {args.threads} threads")
    workers = {way: Worker(way, model, folder, args.threads) for way in ways}
    throughput(workers, len(groups), args.turns, tokens, args.threads)
    if args.latency:
        latency(workers, min(args.latency, len(groups)))
    for count in args.many:
        for way, worker in workers.items():
            if way != "yardstick":
                told = worker.ask("many", 0, count)
                print(f"{way}: {told['pairs']} pairs streamed, peak {worker.peak:.0f} MB")
    for worker in workers.values():
        worker.stop()
    if args.cold:
        cold(model, folder, ways, args.cold, args.threads)


def version_of(package: str) -> str:
    """The package with its version."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"no {package}"


def cpu() -> str:
    """The processor's name."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
