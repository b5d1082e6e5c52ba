"""`rerankkit fuse` against Pyserini's fusion: the same documents, scores within 1e-6."""

import random
from pathlib import Path

import pytest

from rerankkit.cli import main
from rerankkit.trec import read_run, write_run

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "dl19"
ARGUMENTS = {
    "rrf": ["--method", "rrf", "--k", "60"],
    "interpolation": ["--method", "interpolation", "--alpha", "0.3"],
    "normalize": ["--method", "combsum", "--norm", "min-max"],
}


def written(folder: Path, name: str, seed: int) -> Path:
    """A run of twenty queries; the last query's documents all have one score."""
    draw, lines = random.Random(seed), []
    for qid in range(20):
        docids = draw.sample(range(80), draw.randint(1, 60) if qid < 19 else 4)
        scores = sorted((20 * draw.random() if qid < 19 else 5.0 for _ in docids), reverse=True)
        docids = docids if qid < 19 else sorted(docids, key=str, reverse=True)
        ranked = enumerate(zip(docids, scores, strict=True), 1)
        lines += [f"{qid} Q0 d{docid} {rank} {score:.6f} {name}\n" for rank, (docid, score) in ranked]
    (folder / name).write_text("".join(lines))
    return folder / name


def as_evaluated(path: Path, folder: Path) -> Path:
    """The run with scores of float32, and with ranks that follow from them: Pyserini goes by what the file says."""
    copy = folder / f"float32.{path.name}"
    write_run(read_run(path), copy)
    return copy


def pyserini(method: str, paths: list[Path]) -> dict[str, dict[str, float]]:
    from pyserini import fusion
    from pyserini.trectools import TrecRun

    runs = [TrecRun(str(path)) for path in paths]
    fused = {
        "rrf": lambda: fusion.reciprocal_rank_fusion(runs, rrf_k=60),
        "interpolation": lambda: fusion.interpolation(runs, alpha=0.3),
        "normalize": lambda: fusion.normalize(runs),
    }[method]()
    found: dict[str, dict[str, float]] = {}
    for topic, _, docid, _, score, _ in fused.to_numpy():
        found.setdefault(str(topic), {})[str(docid)] = float(score)
    return found


@pytest.mark.parametrize("method", ARGUMENTS)
@pytest.mark.parametrize("source", ["generated", "dl19"])
def test_scores_are_those_of_pyserini(method, source, tmp_path):
    if source == "dl19" and not DATA.is_dir():
        pytest.skip(f"no {DATA}")
    if source == "dl19":
        originals = [DATA / "run.bm25.txt", DATA / "run.rep_llama.txt"]
    else:
        originals = [written(tmp_path, "one.txt", 1), written(tmp_path, "two.txt", 2)]
    paths = [as_evaluated(path, tmp_path) for path in originals]
    out = tmp_path / "out.txt"
    main.main(["fuse", *map(str, paths), *ARGUMENTS[method], "--output", str(out)], standalone_mode=False)
    ours, theirs = read_run(out), pyserini(method, paths)
    assert set(ours) == set(theirs)
    for qid, expected in theirs.items():
        assert dict(ours[qid]) == pytest.approx(expected, rel=1e-6, abs=1e-6), qid
