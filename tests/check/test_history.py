"""The steps behind a run."""

import hashlib
import json
from pathlib import Path

import pytest

from rerankkit.check.history import history
from rerankkit.errors import InputError


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
        "output": {"option": "--output", "path": name, "sha256": sha(name), "whole": True},
        "inputs": [{"parameter": "runs", "path": one, "sha256": sha(one), "whole": True} for one in inputs],
        **{"parameters": {}, "seeds": {}, "packages": {}, "code": {}},
        "machine": {"processor": "x", "architecture": "x86_64", "cores": 2, "memory_gb": None, "system": "Linux"},
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
    assert "d.meta.json belongs to another content than the one that was used: left out" in caplog.text
    make("d", "b", "c", folder=chain)
    side = json.loads((chain / "b.meta.json").read_text())
    side["output"]["sha256"] = "another"
    (chain / "b.meta.json").write_text(json.dumps(side))
    assert names(chain, "d") == ["c", "d"]


def test_somebody_elses_file_of_that_name_is_none(chain):
    (chain / "b.meta.json").write_text("{}")
    assert names(chain, "d") == ["c", "d"]


def test_a_damaged_side_file_is_an_error(chain):
    (chain / "b.meta.json").write_text('{"schema": "rerankkit.meta/1", "verb": []}')
    with pytest.raises(InputError, match="the field 'verb' is"):
        history(chain / "d")
    (chain / "b.meta.json").write_text("[" * 5000)
    with pytest.raises(InputError, match="nested more than"):
        history(chain / "d")


def test_outputs_made_of_each_other_end(tmp_path):
    make("a", "b", folder=tmp_path)
    make("b", "a", folder=tmp_path)
    assert names(tmp_path, "a") == ["b", "a"]


def test_a_chain_of_a_thousand_steps_is_followed_and_a_longer_one_refused(tmp_path):
    for number in range(1001):
        make(f"r{number}", *([f"r{number - 1}"] if number else []), folder=tmp_path)
    assert names(tmp_path, "r999") == [f"r{number}" for number in range(1000)]
    with pytest.raises(InputError, match="the history has more than 1,000 steps"):
        history(tmp_path / "r1000")


@pytest.mark.parametrize("through_a_link", [False, True])
def test_a_side_file_outside_is_left_out_and_told(tmp_path, monkeypatch, caplog, through_a_link):
    """Its command line would be handed in with the run's metadata."""
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    monkeypatch.chdir(stranger)
    make("private", folder=tmp_path)
    make("d", "link" if through_a_link else "../private", folder=stranger)
    if through_a_link:
        Path("link").symlink_to("../private")
    side = json.loads(Path("d.meta.json").read_text())
    side["inputs"][0]["whole"] = False
    Path("d.meta.json").write_text(json.dumps(side))
    assert names(stranger, "d") == ["d"]
    assert f"private.meta.json lies outside {stranger}: left out; --allow-outside reads it" in caplog.text
    assert [step["output"]["path"] for step in history(stranger / "d", outside=True)] == ["private", "d"]
