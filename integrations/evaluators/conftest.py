"""Runs that evaluators read: generated ones with ties, unjudged documents and missing queries, and public ones."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

DL19 = Path(__file__).resolve().parents[3] / "shared" / "data" / "dl19"
"""TREC's Deep Learning track 2019, with public runs of it."""
PUBLIC = [path.name for path in sorted(DL19.glob("run.*.txt"))] or ["public runs"]
MADE = ["plain", "ties", "short", "missing", "negative"]


def made(folder: Path, kind: str, seed: int = 0) -> tuple[Path, Path]:
    """A run and qrels; qids look like numbers, among them 007 and 7, and lines stand in any order."""
    draw = random.Random(f"{kind} {seed}")
    qids = ["7", "007", *(str(1000 + 13 * number) for number in range(60))]
    run, qrels = [], []
    for number, qid in enumerate(qids):
        same = random.Random(f"{kind} {qid}")  # the candidates and grades, whatever the seed
        docids = same.sample(range(10_000), 150)
        judged = [*same.sample(docids[1:], 40), *range(20_000, 20_010)]
        grades = {docids[0]: 1} | {docid: same.randint(-2 if kind == "negative" else 0, 3) for docid in judged}
        qrels += [f"{qid} 0 D{docid} {grade}\n" for docid, grade in grades.items()]
        if kind == "missing" and number % 4 == 0:
            continue
        for rank, docid in enumerate(docids[: draw.randint(1, 12) if kind == "short" else None], 1):
            score = draw.randint(0, 20) / 8 if kind == "ties" else draw.random() + 0.05 * max(grades.get(docid, 0), 0)
            run.append(f"{qid} Q0 D{docid} {rank} {score} made\n")
    draw.shuffle(run)
    paths = folder / f"{kind}.{seed}.txt", folder / f"{kind}.qrels.txt"
    for path, lines in zip(paths, (run, qrels), strict=True):
        path.write_text("".join(lines))
    return paths


@pytest.fixture
def make(tmp_path) -> Callable[[str, int], tuple[Path, Path]]:
    """`made`, in a folder of the test's own."""
    return lambda kind, seed: made(tmp_path, kind, seed)


@pytest.fixture
def dl19() -> Path:
    """The folder of TREC's Deep Learning track 2019."""
    if not DL19.is_dir():
        pytest.skip(f"the development collection {DL19} is absent")
    return DL19


@pytest.fixture(params=[*MADE, *PUBLIC])
def run_and_qrels(request, make) -> tuple[Path, Path]:
    """A run file and its qrels file."""
    if request.param in MADE:
        return make(request.param, 0)
    folder = request.getfixturevalue("dl19")
    return folder / request.param, folder / "qrels.txt"
