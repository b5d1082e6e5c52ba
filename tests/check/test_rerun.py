"""The process in which a side file's command runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from rerankkit.check.rerun import clean_environment, isolated, run_again
from rerankkit.errors import InputError


def test_variables_that_change_what_a_command_does_stay_outside(monkeypatch):
    own = ("PYTHONPATH", "PYTHONHOME", "PYTHONINSPECT", "RERANKKIT_BACKEND", "RERANKKIT_CACHE", "ANSERINI_CLASSPATH")
    for name in (*own, "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH", "RANK", "MASTER_ADDR"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("HF_HOME", "/models")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    kept = clean_environment(hub=False)
    assert "theirs" not in kept.values()
    assert (kept["HF_HOME"], kept["HF_HUB_OFFLINE"], kept["TRANSFORMERS_OFFLINE"]) == ("/models", "1", "1")
    assert "PATH" in kept
    assert "HF_HUB_OFFLINE" not in clean_environment(hub=True)


def test_it_is_this_rerankkit_that_runs(tmp_path, monkeypatch):
    """Also where an isolated Python would not find it: the path is searched for nothing but what it imports."""
    monkeypatch.chdir(tmp_path)
    Path("rerankkit.py").write_text("raise SystemExit(9)")
    command = isolated(["--version"])
    assert command[1:3] == ["-I", "-c"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout[:18]) == (0, "rerankkit, version")
    tell = "import sys; print(sys.path[:1] + sys.path[-1:], sys.flags.isolated, sys.flags.no_user_site)"
    shown = subprocess.run([sys.executable, "-I", "-c", tell], capture_output=True, text=True).stdout
    assert str(tmp_path) not in shown
    assert "''" not in shown
    assert shown.endswith("1 1\n")


def test_it_runs_in_an_empty_folder_and_must_make_its_output(tmp_path):
    made = tmp_path / "made"
    write = f"import os; print(os.listdir()); open({str(made)!r}, 'w').close()"
    run_again([sys.executable, "-c", write], {}, tmp_path / "work", made)
    assert made.exists()
    for number, code in enumerate(("pass", "raise SystemExit(3)")):
        with pytest.raises(InputError, match=f"the command ended with {3 * number} and without its output"):
            run_again([sys.executable, "-c", code], {}, tmp_path / f"work{number}", tmp_path / "none")
