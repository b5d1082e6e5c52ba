"""Mutated files: no traceback, no hang, no blow-up of memory.

`--fuzz N` runs N inputs; `python tests/fuzz/driver.py --help` shows how to run more, and how to keep what failed.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("driver.py")


@pytest.fixture
def inputs(request) -> int:
    return request.config.getoption("--fuzz")


@pytest.mark.timeout(0)
def test_no_input_ends_in_a_traceback_a_hang_or_a_blow_up(inputs):
    command = [sys.executable, str(DRIVER), "--inputs", str(inputs), "--seed", "1"]
    result = subprocess.run(command, capture_output=True, text=True)
    summary = json.loads(result.stdout)
    assert summary["bad"] == [], result.stdout
    assert summary["outcomes"] == {"ok": inputs}
    assert len(summary["kinds"]) > 25


def test_every_valid_file_is_taken_by_its_reader():
    """Otherwise the mutations would test the first check alone; a command may lack something else."""
    result = subprocess.run([sys.executable, str(DRIVER), "--seeds"], capture_output=True, text=True, check=True)
    taken = {kind: [codes[0] for codes in found] for kind, found in json.loads(result.stdout).items()}
    assert {kind: codes for kind, codes in taken.items() if 2 in codes} == {}
    assert len(taken) > 25


def test_the_driver_sees_a_traceback_a_hang_and_a_blow_up(tmp_path):
    """The same driver over targets that do each of these."""
    for name in ("driver.py", "mutations.py", "seeds.py"):
        (tmp_path / name).write_text(DRIVER.with_name(name).read_text().replace("LIMIT = 20", "LIMIT = 2"))
    (tmp_path / "targets.py").write_text(
        "import time\n"
        "from pathlib import Path\n"
        "def wrong(path): raise KeyError('wrong')\n"
        "def slow(path): time.sleep(60)\n"
        "def large(path): return len(b'x' * (600 << 20))\n"
        "def right(path): return 0\n"
        "TARGETS = {'right': [right], 'wrong': [wrong], 'large': [large], 'slow': [slow]}\n"
        "def build_world(folder): return {kind: [b'x'] for kind in TARGETS}\n"
        "def place(kind, name, content): return Path(name)\n"
        "def clear(): pass\n"
    )
    command = [sys.executable, str(tmp_path / "driver.py"), "--inputs", "8"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 1
    outcomes = json.loads(result.stdout)["outcomes"]
    assert set(outcomes) == {"ok", "traceback", "memory", "hang"}
    assert min(outcomes.values()) >= 2
