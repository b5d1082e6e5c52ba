"""What SECURITY.md says, against the code."""

import re
from pathlib import Path

import pytest

from rerankkit.check.history import MOST_STEPS
from rerankkit.cli.replay import REPEATED
from rerankkit.io.foreign import DEEPEST, LARGEST_FILE
from rerankkit.io.lines import LONGEST_LINE
from rerankkit.io.unpacking import BLOW_UP
from rerankkit.provenance import LONGEST_COMMAND

ROOT = Path(__file__).parents[1]
TEXT = " ".join((ROOT / "SECURITY.md").read_text("utf-8").split())


@pytest.mark.parametrize(
    "said",
    [
        f"{LONGEST_LINE >> 20} MB a line",
        f"{LARGEST_FILE >> 20} MB a JSON or TOML file",
        f"{DEEPEST} levels of JSON",
        f"{BLOW_UP} times its size",
        f"{LONGEST_COMMAND:,} characters for a side file's command",
        f"follows at most {MOST_STEPS:,}",
    ],
)
def test_the_limits_are_those_of_the_code(said):
    assert said in TEXT


def test_the_commands_that_reproduce_runs_are_those_of_the_code():
    (listed,) = re.findall(r"It runs (.*?), and no other", TEXT)
    assert set(re.findall(r"`(\w+)`", listed)) == set(REPEATED)
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    (listed,) = re.findall(r"Only (`index`.*?) are run, in an isolated Python", readme)
    assert set(re.findall(r"`(\w+)`", listed)) == set(REPEATED)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_it_is_linked(name):
    assert "(SECURITY.md)" in (ROOT / name).read_text("utf-8")
