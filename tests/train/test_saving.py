"""When a training saves a checkpoint to resume from."""

import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from torch import nn

from rerankkit.cli import main
from rerankkit.errors import InputError
from rerankkit.train import saving
from rerankkit.train.saving import Saving, bytes_needed, check_room, kept


def control() -> SimpleNamespace:
    return SimpleNamespace(should_save=False, should_training_stop=False)


def steps_saved(seconds_a_step: float, seconds_a_save: float, steps: int) -> list[int]:
    """The steps after which a training saves by time, on a clock of its own."""
    now, found = [0.0], []
    callback = Saving(lambda: now[0])
    callback.on_train_begin(None, SimpleNamespace(global_step=0), None)
    for step in range(1, steps + 1):
        now[0] += seconds_a_step
        told, state = control(), SimpleNamespace(global_step=step)
        callback.on_step_end(None, state, told)
        if told.should_save:
            now[0] += seconds_a_save
            callback.on_save(None, state, told)
            found.append(step)
    return found


@pytest.mark.parametrize(
    ("step", "save", "expected"),
    [
        (50, 0, [3, 6, 9, 12]),
        (300, 1, list(range(1, 13))),
        (50, 10, [3, 7, 11]),  # after a save of 10 s the next is due 200 s later
    ],
)
def test_a_checkpoint_is_saved_every_two_minutes_or_less_often_where_saving_is_slow(step, save, expected):
    assert steps_saved(step, save, 12) == expected


def test_a_checkpoint_of_save_steps_puts_the_timed_one_off():
    now = [0.0]
    callback = Saving(lambda: now[0])
    for at, by_steps, expected in ((100, True, True), (200, False, False), (221, False, True)):
        now[0], told = at, control()
        told.should_save = by_steps
        callback.on_step_end(None, SimpleNamespace(global_step=at), told)
        assert told.should_save is expected
        if told.should_save:
            callback.on_save(None, SimpleNamespace(global_step=at), told)


SENDING = """
import os, signal, sys
from rerankkit.cli import main
from rerankkit.train.trainer import Watch

number, times = int(sys.argv[1]), int(sys.argv[2])
moved = Watch.on_step_end

def send(self, args, state, control, **rest):
    moved(self, args, state, control, **rest)
    if state.global_step == 3:
        for _ in range(times):
            os.kill(os.getpid(), number)

Watch.on_step_end = send
signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background ignores it
main(sys.argv[3:])
"""
"""A command that sends its own process a signal at the end of the third step."""


def words(model, output: str) -> list[str]:
    """A training of 12 steps, none of which is one of `save_steps`."""
    files = ["--run", "teacher.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl"]
    ways = ["--max-length", "32", "--group-size", "4", "--per-device-train-batch-size", "1", "--num-train-epochs", "3"]
    return [
        "distill",
        *files,
        *ways,
        "--dropout",
        "0.1",
        "--use-cpu",
        "--no-bf16",
        "--model",
        str(model),
        "--output",
        output,
    ]


def stopped(model, number: int, times: int = 1) -> subprocess.CompletedProcess[str]:
    """The training that got a signal, in a process of its own."""
    command = [sys.executable, "-c", SENDING, str(int(number)), str(times), *words(model, "stopped")]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_a_training_after_its_step_which_is_kept(toy, tiny_bert, largest_difference, number, code):
    done = stopped(tiny_bert, number)
    assert done.returncode == code, done.stderr
    assert [path.name for path in Path("stopped.training").glob("checkpoint-*")] == ["checkpoint-3"]
    assert "The checkpoint of step 3 of 12 is kept in stopped.training: the same command goes on" in done.stderr
    for output in ("uninterrupted", "stopped"):
        result = CliRunner().invoke(main, words(tiny_bert, output))
        assert result.exit_code == 0, result.output
    assert largest_difference(Path("uninterrupted"), Path("stopped")) < 1e-6


def test_a_second_signal_stops_at_once(toy, tiny_bert):
    done = stopped(tiny_bert, signal.SIGINT, times=2)
    assert done.returncode == 130, done.stderr
    assert list(Path("stopped.training").glob("checkpoint-*")) == []
    assert "No checkpoint was saved yet; the same command starts anew" in done.stderr


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Saving().catching_signals():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_room_that_a_training_needs():
    """10 weights and 2 biases, of which 2 are trained: (12 + 4) twice, 2 twice for the best, 12 for the output."""
    model = nn.Linear(5, 2)
    model.weight.requires_grad = False
    assert bytes_needed(model, best=False) == 4 * (2 * 16 + 12)
    assert bytes_needed(model, best=True) == 4 * (2 * 16 + 4 + 12)
    model.peft_config = {}
    assert bytes_needed(model, best=False) == 4 * (2 * 6 + 12 + 2)


def test_a_training_without_room_is_refused_before_its_first_step(monkeypatch, tmp_path):
    monkeypatch.setattr(saving.shutil, "disk_usage", lambda path: SimpleNamespace(free=1_500_000_000))
    check_room(tmp_path, 1_500_000_000)
    with pytest.raises(InputError, match=r"1\.5 GB are free, the training needs up to 3\.0 GB for its checkpoints"):
        check_room(tmp_path, 3_000_000_000)


def test_what_is_kept_is_said_with_the_command_that_removes_it(tmp_path):
    assert kept(tmp_path, 1200, 5000).startswith("Stopped. The checkpoint of step 1,200 of 5,000 is kept in ")
    assert kept(tmp_path, None, 5000).endswith(f"rm -r {tmp_path}")
