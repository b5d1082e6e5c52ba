"""Kills commands at random moments and sees that nothing is torn: `driver.py --kills 20 --seed 0 [--only rerank]`.

Each command runs twice without a kill, for what it writes and how long that takes. Then it is started and killed
(SIGKILL, the process alone) so many times, at moments drawn between its start and its end. After each kill the output
must be the former one, the new one, or absent; after the command has run again it must be the new one, with nothing
beside it. Prints a JSON summary; exit code 1 where anything was wrong.
"""

import argparse
import gzip
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from conftest import bert_config, save, wordpiece, write_toy  # noqa: E402

TEXTS = ("--topics", "topics.tsv", "--collection", "docs.jsonl")
TRAINING = (*TEXTS, "--model", "start", "--max-steps", "12", "--save-steps", "4", "--max-length", "64", "--output")
UNLIKE = ("meta.json", "write.lock")
"""Files of an output that tell of the run itself, or are locks."""

TIMES = re.compile(rb'"train_(runtime|[a-z]+_per_second)"')

State = dict[str, bytes]
"""File's name in an output -> what must be the same in each run; a file is its own only name."""


@dataclass(frozen=True)
class Job:
    """A command, its output, and the words that make a former output which differs."""

    words: tuple[str, ...]
    output: str
    former: tuple[str, ...] = ()

    def command(self, words: tuple[str, ...] | None = None) -> list[str]:
        """The command line in a process of its own."""
        return [sys.executable, "-m", "rerankkit", "-q", *(self.words if words is None else words)]


JOBS = {
    "index": Job(
        ("index", "--input", "docs.jsonl", "--index", "made/index"),
        "made/index",
        ("index", "--input", "other.jsonl", "--index", "made/index"),
    ),
    "retrieve": Job(
        ("retrieve", "--index", "index", "--topics", "words.tsv", "--output", "made/bm25.txt"),
        "made/bm25.txt",
        ("retrieve", "--index", "index", "--topics", "words.tsv", "--hits", "1", "--output", "made/bm25.txt"),
    ),
    "rerank": Job(
        ("rerank", "--model", "./reranker", "--run", "run.txt", *TEXTS, "--tag", "t", "--output", "made/out.txt.gz"),
        "made/out.txt.gz",
        ("rerank", "--model", "bm25", "--run", "run.txt", *TEXTS, "--tag", "old", "--output", "made/out.txt.gz"),
    ),
    "sft": Job(
        ("sft", "--run", "run.txt", "--qrels", "qrels.txt", *TRAINING, "made/model"),
        "made/model",
        ("sft", "--run", "run.txt", "--qrels", "qrels.txt", *TRAINING, "made/model", "--seed", "7"),
    ),
    "distill": Job(
        ("distill", "--run", "teacher.txt", *TRAINING, "made/model"),
        "made/model",
        ("distill", "--run", "teacher.txt", *TRAINING, "made/model", "--seed", "7"),
    ),
    "export": Job(
        ("export", "--model", "./reranker", "--format", "merged", "--output", "made/export"),
        "made/export",
        ("export", "--model", "./trained", "--format", "merged", "--output", "made/export"),
    ),
    "compare": Job(
        ("compare", "run.txt", "teacher.txt", "--qrels", "qrels.txt", "--report", "made/report.html"),
        "made/report.html",
        ("compare", "run.txt", "run.txt.gz", "--qrels", "qrels.txt", "--report", "made/report.html"),
    ),
    "submit": Job(
        ("submit", "run.txt", "--track", "generic", "--output", "made/submission"),
        "made/submission",
        ("submit", "teacher.txt", "--track", "generic", "--output", "made/submission"),
    ),
}


@dataclass
class Outcome:
    """What came of a command's kills."""

    seconds: float = 0.0
    kills: int = 0
    too_late: int = 0
    """The command had ended before."""
    states: dict[str, int] = field(default_factory=lambda: {"former": 0, "new": 0, "absent": 0})
    bad: list[str] = field(default_factory=list)


def prepare(place: Path) -> None:
    """Writes inputs, models and an index."""
    write_toy(place)
    (place / "run.txt.gz").write_bytes(gzip.compress((place / "run.txt").read_bytes()))
    (place / "words.tsv").write_text("w1\tgrey cat\nw2\tgrey stone river\n")
    (place / "other.jsonl").write_text('{"id": "cat", "contents": "grey cat"}\n')
    save(place / "start", "BertModel", bert_config(), wordpiece())
    for seed, name in enumerate(("reranker", "trained")):
        config = bert_config(num_labels=1, initializer_range=0.1 + seed)
        save(place / name, "BertForSequenceClassification", config, wordpiece())
    run(JOBS["index"].command(("index", "--input", "docs.jsonl", "--index", "index")), place)


