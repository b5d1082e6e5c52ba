"""Side files, written and read."""

import json
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.provenance import Work, read_side_file, side_file, write_side_file


def work(**changes) -> Work:
    fields = {"words": ["rerankkit", "fuse", "a.txt"], "parameters": {"seed": 3, "k": None, "runs": (Path("a.txt"),)}}
    return Work(
        **{
            "verb": "fuse",
            **fields,
            "inputs": {"runs": [Path("a.txt")]},
            "option": "--output",
            "seconds": 1.234,
            **changes,
        }
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/out.txt.part").write_text("out")
    return tmp_path


def test_what_a_side_file_tells(here):
    write_side_file(work(), Path("runs/out.txt.part"), Path("runs/out.txt"))
    place, told = read_side_file(Path("runs/out.txt"))
    assert place == Path("runs/out.txt.meta.json")
    assert (told["schema"], told["folder"], told["seconds"]) == ("rerankkit.meta/1", "..", 1.23)
    assert (told["parameters"], told["seeds"]) == ({"seed": 3, "runs": ["a.txt"]}, {"seed": 3})
    (one,) = told["inputs"]
    a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert one == {"parameter": "runs", "path": "a.txt", "sha256": a, "bytes": 1, "whole": True}
    assert (told["output"]["path"], told["output"]["bytes"]) == ("out.txt", 3)
    assert read_side_file(place) == (place, told)


def test_a_folder_has_its_side_file_inside(here):
    part = here / "runs" / ".model.1.part"
    part.mkdir()
    (part / "weights").write_text("w")
    (part / "rerankkit.json").write_text('{"trained": {"seed": 5}}')
    write_side_file(work(parameters={}), part, here / "runs/model")
    told = json.loads((part / "meta.json").read_text())
    assert told["folder"] == "../.."
    assert list(told["output"]["files"]) == ["rerankkit.json", "weights"]
    assert (told["verb"], told["seeds"]) == ("fuse", {"seed": 5})
    assert side_file(part) == part / "meta.json"


def test_no_variable_and_no_key_is_told(here, monkeypatch):
    monkeypatch.setenv("SECRET_OF_MINE", "value-of-mine")
    words = ["rerankkit", "rerank", "--model", "https://me:password@example.org/hf_abcdefghijklmnop"]
    write_side_file(work(words=words, parameters={"model": words[-1]}), Path("runs/out.txt.part"), Path("out.txt"))
    text = Path("out.txt.meta.json").read_text() if Path("out.txt.meta.json").exists() else ""
    assert '"https://***@example.org/***"' in text
    for secret in ("SECRET_OF_MINE", "value-of-mine", "password", "hf_abc"):
        assert secret not in text


def test_an_input_that_is_gone_costs_no_output(here, caplog):
    write_side_file(work(inputs={"runs": [Path("gone.txt")]}), Path("runs/out.txt.part"), Path("runs/out.txt"))
    _, told = read_side_file(Path("runs/out.txt"))
    assert told["inputs"] == [{"parameter": "runs", "path": "gone.txt", "sha256": "", "bytes": 0, "whole": False}]
    assert "gone.txt is told without its hash" in caplog.text


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": "other"}', '{"schema": "rerankkit.meta/1"}', "\udcff"])
def test_what_is_no_side_file_is_refused(here, text):
    Path("x.meta.json").write_text(text, errors="surrogateescape")
    with pytest.raises(InputError, match="not a side file of rerankkit"):
        read_side_file(Path("x.meta.json"))


def test_an_output_without_side_file_is_told(here):
    with pytest.raises(InputError, match="no side file tells how this was made"):
        read_side_file(Path("a.txt"))


def test_a_linked_output_has_its_side_file_beside_the_file(here):
    Path("disk").mkdir()
    Path("disk/run.txt").touch()
    Path("link.txt").symlink_to("disk/run.txt")
    assert side_file(Path("link.txt")) == Path("link.txt.meta.json").resolve().parent / "disk/run.txt.meta.json"
    Path("link.txt.meta.json").touch()
    assert side_file(Path("link.txt")) == Path("link.txt.meta.json")
