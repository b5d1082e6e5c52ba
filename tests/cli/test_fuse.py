"""`rerankkit fuse`."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rerankkit.cli import main
from rerankkit.trec import read_run


def rerankkit(*arguments: str) -> Result:
    """What the command did."""
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def two(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.txt").write_text("q Q0 a 1 3 one\nq Q0 b 2 1 one\n")
    (tmp_path / "two.txt").write_text("q Q0 b 1 9 two\nq Q0 c 2 8 two\nq Q0 a 3 7 two\n")
    (tmp_path / "other.txt").write_text("q Q0 a 1 2 two\nr Q0 a 1 1 two\n")


def test_a_committee_by_default(two):
    result = rerankkit("fuse", "one.txt", "two.txt", "--output", "out.txt", "--weights", "3,1")
    assert (result.exit_code, result.stdout) == (0, "out.txt\n")
    run = read_run("out.txt")
    assert (run.docids("q"), run.tag) == (["a", "b"], "committee")


def test_methods_depth_and_tag(two):
    arguments = ["--method", "rrf", "--k", "1", "--depth", "2", "--tag", "mine", "--output", "out.txt"]
    assert rerankkit("fuse", "one.txt", "two.txt", *arguments).exit_code == 0
    run = read_run("out.txt")
    assert (run.docids("q"), run.tag) == (["b", "a"], "mine")
    assert list(run.scores("q")) == pytest.approx([1 / 3 + 1 / 2, 1 / 2 + 1 / 4])


def test_interpolation_of_normalised_scores(two):
    arguments = ["--method", "interpolation", "--alpha", "0.25", "--norm", "rank", "--output", "out.txt"]
    assert rerankkit("fuse", "one.txt", "two.txt", *arguments).exit_code == 0
    assert dict(read_run("out.txt")["q"]) == pytest.approx(
        {"b": 0.25 * 0.5 + 0.75 * 1, "a": 0.25 * 1 + 0.75 / 3, "c": 0.75 * 2 / 3}
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["one.txt", "--method", "rrf"], "one run is nothing to combine"),
        (["one.txt", "two.txt", "--weights", "1;2"], "--weights '1;2'"),
        (["one.txt", "two.txt", "--weights", "1"], "1 weights for 2 runs"),
        (["one.txt", "none.txt"], "none.txt"),
        (["one.txt", "two.txt", "./one.txt"], "one.txt: is given twice. Give each once; --weights says"),
        (["one.txt", "two.txt", "--k", "5"], "--k is for --method rrf, not committee"),
        (["one.txt", "two.txt", "--norm", "z"], "--norm is for --method interpolation and combsum and combmnz, not"),
        (["one.txt", "two.txt", "--alpha", ".5", "--method", "rrf"], "--alpha is for --method interpolation, not rrf"),
        (["one.txt", "two.txt", "--tag", "a b"], "--tag must be one word: 'a b'"),
        (["one.txt", "other.txt"], "run 1 (one.txt) lacks query r"),
    ],
)
def test_wrong_input_ends_in_a_message(two, arguments, told):
    result = rerankkit("fuse", *arguments, "--output", "out.txt")
    assert result.exit_code == 2
    assert told in result.stderr
    assert not Path("out.txt").exists()
