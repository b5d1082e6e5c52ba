"""Commands killed at random moments: nothing is torn, nothing is left over, and the rerun writes the same.

`--kills N` kills each of eight commands N times; by default the three that start fast are killed a few times.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("driver.py")
FAST = ("retrieve", "compare", "submit")
SLOW = ("index", "rerank", "sft", "distill", "export")


@pytest.mark.timeout(0)
@pytest.mark.parametrize("names", [FAST, SLOW], ids=["fast", "slow"])
def test_a_kill_at_any_moment_tears_nothing(request, names):
    kills = request.config.getoption("--kills")
    if kills is None and names is SLOW:
        pytest.skip("takes minutes: give --kills N")
    command = [sys.executable, str(DRIVER), "--kills", str(kills or 3), "--only", *names]
    result = subprocess.run(command, capture_output=True, text=True)
    found = json.loads(result.stdout)
    assert {name: one["bad"] for name, one in found.items()} == {name: [] for name in names}
    assert {one["kills"] for one in found.values()} == {kills or 3}
    assert result.returncode == 0
