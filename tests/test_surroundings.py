"""What is told of packages, machine and code, and what is not."""

import json
import os
import platform
import subprocess
from importlib.metadata import version

import pytest

from rerankkit.surroundings import cleared, commit, machine, packages


def test_packages_are_those_that_are_installed():
    found = packages()
    assert found["numpy"] == version("numpy")
    assert found["python"] == platform.python_version()
    assert "faiss-gpu" not in found or found["faiss-gpu"]


def test_the_machine_has_no_name():
    found = machine()
    assert found["cores"] == os.cpu_count()
    assert found["memory_gb"] > 0
    assert platform.node() not in json.dumps(found)


def test_the_commit_of_a_repository(tmp_path):
    assert commit(tmp_path) == {}
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert commit(tmp_path) == {"commit": head}
    subprocess.run([*git, "remote", "add", "origin", "https://me:secret@example.org/a.git"], check=True)
    assert commit(tmp_path) == {"commit": head, "repository": "https://***@example.org/a.git"}


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert commit(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("https://token@host/x", "https://***@host/x"),
        ("https://host/x@y", "https://host/x@y"),
        ("hf_abcdefghijklmnop", "***"),
        ("--tag=sk-abcdefghijklmnop", "--tag=***"),
        ("sk-short", "sk-short"),
        ("runs/hf_model", "runs/hf_model"),
    ],
)
def test_keys_are_cleared_away(text, wanted):
    assert cleared(text) == wanted
