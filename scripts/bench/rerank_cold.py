"""From nothing to a run of one query with 100 candidates: `rerankkit rerank`, and a script of sentence-transformers."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from store import PER_QUERY

COLD = """
import json, sys
from sentence_transformers import CrossEncoder
model, folder, output = sys.argv[1:]
docs = {one["id"]: one["contents"] for one in map(json.loads, open(f"{folder}/docs.jsonl"))}
topics = dict(line.rstrip("\\n").split("\\t") for line in open(f"{folder}/topics.tsv"))
run = {}
for line in open(f"{folder}/cold.txt"):
    qid, _, docid, *_ = line.split()
    run.setdefault(qid, []).append(docid)
encoder = CrossEncoder(model, device="cpu")
with open(output, "w") as out:
    for qid, docids in run.items():
        scores = encoder.predict([(topics[qid], docs[docid]) for docid in docids], show_progress_bar=False)
        ranked = sorted(zip(docids, scores.tolist()), key=lambda hit: -hit[1])
        for rank, (docid, score) in enumerate(ranked, 1):
            out.write(f"{qid} Q0 {docid} {rank} {score:.9g} yardstick\\n")
"""


def cold(model: str, folder: Path, ways: list[str], repeats: int, threads: int) -> None:
    """Prints the seconds from nothing to a run of one query with 100 candidates."""
    lines = (folder / "run.txt").read_text().splitlines()[:PER_QUERY]
    (folder / "cold.txt").write_text("\n".join(lines) + "\n")
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
    commands = {"yardstick": [sys.executable, "-c", COLD, model, str(folder), str(folder / "cold.yardstick.txt")]}
    files = ["--run", "cold.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl"]
    for way in ways[1:]:
        backend, dtype = way.split(" ")
        place = model if backend == "torch" else str(folder / way.replace(" ", "-"))
        told = ["--backend", backend, "--dtype", dtype, "--no-store", "--device", "cpu", "--output", f"cold.{way}.txt"]
        commands[way] = [sys.executable, "-m", "rerankkit", "-q", "rerank", "--model", place, *files, *told]
    spent: dict[str, list[float]] = {way: [] for way in commands}
    for _ in range(repeats):
        for way, command in commands.items():
            started = time.perf_counter()
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
            spent[way].append(time.perf_counter() - started)
            if done.returncode:
                sys.exit(f"{way} failed:\n{done.stderr}")
    print("\n| cold start, 100 candidates | seconds | x yardstick |\n|---|---|---|")
    base = statistics.median(spent["yardstick"])
    for way, seconds in spent.items():
        print(f"| {way} | {statistics.median(seconds):.2f} | {base / statistics.median(seconds):.2f} |")
