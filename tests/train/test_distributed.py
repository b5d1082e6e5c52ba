"""Two processes that measure on dev: the first does it and tells the other, so that both stop together."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main


def can_listen() -> bool:
    try:
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
    except OSError:
        return False
    return True


def values_of(folder: str) -> tuple[dict[int, float], dict]:
    trained = json.loads((Path(folder) / "rerankkit.json").read_text())["trained"]
    return {entry["step"]: entry["eval_PNR"] for entry in trained["log"] if "eval_PNR" in entry}, trained["dev"]


@pytest.mark.skipif(not can_listen(), reason="no local port can be listened on, which torchrun needs")
def test_two_processes_stop_together_with_the_values_of_one(toy, tiny_bert):
    """PNR on the training's own lists; a learning rate of 1e-9 gains nothing, so that patience ends it at step 2."""
    files = ["--run", "teacher.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl"]
    dev = ["--dev-run", "run.txt", "--dev-qrels", "qrels.txt", "--metric-for-best-model", "PNR", "--eval-steps", "1"]
    ways = ["--early-stopping-patience", "2", "--learning-rate", "1e-9", "--max-steps", "9", "--max-length", "32"]
    given = [
        "distill",
        *files,
        *dev,
        *ways,
        "--logging-steps",
        "1",
        "--model",
        str(tiny_bert),
        "--use-cpu",
        "--no-bf16",
    ]
    single = CliRunner().invoke(main, [*given, "--per-device-train-batch-size", "2", "--output", "single"])
    assert (single.exit_code, single.stdout) == (0, "single\n"), single.output
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "--"]
    command = [*torchrun, "rerankkit", *given, "--per-device-train-batch-size", "1", "--output", "double"]
    double = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert double.returncode == 0, double.stderr
    assert double.stdout == "double\n"
    (one, told), (two, told_by_two) = values_of("single"), values_of("double")
    assert list(one) == list(two) == [0, 1, 2]
    assert one == pytest.approx(two)
    assert told == pytest.approx(told_by_two)
    assert (told["step"], told["stopped_early"]) == (0, True)
    terms, theirs = (
        [
            (entry["point_mse"], entry["margin_mse"])
            for entry in json.loads(Path(f"{name}/rerankkit.json").read_text())["trained"]["log"]
            if "loss" in entry
        ]
        for name in ("single", "double")
    )
    assert len(terms) == 2
    for ours, others in zip(terms, theirs, strict=True):
        assert ours == pytest.approx(others, rel=1e-3)
