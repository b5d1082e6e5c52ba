"""The steps behind a run."""

import hashlib
import json
from pathlib import Path

import pytest

from rerankkit.check.history import history


def make(name: str, *inputs: str, folder: Path) -> None:
    """A file with its name in it, and a side file that says what it was made of."""

    def sha(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    (folder / name).write_text(name)
    told = {
        "schema": "rerankkit.meta/1",
        "verb": "fuse",
        "command": ["rerankkit", "fuse", name],
        "folder": ".",
        "output": {"path": name, "sha256": sha(name), "whole": True},
        "inputs": [{"parameter": "runs", "path": one, "sha256": sha(one), "whole": True} for one in inputs],
    }
    (folder / f"{name}.meta.json").write_text(json.dumps(told))


@pytest.fixture
def chain(tmp_path) -> Path:
    """d of b and c, each of a, which was given."""
    make("b", "a", folder=tmp_path)
    make("c", "a", "b", folder=tmp_path)
    make("d", "b", "c", folder=tmp_path)
    return tmp_path


def names(folder: Path, output: str) -> list[str]:
    return [step["output"]["path"] for step in history(folder / output)]


def test_steps_stand_in_their_order_and_once(chain):
    assert names(chain, "d") == ["b", "c", "d"]
    assert names(chain, "b") == ["b"]
    assert names(chain, "a") == []


def test_a_run_made_of_itself_ends(chain):
    make("d", "d", folder=chain)
    assert names(chain, "d") == ["d"]


def test_a_side_file_of_another_content_is_left_out_and_told(chain, caplog):
    (chain / "d").write_text("changed")
    assert names(chain, "d") == []
    assert "d.meta.json tells of another content than was used: left out" in caplog.text
    make("d", "b", "c", folder=chain)
    side = json.loads((chain / "b.meta.json").read_text())
    side["output"]["sha256"] = "another"
    (chain / "b.meta.json").write_text(json.dumps(side))
    assert names(chain, "d") == ["c", "d"]


def test_somebody_elses_file_of_that_name_is_none(chain):
    (chain / "b.meta.json").write_text("{}")
    assert names(chain, "d") == ["c", "d"]
