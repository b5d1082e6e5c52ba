"""A disk that is full in the middle of the work: the output is named, the former one stays, nothing is left over."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

LIMIT = 1_200_000
"""Bytes of a file: more than the probe writes, less than the output."""


@pytest.fixture
def large(tmp_path, monkeypatch) -> Path:
    """Two runs of 40,000 lines."""
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        lines = (f"q{q} Q0 document-{rank} {rank} {1000 - rank} {name}\n" for q in range(40) for rank in range(1, 1001))
        Path(f"{name}.txt").write_text("".join(lines))
    return tmp_path


@pytest.mark.parametrize("former", [None, "q1 Q0 d 1 1 old\n"])
def test_the_former_output_stays_and_the_message_names_it(large, former):
    if former is not None:
        Path("out.txt").write_text(former)
    before = {path.name: path.read_bytes() for path in large.iterdir()}
    words = ["-q", "fuse", "one.txt", "two.txt", "--method", "rrf", "--output", "out.txt"]
    result = subprocess.run(
        [sys.executable, "-m", "rerankkit", *words],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT)),
    )
    told = "out.txt: File too large. Raise the limit on file sizes (ulimit -f); the former output is unchanged\n"
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"Error: {told}")
    assert {path.name: path.read_bytes() for path in large.iterdir()} == before
