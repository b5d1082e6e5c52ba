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


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": "other"}', '{"schema": "rerankkit.meta/1"}', "[" * 9999])
def test_what_is_no_side_file_is_refused(here, text):
    Path("x.meta.json").write_text(text)
    with pytest.raises(InputError, match="not a side file of rerankkit"):
        read_side_file(Path("x.meta.json"))


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        (["verb"], 1, "the field 'verb' is 1"),
        (["command"], "rerankkit fuse", "the field 'command' is 'rerankkit fuse'"),
        (["command"], ["rerankkit", ["a", 1]], "the field 'command' is"),
        (["command"], [], "the field 'command' is no command line"),
        (["command"], ["rerankkit", "a\0b"], "the field 'command' is no command line"),
        (["command"], ["x" * 1_000_001], "the field 'command' is no command line"),
        (["folder"], None, "the field 'folder' is None"),
        (["folder"], "a\0b", "the field 'folder' is"),
        (["output"], [], "the field 'output' is \\[\\]"),
        (["output", "path"], "", "the field 'output.path' is ''"),
        (["output", "sha256"], 0, "\\(output\\): the field 'sha256' is 0"),
        (["output", "option"], None, "\\(output\\): the field 'option' is None"),
        (["output", "files"], {"a": 1}, "\\(output.files\\): the field 'a' is 1"),
        (["inputs"], "../x", "the field 'inputs' is '../x'"),
        (["inputs"], [1], "the field 'inputs' is \\[1\\]"),
        (["inputs", 0, "path"], 7, "\\(inputs\\[0\\]\\): the field 'path' is 7"),
        (["inputs", 0, "whole"], "yes", "\\(inputs\\[0\\]\\): the field 'whole' is 'yes'"),
        (["inputs", 0, "parameter"], {}, "\\(inputs\\[0\\]\\): the field 'parameter' is {}"),
        (["parameters"], "", "the field 'parameters' is ''"),
        (["parameters"], {"a": {}}, "parameters\\['a'\\] is nested"),
        (["seeds"], {"a": [[[[1]]]]}, "seeds\\['a'\\] is nested"),
        (["packages"], 1, "the field 'packages' is 1"),
        (["packages"], {"torch": 2}, "\\(packages\\): the field 'torch' is 2"),
        (["machine"], [], "the field 'machine' is \\[\\]"),
        (["machine", "cores"], "many", "\\(machine\\): the field 'cores' is 'many'"),
        (["machine", "gpus"], "one", "\\(machine\\): the field 'gpus' is 'one'"),
        (["code"], {"commit": []}, "\\(code\\): the field 'commit' is"),
    ],
)
def test_a_field_of_another_type_is_named(here, place, value, named):
    write_side_file(work(), Path("runs/out.txt.part"), Path("runs/out.txt"))
    side = Path("runs/out.txt.meta.json")
    record = json.loads(side.read_text())
    inner = record
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    side.write_text(json.dumps(record))
    with pytest.raises(InputError, match=named) as error:
        read_side_file(side)
    assert error.value.path == side


@pytest.mark.parametrize(
    "place",
    [
        *(["verb"], ["command"], ["folder"], ["output"], ["inputs"], ["parameters"], ["seeds"], ["packages"]),
        *(["machine"], ["code"], ["output", "path"], ["output", "sha256"], ["output", "whole"], ["output", "option"]),
        *(["inputs", 0, name] for name in ("parameter", "path", "sha256", "whole")),
        *(["machine", name] for name in ("processor", "architecture", "cores", "memory_gb", "system")),
    ],
)
def test_a_missing_field_is_named(here, place):
    write_side_file(work(), Path("runs/out.txt.part"), Path("runs/out.txt"))
    side = Path("runs/out.txt.meta.json")
    record = json.loads(side.read_text())
    inner = record
    for name in place[:-1]:
        inner = inner[name]
    del inner[place[-1]]
    side.write_text(json.dumps(record))
    with pytest.raises(InputError, match=f"the field '{place[-1]}' is missing"):
        read_side_file(side)


@pytest.mark.parametrize("note", ["[", '{"trained": 3}', '{"trained": {"seed": "x"}}', "{}"])
def test_a_seed_that_no_note_tells_costs_no_output(here, note):
    part = here / "runs" / ".model.1.part"
    part.mkdir()
    (part / "rerankkit.json").write_text(note)
    write_side_file(work(parameters={}), part, here / "runs/model")
    assert json.loads((part / "meta.json").read_text())["seeds"] == {}


def test_a_link_to_itself_has_no_side_file(here):
    Path("loop").symlink_to("loop")
    with pytest.raises(InputError, match="no side file tells how this was made"):
        read_side_file(Path("loop"))


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
