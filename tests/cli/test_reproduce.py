"""`rerankkit reproduce`."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rerankkit.cli import main


def rerankkit(*arguments: str) -> Result:
    """What a command did."""
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def fused(toy) -> Path:
    Path("runs").mkdir()
    fuse = ["fuse", "run.txt", "teacher.txt", "--method", "rrf", "--output", "runs/out.txt"]
    assert rerankkit(*fuse).exit_code == 0
    return toy


def test_an_output_that_comes_out_the_same(fused):
    before = sorted(Path("runs").iterdir())
    result = rerankkit("reproduce", "runs/out.txt.meta.json")
    assert (result.exit_code, result.stdout) == (0, "output: identical\n")
    assert sorted(Path("runs").iterdir()) == before


def test_it_runs_from_wherever_the_side_file_lies(fused, tmp_path_factory, monkeypatch):
    moved = tmp_path_factory.mktemp("elsewhere") / "moved"
    shutil.copytree(fused, moved)
    shutil.rmtree(fused / "runs")
    monkeypatch.chdir(moved.parent)
    assert rerankkit("reproduce", "moved/runs/out.txt").exit_code == 0


def test_inputs_that_changed_are_named_and_nothing_is_run(fused):
    Path("run.txt").write_text("q1 Q0 cat 1 2 x\n")
    result = rerankkit("reproduce", "runs/out.txt")
    assert (result.exit_code, result.stdout) == (1, "changed since: run.txt\n")


def test_inputs_that_are_gone_end_with_two(fused):
    Path("run.txt").unlink()
    result = rerankkit("reproduce", "runs/out.txt")
    assert result.exit_code == 2
    assert "an input is gone: run.txt (runs)" in result.stderr


def test_another_outcome_is_compared(fused):
    """One query's first two documents change places: of 15 pairs one is discordant, tau is 13/15."""
    lines = Path("runs/out.txt").read_text().splitlines()
    one, two = lines[0].split(), lines[1].split()
    one[2], two[2] = two[2], one[2]
    Path("runs/out.txt").write_text("\n".join([" ".join(one), " ".join(two), *lines[2:]]) + "\n")
    side = json.loads(Path("runs/out.txt.meta.json").read_text())
    side["output"]["sha256"] = "0"
    side["packages"]["numpy"] = "0.1"
    Path("runs/out.txt.meta.json").write_text(json.dumps(side))
    arguments = ["reproduce", "runs/out.txt", "--qrels", "qrels.txt", "--baseline", "run.txt", "--output", "json"]
    result = rerankkit(*arguments)
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert found["tau"] == pytest.approx((13 / 15 + 3) / 4)
    assert found["least_tau"] == pytest.approx(13 / 15)
    assert [one["measure"] for one in found["measures"]] == ["nDCG@10", "RR@10"]
    assert found["measures"][0]["rmse"] > 0
    assert found["packages"][0].startswith("numpy 0.1 then, ")
    assert rerankkit(*arguments, "--least-tau", "0.9").exit_code == 0
    text = rerankkit(*arguments[:-1], "text").stdout
    assert "Kendall's tau (union): mean 0.966667, least 0.866667" in text


def test_an_original_that_is_gone(fused):
    Path("runs/out.txt").unlink()
    assert rerankkit("reproduce", "runs/out.txt.meta.json").exit_code == 0
    side = json.loads(Path("runs/out.txt.meta.json").read_text())
    side["output"]["sha256"] = "0"
    Path("runs/out.txt.meta.json").write_text(json.dumps(side))
    result = rerankkit("reproduce", "runs/out.txt.meta.json")
    assert result.exit_code == 1
    assert "the original is gone" in result.stdout


def test_what_is_no_run_is_the_same_or_not(toy):
    queries = ["queries", "--from-titles", "--collection", "docs.jsonl", "--number", "2", "--output", "new.tsv"]
    assert rerankkit(*queries).exit_code == 0
    assert rerankkit("reproduce", "new.tsv").exit_code == 0
    side = json.loads(Path("new.tsv.meta.json").read_text())
    side["output"]["sha256"] = "0"
    Path("new.tsv.meta.json").write_text(json.dumps(side))
    result = rerankkit("reproduce", "new.tsv")
    assert (result.exit_code, result.stdout) == (1, "output: not the same\n")


def test_a_checkpoint_is_compared_by_its_weights(fused):
    """As `compared` does: whatever else differs, such as a log with times, is named."""
    from rerankkit.cli.reproduce import _compared

    again = Path("again")
    again.mkdir()
    (again / "model.safetensors").write_text("weights")
    (again / "rerankkit.json").write_text("{}")
    weights = hashlib.sha256(b"weights").hexdigest()
    told = {"verb": "distill", "output": {"files": {"model.safetensors": weights, "rerankkit.json": "0"}}}
    found = {"identical": True, "compared": "weights", "differ": ["rerankkit.json"]}
    assert _compared(Path("meta.json"), told, again) == found
    told["output"]["files"]["model.safetensors"] = "0"
    assert _compared(Path("meta.json"), told, again)["identical"] is False


def test_the_new_output_is_kept_where_it_is_asked_for(fused):
    assert rerankkit("reproduce", "runs/out.txt", "--keep", "again.txt").exit_code == 0
    assert Path("again.txt").read_bytes() == Path("runs/out.txt").read_bytes()


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (["rerankkit", "fuse", "https://***@x", "--output", "a"], "the command held a password or key"),
        (["rerankkit", "fuse", "run.txt"], "the command has no --output"),
        (["rerankkit", "fuse", "run.txt", "--method", "rrf", "--output", "x"], "the command ended with 2"),
    ],
)
def test_a_side_file_that_cannot_be_run(fused, command, problem):
    side = json.loads(Path("runs/out.txt.meta.json").read_text())
    Path("runs/out.txt.meta.json").write_text(json.dumps({**side, "command": command}))
    result = rerankkit("reproduce", "runs/out.txt")
    assert result.exit_code == 2
    assert problem in result.stderr


@pytest.mark.parametrize("arguments", [["run.txt"], ["runs/out.txt", "--baseline", "run.txt"]])
def test_wrong_input_ends_with_two(fused, arguments):
    assert rerankkit("reproduce", *arguments).exit_code == 2
