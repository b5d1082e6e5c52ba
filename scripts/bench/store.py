"""What a score from the store costs beside one from the model, and whether kills lose or double any.

The student is all-MiniLM-L6 with a fresh score head, its texts are words of the standard library's docstrings at
MS MARCO's lengths (mean about 75 tokens, tail to 256). The model alone, the model with an empty store before it, and a
full store score the same pairs by turns. Then `rerankkit rerank` is killed by SIGKILL at random moments, resumed until
it is done, and its run compared byte by byte with an uninterrupted one.

    python scripts/bench/store.py --pairs 3000 --repeats 3 --kills 20
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import platform
import random
import re
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

KILLS = 20
PER_QUERY = 100
SMALL = "512"
"""Tokens of a batch in what is killed: few pairs then hold many batches to be killed in."""
PRELOAD = ["torch", "transformers", "transformers.models.bert.modeling_bert", "rerankkit.cli.rerank"]
"""What the killed processes have in common, imported once: each is forked from a process that holds it."""

RUN = """
import sys
sys.stdout = sys.stderr = open({log!r}, "w")
from rerankkit.cli import main
main({arguments!r})
"""


class Killed(NamedTuple):
    """How often a process was killed, the scores stored after each time, and what the last run found and computed."""

    kills: int
    stored: list[int]
    found: int
    computed: int


def kill_and_resume(arguments: list[str], store: Path, pairs: int, kills: int, seed: int = 0) -> Killed:
    """Runs `rerankkit rerank` in processes that are killed at random moments, then once to its end.

    Every fourth is killed while it starts, the others between the batches, within one, or while one is written.
    """
    chance, log = random.Random(seed), store.with_name("log.txt")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    run = RUN.format(log=str(log), arguments=["-q", "rerank", "--backend", "torch", *arguments, "--store", str(store)])
    stored: list[int] = []
    for number in range(1, kills + 1):
        process = context.Process(target=exec, args=(run, {}))
        process.start()
        if number % 4:
            wanted = count(store) + chance.randint(1, max(1, pairs // (2 * (kills + 1))))
            time.sleep(chance.uniform(0, wait_for(process, store, wanted)))
        else:
            time.sleep(chance.uniform(0, 1))
        process.kill()
        process.join()
        if process.exitcode != -signal.SIGKILL:
            break  # it was done, or failed: its log tells
        stored.append(count(store))
    process = context.Process(target=exec, args=(run, {}))
    process.start()
    process.join()
    told = re.search(r"([0-9,]+) scores came from .*, ([0-9,]+) were computed", log.read_text())
    if process.exitcode or told is None:
        sys.exit(f"the last run failed:\n{log.read_text()}")
    found, computed = (int(number.replace(",", "")) for number in told.groups())
    return Killed(len(stored), stored, found, computed)


def wait_for(process: Any, store: Path, wanted: int) -> float:
    """Until a store holds so many scores or its process ended; returns the seconds between its last two batches."""
    kept, last, pace = count(store), None, 0.0
    while kept < wanted and process.is_alive():
        time.sleep(0.002)
        before, kept = kept, count(store)
        if kept > before:
            now = time.monotonic()
            last, pace = now, now - last if last else 0.0
    return pace


def count(store: Path) -> int:
    """How many scores a store holds; 0 where it is not made yet."""
    if not store.is_file():
        return 0
    with closing(sqlite3.connect(store, timeout=60)) as db:
        try:
            return db.execute("SELECT count(*) FROM scores").fetchone()[0]
        except sqlite3.OperationalError:  # no table yet
            return 0


def write_lists(folder: Path, pairs: int) -> list[str]:
    """Topics, documents and a run of so many pairs in a folder; returns what tells a command of them."""
    import inspect

    modules = [__import__(name) for name in ("argparse", "collections", "functools", "json", "logging", "random")]
    told = " ".join(inspect.getdoc(value) or "" for module in modules for value in vars(module).values())
    words = sorted({word for word in re.findall(r"[a-z]+", told.lower()) if len(word) > 2})
    chance = random.Random(0)
    docs, topics, run = [], [], []
    for place in range(pairs):
        qid, docid = f"q{place // PER_QUERY}", f"d{place}"
        if place % PER_QUERY == 0:
            topics.append(f"{qid}\t{' '.join(chance.sample(words, chance.randint(3, 8)))}\n")
        length = min(220, max(8, round(chance.lognormvariate(3.75, 0.5))))
        docs.append(json.dumps({"id": docid, "contents": " ".join(chance.choices(words, k=length))}) + "\n")
        run.append(f"{qid} Q0 {docid} {place % PER_QUERY + 1} {PER_QUERY - place % PER_QUERY} words\n")
    for name, lines in (("docs.jsonl", docs), ("topics.tsv", topics), ("run.txt", run)):
        (folder / name).write_text("".join(lines), "utf-8")
    files = {"--run": "run.txt", "--topics": "topics.tsv", "--collection": "docs.jsonl"}
    return [word for option, name in files.items() for word in (option, str(folder / name))]


def student(folder: Path) -> Path:
    """all-MiniLM-L6 with a score head drawn by a seed, as a training starts from it."""
    from rerankkit.rerank.checkpoint import Note, quiet_transformers
    from rerankkit.rerank.pairs import Lengths
    from rerankkit.rerank.weights import base_model
    from rerankkit.train.weights import with_score_head

    start = with_score_head(base_model("minilm-l6", folder), 0)
    with quiet_transformers():
        start.model.save_pretrained(folder / "student")
    start.tokenizer.save_pretrained(folder / "student")
    Note("cross-encoder", Lengths(256)).write(folder / "student")
    return folder / "student"


def measure(model: Path, folder: Path, repeats: int) -> dict[str, list[float]]:
    """Pairs a second of model, model before an empty store, and full store, by turns after one turn not counted."""
    from rerankkit.collection.documents import load_documents
    from rerankkit.groups.build import groups_of
    from rerankkit.rerank.models import fingerprint, load_reranker
    from rerankkit.rerank.scorer import Scoring
    from rerankkit.rerank.store import Store
    from rerankkit.rerank.stored import Stored
    from rerankkit.trec import read_run, read_topics

    run, topics = read_run(folder / "run.txt"), read_topics(folder / "topics.tsv")
    groups = list(groups_of(run, topics, load_documents(folder / "docs.jsonl", None)))
    scorer: Any = load_reranker(str(model), Scoring())
    started = time.perf_counter()
    traits = {"weights": fingerprint(str(model), folder), **scorer.traits()}
    print(f"the model's fingerprint took {time.perf_counter() - started:.2f} s, once a process")

    def stored(path: Path) -> Iterator[Any]:
        with closing(Store(path)) as store:
            yield from Stored(scorer, store, store.identity("student", traits)).score(groups)

    full = folder / "full.sqlite"
    expected = list(stored(full))
    speeds: dict[str, list[float]] = {"model": [], "model, empty store": [], "full store": []}
    for turn in range(repeats):
        empty = folder / f"empty.{turn}.sqlite"
        ways: list[Callable[[], Iterator[Any]]] = [
            lambda: scorer.score(groups),
            lambda path=empty: stored(path),  # type: ignore[misc]
            lambda: stored(full),
        ]
        for name, way in zip(speeds, ways, strict=True):
            started = time.perf_counter()
            scores = list(way())
            speeds[name].append(sum(map(len, scores)) / (time.perf_counter() - started))
            if scores != expected:
                sys.exit(f"{name}: other scores than the first time")
    lengths = [len(pair.ids) for group in groups for pair in _pairs(scorer, group)]
    size = full.stat().st_size / len(lengths)
    print(f"{len(lengths)} pairs of {statistics.mean(lengths):.0f} tokens, the longest {max(lengths)}; ", end="")
    print(f"{size:.0f} bytes a score in the store")
    return speeds


def _pairs(scorer: Any, group: Any) -> Any:
    return scorer.encoder.encode(group.query, [candidate.document for candidate in group.candidates])


def show_kills(model: Path, folder: Path, pairs: int, kills: int) -> None:
    """Kills, resumes, compares, and ends the script with a message where anything was lost or doubled."""
    from rerankkit.cli import main

    lists = [*write_lists(folder, pairs), "--model", str(model), "--tag", "student"]
    lists += ["--backend", "torch", "--batch-tokens", SMALL]
    expected = ["--no-store", "--output", str(folder / "expected.txt")]
    with contextlib.redirect_stdout(sys.stderr):
        main(["-q", "rerank", "--backend", "torch", *lists, *expected], standalone_mode=False)
    store = folder / "killed.sqlite"
    told = kill_and_resume([*lists, "--output", str(folder / "out.txt")], store, pairs, kills)
    same = (folder / "out.txt").read_bytes() == (folder / "expected.txt").read_bytes()
    print(f"killed {told.kills} times, scores stored after each: {' '.join(map(str, told.stored))}")
    print(f"the last run found {told.found}, computed {told.computed}; stored at the end: {count(store)} of {pairs}")
    print(f"its run is {'the same, byte by byte' if same else 'ANOTHER ONE'}")
    if not same or count(store) != pairs or told.found + told.computed != pairs or [told.found] != told.stored[-1:]:
        sys.exit("a score was lost or doubled")


def main() -> None:
    """Prints medians, ranges, ratios to the model, the kills, and versions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3000, help="Pairs that are scored.  [default: 3000]")
    parser.add_argument("--repeats", type=int, default=3, help="Turns that are counted.  [default: 3]")
    parser.add_argument("--kills", type=int, default=KILLS, help=f"Times that rerank is killed.  [default: {KILLS}]")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_lists(folder, args.pairs)
        model = student(folder)
        speeds = measure(model, folder, args.repeats)
        medians = {way: statistics.median(of_way) for way, of_way in speeds.items()}
        print(f"{'pairs a second':24}{'median':>11}{'least':>11}{'most':>11}  times the model")
        for way, of_way in speeds.items():
            ratio = medians[way] / medians["model"]
            print(f"{way:24}{medians[way]:11,.0f}{min(of_way):11,.0f}{max(of_way):11,.0f}  {ratio:,.2f}")
        if args.kills:
            show_kills(model, folder, args.pairs, args.kills)
    packages = ", ".join(f"{name} {version(name)}" for name in ("rerankkit", "torch", "transformers"))
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{args.repeats} turns; {packages}; SQLite {sqlite3.sqlite_version}; ", end="")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores{load}")


if __name__ == "__main__":
    main()
