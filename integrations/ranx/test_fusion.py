"""`rerankkit fuse` against ranx's fusion: the same documents, scores within 1e-6."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from rerankkit.cli import main
from rerankkit.trec import read_run

pytest.importorskip("ranx", reason="ranx is not installed")

NORMS = {"min-max": "min-max", "max": "max", "sum": "sum", "z": "zmuv", "rank": "rank", "borda": "borda", "none": None}
"""Our names and ranx's."""
CASES = {
    "rrf": (["--method", "rrf"], ("rrf", None, {"k": 60})),
    "rrf-k": (["--method", "rrf", "--k", "10"], ("rrf", None, {"k": 10})),
    **{f"sum-{ours}": (["--method", "combsum", "--norm", ours], ("sum", theirs, {})) for ours, theirs in NORMS.items()},
    **{
        f"mnz-{ours}": (["--method", "combmnz", "--norm", ours], ("mnz", theirs, {}))
        for ours, theirs in NORMS.items()
        if ours != "borda"  # there ranx counts every run for every document
    },
    "weights": (["--method", "combsum", "--weights", "3,1,0.5"], ("wsum", "min-max", {"weights": [3.0, 1.0, 0.5]})),
}
RANX = """
import json, sys
import ranx
runs = [ranx.Run.from_file(path, kind="trec") for path in sys.argv[2:]]
out = {}
for name, (method, norm, params) in json.loads(sys.argv[1]).items():
    out[name] = ranx.fuse(runs=runs, method=method, norm=norm, params=params or None).to_dict()
print(json.dumps(out))
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[Path]:
    """Three runs of forty queries that overlap in part; scores of different scales that float32 holds as they are."""
    draw, folder = random.Random(3), tmp_path_factory.mktemp("runs")
    paths = []
    for name, scale, least in (("bm25", 12, 3), ("dense", 1, 0.5), ("bert", 90, 0.25)):
        lines = []
        for qid in range(40):
            docids = draw.sample(range(60), draw.randint(1 if qid else 40, 50))
            scores = sorted(draw.sample(range(int(64 * least), int(64 * (least + scale))), len(docids)), reverse=True)
            lines += [
                f"q{qid} Q0 d{docid} {rank} {score / 64} {name}\n"
                for rank, (docid, score) in enumerate(zip(docids, scores, strict=True), 1)
            ]
        paths.append(folder / f"{name}.txt")
        paths[-1].write_text("".join(lines))
    return paths


@pytest.fixture(scope="module")
def theirs(runs) -> dict[str, dict[str, dict[str, float]]]:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}  # compiling takes half a minute and changes no result
    cases = json.dumps({name: case for name, (_, case) in CASES.items()})
    command = [sys.executable, "-W", "ignore", "-c", RANX, cases, *map(str, runs)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", CASES)
def test_scores_are_those_of_ranx(name, runs, theirs, tmp_path):
    arguments, _ = CASES[name]
    main.main(["fuse", *map(str, runs), *arguments, "--output", f"{tmp_path / 'out.txt'}"], standalone_mode=False)
    ours = read_run(tmp_path / "out.txt")
    assert set(ours) == set(theirs[name])
    for qid, expected in theirs[name].items():
        found = dict(ours[qid])
        if name.endswith(("min-max", "sum-sum", "mnz-sum", "weights", "z")) and qid in single(runs):
            continue  # a list of one document: ranx calls it 0, Pyserini and we call the only one the best
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6), qid


def single(runs: list[Path]) -> set[str]:
    """The queries of which a run has one document only."""
    read = [read_run(path) for path in runs]
    return {qid for run in read for qid in run if len(run.scores(qid)) == 1}
