"""scripts/recipe.py and the tables of scripts/seeds.py; scripts/real_input.py's commands."""

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

from rerankkit.cli import main

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def script(monkeypatch):
    """A module of scripts/ by its name."""
    monkeypatch.syspath_prepend(str(SCRIPTS))

    def load(name):
        for other in [path.stem for path in SCRIPTS.glob("*.py")]:
            sys.modules.pop(other, None)
        return importlib.import_module(name)

    return load


def test_every_command_parses(script, tmp_path):
    for name in ("mwmbl", "crowdflower"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "split.dev.txt").touch()
    recipe, real_input = script("recipe"), script("real_input")
    out = tmp_path / "out"
    for stages in (list(recipe.Recipe(tmp_path, out).stages()), list(real_input.stages(tmp_path, out))):
        commands = [stage.does for stage in stages if isinstance(stage.does, list)]
        assert len({stage.name for stage in stages}) == len(stages)
        assert len(commands) > 8
        for command in commands:
            main.get_command(click.Context(main), command[0]).make_context(command[0], list(command[1:]))


def test_what_the_recipe_reads_was_written_before(script, tmp_path):
    out = tmp_path / "out"
    written: set[str] = set()
    for stage in script("recipe").Recipe(tmp_path, out).stages():
        if not isinstance(stage.does, list):
            continue
        pairs = list(zip(stage.does, stage.does[1:], strict=False))
        made = [value for option, value in pairs if option in ("--output", "--index") and value.startswith(str(out))]
        read = [v for option, v in pairs if option in ("--run", "--model") and v.startswith(str(out))]
        if stage.does[0] == "fuse":
            read += [v for v in stage.does[1:] if v.endswith(".txt") and v not in made]
        for path in read:
            ours = Path(path).name
            assert ours in written or ours.endswith((".share.bi.txt", ".kept.bi.txt", ".bm25.txt")), (stage.name, ours)
        written |= {Path(path).name for path in made}


def test_a_table_has_the_mean_of_its_seeds_and_p_of_their_mean_by_query(script, tmp_path):
    """nDCG@10 with one relevant document at rank 1 is 1, at rank 2 it is 1 / log2(3) = .6309."""
    seeds = script("seeds")
    (tmp_path / "qrels.txt").write_text("a 0 x 1\na 0 y 0\nb 0 x 1\nb 0 y 0\nc 0 x 1\nc 0 y 0\n")

    def run(name, *first):
        lines = [f"{qid} Q0 {d} {r} {2 - r} t" for qid, f in zip("abc", first, strict=True) for r, d in enumerate(f)]
        (tmp_path / name).write_text("\n".join(lines) + "\n")
        return tmp_path / name

    low = run("low", "yx", "yx", "yx")
    one, two = run("one", "xy", "xy", "yx"), run("two", "xy", "yx", "yx")
    table = seeds.Table(tmp_path / "qrels.txt", {"first": [low], "labels": [one, two], "ours": [one]}).rows()
    second = 0.6309297535714575
    expected = [(2 + second) / 3, (1 + 2 * second) / 3]
    assert table[1]["nDCG@10"]["mean"] == pytest.approx(sum(expected) / 2)
    assert table[1]["nDCG@10"]["deviation"] == pytest.approx((expected[0] - expected[1]) / 2**0.5)
    assert table[0]["nDCG@10"] == {
        "mean": pytest.approx(second),
        "deviation": None,
        "p": {"labels": pytest.approx(0.2254, abs=1e-4)},
    }
    assert table[2]["nDCG@10"]["p"].keys() == {"first", "labels"}
    assert "| labels | 2 | " in seeds.as_text(table)


def test_a_file_that_is_not_there_is_told_first(tmp_path):
    words = [sys.executable, SCRIPTS / "recipe.py", "--data", "nowhere", "--output", tmp_path / "out"]
    result = subprocess.run(words, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: nowhere/mwmbl/docs.jsonl: no such file")
    assert not (tmp_path / "out").exists()
