"""`rerankkit distill`: which candidates, which queries."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main

FILES = ["--run", "teacher.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl", "--output", "out"]
QUICK = ["--max-length", "32", "--max-steps", "1", "--group-size", "4", "--use-cpu", "--no-bf16"]


@pytest.fixture
def distill(toy, tiny_bert):
    """Runs the command; what it said on stderr."""

    def call(*flags: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["distill", *FILES, "--model", str(tiny_bert), *QUICK, *flags])
        assert result.exit_code == code, result.output
        return result.stderr

    return call


def trained() -> dict:
    return json.loads(Path("out/rerankkit.json").read_text())["trained"]


def test_the_drawing_is_recorded(distill):
    distill("--sampling", "stratified")
    assert (trained()["sampling"], trained()["group_size"]) == ("stratified", 4)


def test_near_duplicates_of_held_out_queries_are_told_or_left_out(distill, caplog):
    Path("test.tsv").write_text("t1\tGREEN\nt2\twhite.\n")
    distill("--held-out", "test.tsv")
    assert trained()["groups"] == 4
    distill("--held-out", "test.tsv", "--drop-overlap")
    assert trained()["groups"] == 2
    told = (
        "2 of 4 training queries are near-duplicates of held-out ones{}: q2 'green' of 'GREEN'; q4 'white' of 'white.'"
    )
    assert [message for message in caplog.messages if "held-out" in message] == [
        told.format(""),
        told.format(", left out"),
    ]


def test_a_query_of_two_teachers_is_sent_to_fuse(distill):
    error = distill("--run", "run.txt", code=2)
    assert "query q1 stands in two of the runs. Give runs of different queries, or combine them first" in error
    assert "rerankkit fuse" in error


@pytest.mark.parametrize("setting", ["positives = 2", 'negatives = "10-100"'])
def test_what_is_for_labels_from_people_is_refused(distill, setting):
    Path("distill.toml").write_text(f"{setting}\n")
    assert "positives and negatives are for labels from people" in distill("--config", "distill.toml", code=2)
    assert not Path("out").exists()


def test_an_unknown_way_of_drawing_is_told(distill):
    assert "--sampling best is unknown. Known: halves, random" in distill("--sampling", "best", code=2)
