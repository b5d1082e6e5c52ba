"""The options of a dev set."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from rerankkit.cli import main
from rerankkit.cli.dev_options import DevFlags, dev_options
from rerankkit.errors import InputError


def parsed(*args: str) -> tuple[DevFlags, dict]:
    seen = {}

    @click.command()
    @dev_options
    def command(**flags):
        seen.update(flags)

    assert CliRunner().invoke(command, args).exit_code == 0
    return DevFlags.taken(seen), seen


def test_the_dev_sets_options_are_taken_and_the_settings_left():
    told, left = parsed("--dev-run", "r", "--dev-qrels", "q", "--dev-depth", "20", "--eval-steps", "5")
    assert told == DevFlags(Path("r"), Path("q"), None, 20)
    assert left == {"eval_steps": 5, "metric_for_best_model": None, "early_stopping_patience": None}


@pytest.mark.parametrize("given", ["--dev-run", "--dev-qrels", "--dev-topics", "--dev-depth"])
def test_one_alone_makes_no_dev_set(given):
    with pytest.raises(InputError, match=f"{given} alone makes no dev set"):
        parsed(given, "7")


def test_without_any_there_is_none():
    assert parsed()[0].read(["topics.tsv"], None, None, "nDCG@10") is None


@pytest.fixture
def split(toy):
    """The toy's first two queries to train on, the others for dev, each with topics of its own."""
    for name, qids in (("train", ("q1", "q2")), ("dev", ("q3", "q4"))):
        for kind, suffix in (("run", "txt"), ("topics", "tsv"), ("teacher", "txt")):
            lines = Path(f"{kind}.{suffix}").read_text().splitlines(keepends=True)
            Path(f"{kind}.{name}.{suffix}").write_text("".join(line for line in lines if line.startswith(qids)))
    return toy


DEV = ["--dev-run", "run.dev.txt", "--dev-qrels", "qrels.txt", "--eval-steps", "2"]
QUICK = ["--max-steps", "4", "--max-length", "32", "--group-size", "6", "--use-cpu", "--no-bf16", "--output", "out"]


def train(command: str, *args: str, code: int = 0):
    files = ["--collection", "docs.jsonl", *(["--qrels", "qrels.txt"] if command == "sft" else [])]
    run = f"{'run' if command == 'sft' else 'teacher'}.train.txt"
    result = CliRunner().invoke(main, [command, "--run", run, *files, *QUICK, *args])
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize("command", ["sft", "distill"])
@pytest.mark.parametrize(
    ("topics", "first_stage"),
    [(["--topics", "topics.tsv"], 0.5), (["--topics", "topics.train.tsv", "--dev-topics", "topics.dev.tsv"], 1.0)],
)
def test_sft_and_distill_measure_on_it(split, tiny_bert, command, topics, first_stage):
    """The first stage's reciprocal rank is 1 of q3 and q4, 0 of two more that are judged where dev topics hold them."""
    assert train(command, *DEV, *topics, "--model", str(tiny_bert), "--metric-for-best-model", "RR").stdout == "out\n"
    trained = json.loads(Path("out/rerankkit.json").read_text())["trained"]
    assert [entry["step"] for entry in trained["log"] if "eval_RR" in entry] == [0, 2, 4]
    assert trained["dev"]["queries"] == 2
    assert trained["dev"]["first_stage"] == pytest.approx(first_stage)
    assert Path("out/learning_curve.png").is_file()


def test_the_depth_leaves_what_is_below_it_out(split, tiny_bert):
    train("sft", *DEV, "--topics", "topics.tsv", "--dev-depth", "2", "--model", str(tiny_bert))
    shallow = json.loads(Path("out/rerankkit.json").read_text())["trained"]["dev"]["first_stage"]
    train("sft", *DEV, "--topics", "topics.tsv", "--model", str(tiny_bert), "--output", "deep")
    assert shallow < json.loads(Path("deep/rerankkit.json").read_text())["trained"]["dev"]["first_stage"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--dev-run", "run.dev.txt"], "--dev-run alone makes no dev set. Give --dev-run and --dev-qrels"),
        ([*DEV, "--dev-topics", "topics.train.tsv"], "2 of the run's 2 queries are not in the topics, first: q3"),
        ([*DEV, "--dev-run", "nothing.txt"], "nothing.txt: no such file"),
        ([*DEV, "--metric-for-best-model", "nDCG@ten"], "Error: not a measure: 'nDCG@ten'"),
        ([*DEV, "--metric-for-best-model", "nDCG@5 PNR"], "--metric-for-best-model 'nDCG@5 PNR' names 2 measures"),
        ([*DEV, "--eval-steps", "0"], "--eval-steps must be positive, not 0"),
        ([*DEV, "--early-stopping-patience", "-1"], "--early-stopping-patience must be positive, not -1"),
        (
            ["--early-stopping-patience", "1"],
            "--early-stopping-patience needs a dev set. Give --dev-run and --dev-qrels",
        ),
        (["--eval-steps", "5"], "--eval-steps needs a dev set. Give --dev-run and --dev-qrels"),
        (["--metric-for-best-model", "RR"], "--metric-for-best-model needs a dev set"),
        (["--grade-levels", "1"], "--grade-levels must lie in [2, 31], not 1"),
    ],
)
def test_wrong_input_is_told_before_training(split, tiny_bert, args, message):
    result = train("sft", "--topics", "topics.tsv", "--model", str(tiny_bert), *args, code=2)
    assert message in result.stderr
    assert not Path("out.training").exists()


LIFE = """
import os, signal, sys
from rerankkit.train.trainer import Watch
moved = Watch.on_step_end
def kill(self, args, state, control, **rest):
    moved(self, args, state, control, **rest)
    if state.global_step == 8:
        os.kill(os.getpid(), signal.SIGKILL)
Watch.on_step_end = kill
from rerankkit.cli import main
main(sys.argv[1:])
"""


def test_a_process_killed_outright_leaves_what_it_takes_to_go_on(split, tiny_bert):
    files = ["--run", "run.train.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl", "--qrels", "qrels.txt"]
    dev = ["--dev-run", "run.dev.txt", "--dev-qrels", "qrels.txt", "--eval-steps", "3", "--sampling", "stratified"]
    ways = ["--max-steps", "12", "--save-steps", "5", "--group-size", "4", "--max-length", "32", "--dropout", "0.1"]
    command = ["sft", *files, *dev, *ways, "--model", str(tiny_bert), "--use-cpu", "--no-bf16"]
    for name in ("whole", "killed"):
        if name == "killed":
            life = [sys.executable, "-c", LIFE, *command, "--output", name]
            assert subprocess.run(life, capture_output=True, timeout=300).returncode == -signal.SIGKILL
            assert not Path("killed").exists()
        result = CliRunner().invoke(main, [*command, "--output", name])
        assert result.exit_code == 0, result.output
        assert result.stdout == f"{name}\n"
    whole, killed = (load_file(f"{name}/model.safetensors") for name in ("whole", "killed"))
    assert all(torch.equal(whole[name], killed[name]) for name in whole)
    ours, theirs = (
        [(entry["step"], entry["eval_nDCG@10"]) for entry in log if "eval_nDCG@10" in entry]
        for log in (
            json.loads(Path(f"{name}/rerankkit.json").read_text())["trained"]["log"] for name in ("whole", "killed")
        )
    )
    assert ours == theirs
    assert [step for step, _ in ours] == [0, 3, 6, 9, 12]
