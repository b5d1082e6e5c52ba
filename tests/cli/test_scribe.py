"""Every command's output has a side file, and a failing command leaves none."""

import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from rerankkit import provenance
from rerankkit.cli import main
from rerankkit.cli.places import MODEL, OUTPUT_FOLDER, InPlace, LookedIn
from rerankkit.errors import InputError
from rerankkit.files import whole_file, whole_folder
from rerankkit.rerank.models import fingerprint


def rerankkit(*arguments: str) -> Result:
    """What a command did."""
    return CliRunner().invoke(main, list(arguments))


def told(path: str) -> dict:
    return json.loads(Path(path).read_text())


def test_a_run_tells_its_inputs_and_its_command(toy):
    arguments = [
        "rerank",
        "--model",
        "bm25",
        "--run",
        "run.txt",
        "--topics",
        "topics.tsv",
        "--collection",
        "docs.jsonl",
    ]
    assert rerankkit(*arguments, "--output", "out/new.txt").exit_code == 0
    side = told("out/new.txt.meta.json")
    assert side["verb"] == "rerank"
    assert side["command"] == ["rerankkit", *arguments, "--output", "out/new.txt"]
    assert [(one["parameter"], one["path"]) for one in side["inputs"]] == [
        ("run_path", "run.txt"),
        ("topics", "topics.tsv"),
        ("collection", "docs.jsonl"),
    ]
    assert (side["folder"], side["output"]["option"], side["seeds"]) == ("..", "--output", {"seed": 0})


FUSE = ("fuse", "run.txt", "teacher.txt", "--method", "rrf", "--output")


def test_inputs_and_output_are_told_with_their_hashes(toy):
    assert rerankkit(*FUSE, "out.txt").exit_code == 0
    side = told("out.txt.meta.json")
    assert [one["path"] for one in side["inputs"]] == ["run.txt", "teacher.txt"]
    assert side["inputs"][0]["sha256"] == hashlib.sha256(Path("run.txt").read_bytes()).hexdigest()
    assert side["output"]["sha256"] == hashlib.sha256(Path("out.txt").read_bytes()).hexdigest()


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), InputError("no place")])
def test_a_side_file_that_cannot_be_written_costs_no_result(toy, monkeypatch, caplog, error):
    """A former side file would tell of another output: it is removed."""
    assert rerankkit(*FUSE, "out.txt").exit_code == 0
    before = Path("out.txt").read_text()

    def refused(*_):
        raise error

    monkeypatch.setattr(provenance, "write_side_file", refused)
    result = rerankkit(*FUSE, "out.txt", "--k", "1")
    assert (result.exit_code, result.stdout) == (0, "out.txt\n")
    assert Path("out.txt").read_text() != before
    assert not Path("out.txt.meta.json").exists()
    reason = error.strerror if isinstance(error, OSError) else error
    assert f"out.txt is kept without a side file, which could not be written: {reason}" in caplog.text


def test_names_that_are_no_utf_8_work_in_every_place(toy):
    """As input, output and printed; the side file stays JSON in UTF-8 and gives the names back."""
    run, out = os.fsdecode(b"caf\xe9.txt"), os.fsdecode(b"sorti\xe9.txt")
    Path("run.txt").rename(run)
    words = ["fuse", run, "teacher.txt", "--method", "rrf", "--output", out]
    result = subprocess.run([sys.executable, "-m", "rerankkit", *words], capture_output=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"sorti\xe9.txt\n", b"")
    side = json.loads(Path(f"{out}.meta.json").read_bytes().decode("utf-8"))
    assert (side["inputs"][0]["path"], side["output"]["path"]) == (run, out)


def test_each_of_several_models_outputs_has_its_side_file(toy):
    words = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl", "--output", "by-{model}.txt"]
    assert rerankkit("rerank", "--model", "bm25", *words).exit_code == 0
    assert told("by-bm25.txt.meta.json")["output"]["path"] == "by-bm25.txt"


def test_a_failing_command_leaves_no_side_file(toy):
    assert rerankkit("fuse", "run.txt", "none.txt", "--method", "rrf", "--output", "out.txt").exit_code == 2
    assert not Path("out.txt.meta.json").exists()


def test_a_command_that_writes_nowhere_needs_none(toy):
    before = sorted(toy.iterdir())
    assert rerankkit("evaluate", "run.txt", "--qrels", "qrels.txt").exit_code == 0
    assert sorted(toy.iterdir()) == before


@pytest.fixture
def writing(monkeypatch, tmp_path):
    """A command that makes a folder and, on its way, files that its parameters do not name."""
    monkeypatch.chdir(tmp_path)

    @click.command()
    @click.option("--model", type=MODEL)
    @click.option("--models", type=LookedIn(), default=Path("models"))
    @click.option("--store", type=InPlace(Path("store")))
    @click.option("--output", type=OUTPUT_FOLDER, required=True)
    def command(model: str, models: Path, store: str, output: Path) -> None:
        with whole_file("other.txt") as file:
            file.write("x")
        with whole_folder(output) as folder:
            (folder / "config.json").write_text("{}")

    monkeypatch.setattr(main, "get_command", lambda ctx, name: command)
    return tmp_path


def test_a_checkpoint_holds_its_side_file_and_has_the_same_fingerprint(writing):
    Path("models/base").mkdir(parents=True)
    Path("models/base/weights").write_text("1")
    Path("store").write_text("1")
    assert rerankkit("x", "--output", "made", "--model", "base", "--store", "store").exit_code == 0
    assert not Path("other.txt.meta.json").exists()
    assert [(one["parameter"], one["path"]) for one in told("made/meta.json")["inputs"]] == [("model", "models/base")]
    with_side = fingerprint("./made", Path("models"))
    Path("made/meta.json").unlink()
    assert fingerprint("./made", Path("models")) == with_side


def test_of_several_processes_the_first_tells(writing, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    result = rerankkit("x", "--output", "made")
    assert result.exit_code == 0, result.output
    assert not Path("made/meta.json").exists()


def test_a_text_that_no_path_can_be_is_no_input(writing):
    assert rerankkit("x", "--output", "made", "--model", "a\0b" * 200).exit_code == 0
    assert told("made/meta.json")["inputs"] == []
