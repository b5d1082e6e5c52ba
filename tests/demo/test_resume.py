import json
import os
import signal
import subprocess
import sys

import pytest

from rerankkit.demo.resume import Stage, go_on


def recorder():
    calls: list[str] = []
    return calls, lambda args: calls.append(" ".join(args))


def test_stages_run_in_order_once_and_are_skipped_the_second_time(tmp_path):
    calls, invoke = recorder()
    steps = [Stage("one", ["index", "a"]), Stage("two", lambda: calls.append("own work")), Stage("three", ["sft"])]
    assert go_on(tmp_path, iter(steps), invoke) == []
    assert calls == ["index a", "own work", "sft"]
    assert go_on(tmp_path, iter(steps), invoke) == ["one", "two", "three"]
    assert calls == ["index a", "own work", "sft"]


def test_a_stage_that_fails_is_run_again_and_those_before_it_are_not(tmp_path):
    calls, invoke = recorder()

    def fails():
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        go_on(tmp_path, iter([Stage("one", ["index"]), Stage("two", fails), Stage("three", ["sft"])]), invoke)
    assert calls == ["index"]
    mended = [Stage("one", ["index"]), Stage("two", lambda: calls.append("mended")), Stage("three", ["sft"])]
    assert go_on(tmp_path, iter(mended), invoke) == ["one"]
    assert calls == ["index", "mended", "sft"]


def test_a_changed_command_is_run_again_with_all_that_follows_it(tmp_path):
    calls, invoke = recorder()
    go_on(tmp_path, iter([Stage("one", ["a"]), Stage("two", ["b"]), Stage("three", ["c"])]), invoke)
    calls.clear()
    changed = [Stage("one", ["a"]), Stage("two", ["b", "--seed", "1"]), Stage("three", ["c"])]
    assert go_on(tmp_path, iter(changed), invoke) == ["one"]
    assert calls == ["b --seed 1", "c"]


def test_what_was_skipped_is_said_before_the_next_stage(tmp_path, caplog):
    _, invoke = recorder()
    go_on(tmp_path, iter([Stage("one", ["a"]), Stage("two", ["b"])]), invoke)
    caplog.clear()
    with caplog.at_level("INFO", logger="rerankkit"):
        go_on(tmp_path, iter([Stage("one", ["a"]), Stage("two", ["b"]), Stage("three", ["c"])]), invoke)
    assert caplog.messages == ["skipped, done before: one, two", "[3/3] rerankkit c"]


def test_a_record_cut_by_a_crash_is_started_anew(tmp_path):
    calls, invoke = recorder()
    (tmp_path / "stages.json").write_text('{"one": "rerank')
    assert go_on(tmp_path, iter([Stage("one", ["a"])]), invoke) == []
    assert calls == ["a"]


def test_kill_in_the_middle_keeps_the_finished_stages(tmp_path):
    script = f"""
import os, signal, sys
from pathlib import Path
from rerankkit.demo.resume import Stage, go_on
def killed(): os.kill(os.getpid(), signal.SIGKILL)
steps = [Stage("one", lambda: None), Stage("two", killed), Stage("three", lambda: None)]
go_on(Path({str(tmp_path)!r}), iter(steps), print)
"""
    result = subprocess.run([sys.executable, "-c", script], env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False)
    assert result.returncode == -signal.SIGKILL
    assert list(json.loads((tmp_path / "stages.json").read_text())["stages"]) == ["one"]


def test_a_stage_whose_output_is_gone_is_run_again(tmp_path):
    calls: list[str] = []

    def invoke(args):
        calls.append(args[0])
        (tmp_path / args[2]).write_text("x")

    steps = [
        Stage(name, [name, option, str(tmp_path / name)])
        for name, option in (("index", "--index"), ("rerank", "--output"))
    ]
    go_on(tmp_path, iter(steps), invoke)
    (tmp_path / "rerank").unlink()
    assert go_on(tmp_path, iter(steps), invoke) == ["index"]
    (tmp_path / "index").unlink()
    assert go_on(tmp_path, iter(steps), invoke) == []
    assert calls == ["index", "rerank", "rerank", "index", "rerank"]


def test_another_version_of_a_library_runs_all_stages_again(tmp_path, monkeypatch, caplog):
    calls, invoke = recorder()
    steps = [Stage("one", ["a"]), Stage("two", ["b"])]
    go_on(tmp_path, iter(steps), invoke)
    monkeypatch.setattr("rerankkit.demo.resume.packages", lambda: {"rerankkit": "9.9"})
    assert go_on(tmp_path, iter(steps), invoke) == []
    assert calls == ["a", "b", "a", "b"]
    assert "all stages are run again, for another version of" in caplog.text
    assert go_on(tmp_path, iter(steps), invoke) == ["one", "two"]


def test_a_record_of_before_without_versions_is_taken_over(tmp_path):
    calls, invoke = recorder()
    (tmp_path / "stages.json").write_text('{"one": "rerankkit a"}')
    assert go_on(tmp_path, iter([Stage("one", ["a"]), Stage("two", ["b"])]), invoke) == ["one"]
    assert calls == ["b"]


def test_a_record_of_other_things_is_started_anew(tmp_path):
    for text in ("[]", '{"stages": 3}', '{"stages": {"one": "rerankkit a"}, "versions": []}'):
        calls, invoke = recorder()
        (tmp_path / "stages.json").write_text(text)
        assert go_on(tmp_path, iter([Stage("one", ["a"])]), invoke) == []
        assert calls == ["a"]