def run(command: list[str], place: Path) -> None:
    """Runs a command to its end; RuntimeError where it fails."""
    result = subprocess.run(command, cwd=place, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)}: {result.stderr[-2000:]}")


def state(place: Path, job: Job) -> State | None:
    """What an output holds; None where there is none, or a broken one."""
    output = place / job.output
    if not output.exists():
        return None
    if job.words[0] == "index":  # Lucene names its parts anew each time
        words = ("retrieve", "--index", job.output, "--topics", "words.tsv", "--output", "hits.txt")
        run(job.command(words), place)
        return {"hits": (place / "hits.txt").read_bytes()}
    if output.is_file():
        return {output.name: gzip.decompress(output.read_bytes()) if output.suffix == ".gz" else output.read_bytes()}
    files = (path for path in output.rglob("*") if path.is_file() and path.name not in UNLIKE)
    return {str(path.relative_to(output)): _content(path) for path in files}


def _content(path: Path) -> bytes:
    """What a file holds, but for the seconds that a training's note tells."""
    lines = path.read_bytes().splitlines(keepends=True)
    return b"".join(line for line in lines if path.name != "rerankkit.json" or not TIMES.search(line))


def litter(place: Path, job: Job) -> list[str]:
    """What lies beside an output, but for its side file."""
    output = place / job.output
    own = (output.name, f"{output.name}.meta.json")
    return sorted(path.name for path in output.parent.iterdir() if path.name not in own)


def kill_at(command: list[str], place: Path, delay: float) -> bool:
    """Starts a command and kills it after the delay; whether it was still running."""
    process = subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def try_command(name: str, place: Path, kills: int, draw: Callable[[], float]) -> Outcome:
    """Kills a command so many times, and lets it end after each."""
    job, outcome = JOBS[name], Outcome()
    former, _ = _made(job, place, job.former)
    kept = Path(shutil.copytree(place / "made", place / f"former-{name}"))
    wanted, _ = _made(job, place, job.words)
    again, outcome.seconds = _made(job, place, job.words)
    if again != wanted or wanted == former:
        outcome.bad.append("two runs without a kill differ, or the former output is the same")
        return outcome
    for number in range(kills):
        shutil.rmtree(place / "made")
        shutil.rmtree(place / "runs", ignore_errors=True)
        if number % 3:
            shutil.copytree(kept, place / "made")
        delay = draw() * outcome.seconds
        in_time = kill_at(job.command(), place, delay)
        outcome.kills += 1
        outcome.too_late += not in_time
        try:
            left = state(place, job)
            kind = "absent" if left is None else "new" if left == wanted else "former" if left == former else ""
            if not kind or (kind == "absent" and number % 3):
                outcome.bad.append(f"kill {number} after {delay:.2f} s: torn: {kind or sorted(left or ())}")
            else:
                outcome.states[kind] += 1
            run(job.command(), place)
            if state(place, job) != wanted:
                outcome.bad.append(f"kill {number} after {delay:.2f} s: the rerun differs")
            if left_over := litter(place, job):
                outcome.bad.append(f"kill {number} after {delay:.2f} s: litter: {left_over}")
        except RuntimeError as error:
            outcome.bad.append(f"kill {number} after {delay:.2f} s: {error}")
    return outcome


def _made(job: Job, place: Path, words: tuple[str, ...]) -> tuple[State | None, float]:
    """What a command writes where nothing was, and its seconds."""
    shutil.rmtree(place / "made", ignore_errors=True)
    shutil.rmtree(place / "runs", ignore_errors=True)
    started = time.monotonic()
    run(job.command(words), place)
    seconds = round(time.monotonic() - started, 2)
    return state(place, job), seconds


def main() -> int:
    """Runs the driver."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="of each command")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", choices=list(JOBS), default=list(JOBS))
    given = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        prepare(place)
        for name in given.only:
            drawn = random.Random(f"{given.seed} {name}")
            found[name] = asdict(try_command(name, place, given.kills, lambda drawn=drawn: drawn.uniform(0, 1.05)))
            print(name, json.dumps(found[name]), file=sys.stderr, flush=True)
    print(json.dumps(found, indent=1))
    return int(any(one["bad"] for one in found.values()))


if __name__ == "__main__":
    sys.exit(main())
