"""`rerankkit submit`."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from rerankkit.cli import main


def rerankkit(*arguments: str) -> Result:
    """What a command did."""
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def fused(toy) -> Path:
    """A run with its side file, made of two others."""
    fuse = ["fuse", "run.txt", "teacher.txt", "--method", "rrf", "--output", "first.txt"]
    assert rerankkit(*fuse).exit_code == 0
    again = ["fuse", "first.txt", "run.txt", "--method", "combsum", "--tag", "mine", "--output", "out.txt"]
    assert rerankkit(*again).exit_code == 0
    return toy


def submit(*arguments: str) -> Result:
    return rerankkit("submit", "out.txt", "--track", "generic", "--topics", "topics.tsv", *arguments)


def test_the_folder_holds_run_metadata_and_checksums(fused):
    result = submit("--output", "hand-in", "--team", "us")
    assert (result.exit_code, result.stdout) == (0, "hand-in\n")
    folder = Path("hand-in")
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["SHA256SUMS", "meta.json", "mine.ir_metadata.yaml", "mine.txt.gz"]
    assert gzip.decompress((folder / "mine.txt.gz").read_bytes()) == Path("out.txt").read_bytes()
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_the_metadata_tells_of_both_commands(fused):
    submit("--output", "hand-in", "--team", "us", "--manual")
    told = yaml.safe_load(Path("hand-in/mine.ir_metadata.yaml").read_text())
    assert (told["schema-version"], told["tag"]) == (0.1, "mine")
    assert set(told) >= {"platform", "implementation", "method", "actor", "data"}
    assert told["actor"] == {"team": "us", "role": "experimenter"}
    assert told["method"]["automatic"] is False
    first, second = told["implementation"]["executable"]["steps"]
    assert first.startswith("rerankkit fuse run.txt teacher.txt")
    assert second == told["implementation"]["executable"]["cmd"]
    assert [stage["reranks"] for stage in told["method"]["retrieval"]] == [
        "run.txt, teacher.txt",
        "first.txt, run.txt",
    ]
    assert any(pin.startswith("rerankkit==") for pin in told["platform"]["software"]["retrieval toolkit"])


def test_models_and_indexes_are_told_with_their_hashes(fused):
    """As a side file of rerank names them."""
    side = json.loads(Path("out.txt.meta.json").read_text())
    side["inputs"] += [
        {"parameter": "model", "path": "bert", "sha256": "abc", "bytes": 3, "whole": True},
        {"parameter": "index", "path": "index", "sha256": "def", "bytes": 3, "whole": False},
    ]
    side["seeds"] = {"seed": 7}
    Path("out.txt.meta.json").write_text(json.dumps(side))
    submit("--output", "hand-in")
    told = yaml.safe_load(Path("hand-in/mine.ir_metadata.yaml").read_text())
    assert told["method"]["retrieval"][-1]["uses"] == [
        {"path": "bert", "sha256": "abc"},
        {"path": "index", "sha256": "def", "sampled": True},
    ]
    assert told["implementation"]["seeds"] == {"2 seed": 7}


def test_trainings_are_no_stage_of_the_ranking(fused):
    side = json.loads(Path("first.txt.meta.json").read_text())
    Path("first.txt.meta.json").write_text(json.dumps({**side, "verb": "distill"}))
    submit("--output", "hand-in")
    told = yaml.safe_load(Path("hand-in/mine.ir_metadata.yaml").read_text())
    assert [stage["name"] for stage in told["method"]["retrieval"]] == ["out.txt"]
    assert [stage["name"] for stage in told["method"]["preparation"]] == ["first.txt"]
    assert [one["name"] for one in told["data"]["training data"]] == ["run.txt", "teacher.txt"]


def test_without_an_output_it_only_checks(fused):
    before = sorted(Path().iterdir())
    result = submit()
    assert (result.exit_code, result.stdout) == (0, "out.txt is taken by any TREC track\n")
    assert sorted(Path().iterdir()) == before


def test_a_run_that_is_refused_ends_with_one_and_nothing_is_written(fused):
    Path("out.txt").write_text("q1 Q0 cat 1 nan x\nq1 Q0 cat 2 1 y\n")
    result = submit("--output", "hand-in")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("Refused: ") == 4
    assert result.stderr.endswith("out.txt is not taken by any TREC track\n")
    assert not Path("hand-in").exists()


def test_a_run_without_a_side_file_says_so(toy):
    result = rerankkit("submit", "run.txt", "--track", "generic", "--output", "hand-in")
    assert result.exit_code == 0
    assert "No side file tells how run.txt was made" in result.stderr
    assert "Not checked: whether all topics are there" in result.stderr


def test_what_was_mended_is_told(toy):
    Path("out.txt").write_text("".join(f"q{i} Q0 cat 1 2 x\nq{i} Q0 ant 2 2 x\n" for i in range(1, 5)))
    result = submit("--output", "hand-in", "--tag", "y")
    assert "Mended: equal scores lowered by least steps, in the file's order\n" in result.stderr
    lines = gzip.decompress(Path("hand-in/y.txt.gz").read_bytes()).decode().splitlines()
    assert lines[:2] == ["q1 Q0 cat 1 2 y", "q1 Q0 ant 2 1.99999988 y"]


def test_another_folder_is_left_alone(fused):
    Path("hand-in").mkdir()
    Path("hand-in/mine").write_text("mine")
    result = submit("--output", "hand-in")
    assert result.exit_code == 2
    assert "the folder holds something else than a submission" in result.stderr
    assert Path("hand-in/mine").read_text() == "mine"


def test_a_submission_is_replaced(fused):
    submit("--output", "hand-in", "--tag", "one")
    assert submit("--output", "hand-in", "--tag", "two").exit_code == 0
    assert not Path("hand-in/one.txt.gz").exists()


@pytest.mark.parametrize("arguments", [["--track", "none"], ["--topics", "none.tsv"]])
def test_wrong_input_ends_with_two(fused, arguments):
    assert submit(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("command", ["rerankkit", ["a"]], "the field 'command' is"),
        ("parameters", "", "the field 'parameters' is ''"),
        ("machine", {}, "the field 'processor' is missing"),
        ("inputs", [{}], "the field 'path' is missing"),
    ],
)
def test_a_damaged_side_file_is_refused_and_nothing_is_written(fused, field, value, problem):
    side = json.loads(Path("first.txt.meta.json").read_text())
    Path("first.txt.meta.json").write_text(json.dumps({**side, field: value}))
    result = submit("--output", "hand-in")
    assert (result.exit_code, Path("hand-in").exists()) == (2, False)
    assert "first.txt.meta.json: not a side file of rerankkit" in result.stderr
    assert problem in result.stderr


def test_a_machine_that_tells_little_is_enough(fused):
    """Some systems tell neither cores nor memory."""
    side = json.loads(Path("out.txt.meta.json").read_text())
    side["machine"] |= {"cores": None, "memory_gb": None}
    Path("out.txt.meta.json").write_text(json.dumps(side))
    assert submit("--output", "hand-in").exit_code == 0
    told = yaml.safe_load(Path("hand-in/mine.ir_metadata.yaml").read_text())
    assert "number of cores" not in told["platform"]["hardware"]["cpu"]
    assert "ram" not in told["platform"]["hardware"]


def test_command_lines_from_outside_are_handed_in_only_where_allowed(fused, monkeypatch):
    Path("theirs").mkdir()
    side = json.loads(Path("out.txt.meta.json").read_text())
    for one in side["inputs"]:
        one |= {"path": f"../{one['path']}", "whole": False}
    Path("out.txt").rename("theirs/out.txt")
    Path("theirs/out.txt.meta.json").write_text(json.dumps(side))
    monkeypatch.chdir("theirs")
    result = rerankkit("submit", "out.txt", "--track", "generic", "--output", "hand-in")
    assert result.exit_code == 0
    told = yaml.safe_load(Path("hand-in/mine.ir_metadata.yaml").read_text())
    assert len(told["implementation"]["executable"]["steps"]) == 1
    submitted = rerankkit("submit", "out.txt", "--track", "generic", "--output", "hand-in", "--allow-outside")
    assert submitted.exit_code == 0
    told = yaml.safe_load(Path("hand-in/mine.ir_metadata.yaml").read_text())
    assert len(told["implementation"]["executable"]["steps"]) == 2


def test_a_track_s_name_steers_no_terminal(fused):
    Path("rules.toml").write_text('name = "\\u001b[2J"\ndocid = "[x]"\n')
    refused = rerankkit("submit", "out.txt", "--track", "rules.toml")
    assert refused.exit_code == 1
    assert r"out.txt is not taken by \x1b[2J" in refused.stderr
    assert "\x1b" not in refused.output
