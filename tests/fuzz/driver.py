"""Feeds mutated files to every reader and command: `driver.py --inputs 20000 --seed 0 --keep FOLDER`.

Each input follows from the seed and its number. A worker process says what it begins and what came of it; the driver
ends a worker that takes over LIMIT seconds for one input, and goes on behind it. Prints a JSON summary; exit code 1
where an input caused a traceback, a hang or more than MEMORY.
"""

import argparse
import json
import os
import random
import select
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

LIMIT = 20
"""Seconds that one input may take."""
START = 180
"""Seconds that a worker may take to start, and to load its first model."""
MEMORY = 500 << 20
"""Bytes that one input may add to the process's memory at its peak."""
SUFFIXES = {"run": "run.txt", "qrels": "qrels.txt", "journal": "out.txt.journal", "store": "scores.sqlite"}


def memory(field: str) -> int:
    """Bytes of this process: VmHWM, its peak, or VmRSS."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) << 10
    raise LookupError(field)


def work(first: int, last: int, seed: int, only: str, keep: Path | None) -> None:
    """Runs inputs `first` to `last`; a line of JSON for each."""
    from mutations import mutated
    from targets import TARGETS, build_world, clear, place

    out = os.fdopen(os.dup(1), "w")  # what commands and their processes print must not mix with the reports
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as name:
        contents = build_world(Path(name))
        kinds = [kind for kind in TARGETS if only in kind]
        for number in range(first, last):
            draw = random.Random(f"{seed}-{number}")
            kind = kinds[number % len(kinds)]
            content = mutated(draw.choice(contents[kind]), draw)
            target = draw.choice(TARGETS[kind])
            clear()
            path = place(kind, SUFFIXES.get(kind, Path(kind).name), content)
            print(json.dumps({"begin": number, "kind": kind}), file=out, flush=True)
            found = _outcome(target, path)
            if found["outcome"] != "ok" and keep is not None:
                kept = keep / f"{number}.{kind.replace('/', '_')}"
                kept.write_bytes(content)
                kept.with_name(f"{kept.name}.txt").write_text(found["detail"])
            print(json.dumps({"end": number, "kind": kind, **found}), file=out, flush=True)
        clear()


def seeds_taken() -> dict[str, list[list[int]]]:
    """Kind -> what came of each valid content: the exit codes of its targets."""
    from targets import TARGETS, build_world, clear, place

    found: dict[str, list[list[int]]] = {}
    with tempfile.TemporaryDirectory() as name:
        contents = build_world(Path(name))
        for kind, targets in TARGETS.items():
            for content in contents[kind]:
                found.setdefault(kind, []).append([])
                for target in targets:
                    clear()
                    path = place(kind, SUFFIXES.get(kind, Path(kind).name), content)
                    found[kind][-1].append(target(path))
        clear()
    return found


def _outcome(target: object, path: Path) -> dict[str, str]:
    """What came of an input: ok, traceback or memory, with the detail."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = memory("VmRSS")
    try:
        target(path)  # type: ignore[operator]
    except Exception:
        return {"outcome": "traceback", "detail": traceback.format_exc()}
    added = memory("VmHWM") - before
    if added > MEMORY:
        return {"outcome": "memory", "detail": f"{added >> 20} MB"}
    return {"outcome": "ok", "detail": ""}


def drive(arguments: argparse.Namespace) -> dict[str, object]:
    """Runs all inputs in one worker after the other; the summary."""
    outcomes: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    bad, first, slowest = [], arguments.first, 0.0
    end = arguments.first + arguments.inputs
    stop = time.monotonic() + arguments.seconds
    while first < end and time.monotonic() < stop:
        worker = _start(first, end, arguments)
        at, kind, begun, loading = first, "", time.monotonic(), True
        assert worker.stdout is not None
        while first < end and time.monotonic() < stop:
            ready, _, _ = select.select([worker.stdout], [], [], START if loading else LIMIT)
            line = worker.stdout.readline() if ready else ""
            if not line:
                if loading and not kind:
                    raise SystemExit(f"the worker does not start: exit code {worker.wait()}")
                outcome = "crash" if ready else "hang"
                bad.append({"number": at, "kind": kind, "outcome": outcome, "detail": f"exit code {worker.poll()}"})
                outcomes[outcome] += 1
                first = at + 1
                break
            told = json.loads(line)
            if "begin" in told:
                at, kind, begun = told["begin"], told["kind"], time.monotonic()
                continue
            loading = False
            first, slowest = told["end"] + 1, max(slowest, time.monotonic() - begun)
            outcomes[told["outcome"]] += 1
            kinds[told["kind"]] += 1
            if told["outcome"] != "ok":
                last = told["detail"].strip().splitlines()
                bad.append({"number": told["end"], **told, "detail": last[-1] if last else ""})
        worker.kill()
        worker.wait()
    return {"inputs": sum(outcomes.values()), "outcomes": outcomes, "slowest": slowest, "kinds": kinds, "bad": bad}


def _start(first: int, end: int, arguments: argparse.Namespace) -> subprocess.Popen[str]:
    words = ["--worker", "--first", str(first), "--inputs", str(end - first), "--seed", str(arguments.seed)]
    if arguments.keep:
        words += ["--keep", str(arguments.keep.absolute())]
    command = [sys.executable, __file__, *words, "--only", arguments.only]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)


def main() -> None:
    """Parses and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    parser.add_argument("--keep", type=Path, help="folder for the inputs that failed")
    parser.add_argument("--seeds", action="store_true", help="show what comes of the contents before mutation")
    parser.add_argument("--worker", action="store_true")
    arguments = parser.parse_args()
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    if arguments.worker:
        end = arguments.first + arguments.inputs
        work(arguments.first, end, arguments.seed, arguments.only, arguments.keep)
        return
    if arguments.seeds:
        print(json.dumps(seeds_taken()))
        return
    summary = drive(arguments)
    print(json.dumps(summary, indent=1))
    sys.exit(bool(summary["bad"]))


if __name__ == "__main__":
    main()
