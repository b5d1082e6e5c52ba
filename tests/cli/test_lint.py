"""`rerankkit lint`."""

import json

import pytest
from click.testing import CliRunner, Result

from rerankkit.cli import main


def lint(*arguments: str) -> Result:
    """What the command did."""
    return CliRunner().invoke(main, ["lint", *arguments])


def test_a_clean_run(toy):
    result = lint("run.txt", "--qrels", "qrels.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "run.txt: 24 lines of 4 queries: clean"
    assert result.stdout.startswith("run.txt: nDCG@10 is 0.")


def test_findings_end_with_one(toy):
    (toy / "bad.txt").write_text("q1 Q0 cat 1 2 x\nq1 Q0 dog 2 2 x\nq1 Q0 emu 3 1 x\n")
    result = lint("run.txt", "bad.txt", "--qrels", "qrels.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[2] == "run.txt: 24 lines of 4 queries: clean"
    assert lines[3].startswith("bad.txt:3: error: document emu is not in the collection")
    assert lines[-3].startswith("bad.txt: nDCG@10 is 0.")
    assert "by the order of equal scores" in lines[-3]
    assert lines[-1] == "bad.txt: 3 lines of 1 queries: 1 error, 2 warnings"


def test_json(toy):
    (toy / "bad.txt").write_text("q1 Q0 cat 1 2 x\nq1 Q0 cat 2 1 x\n")
    told = json.loads(lint("bad.txt", "--output", "json", "--qrels", "qrels.txt").stdout)
    (run,) = told["runs"]
    assert (run["path"], run["queries"], run["lines"], told["unread"]) == ("bad.txt", 1, 2, [])
    assert set(run["measures"]["nDCG@10"]) == {"low", "evaluated", "high"}
    (finding,) = run["findings"]
    assert finding == {
        "severity": "error",
        "kind": "duplicate",
        "path": "bad.txt",
        "line": 2,
        "message": "query q1 has document cat twice, first in line 1",
        "count": 1,
        "more": [],
        "remedy": "Keep each document once a query",
    }


def test_what_cannot_be_read_ends_with_two_and_the_others_are_told(toy):
    result = lint("none.txt", "run.txt", ".")
    assert result.exit_code == 2
    assert result.stdout == "run.txt: 24 lines of 4 queries: clean\n"
    assert result.stderr == (
        "Error: none.txt: no such file. Check the path\nError: .: is a folder, where a file is expected\n"
    )


@pytest.mark.parametrize("arguments", [["--qrels", "none"], ["--index", "a", "--collection", "docs.jsonl"]])
def test_wrong_arguments_end_with_two(toy, arguments):
    assert lint("run.txt", *arguments).exit_code == 2
