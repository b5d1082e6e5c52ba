"""`rerankkit sft`: which candidates, which queries."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main

FILES = ["--topics", "topics.tsv", "--collection", "docs.jsonl", "--output", "out"]
QUICK = ["--max-length", "32", "--max-steps", "1", "--group-size", "4", "--use-cpu", "--no-bf16"]
GRADES = ["--qrels", "qrels.txt"]
THINGS = ("cat", "dog", "bird", "fish", "river", "stone")


@pytest.fixture
def sft(toy, tiny_bert, caplog):
    """Runs the command; returns the groups that it learnt from, the record, and what was logged."""

    def call(*flags: str, run: str = "run.txt", labels: list[str] = GRADES, code: int = 0):
        caplog.clear()
        words = ["sft", "--run", run, *labels, "--model", str(tiny_bert), *FILES, *QUICK, *flags]
        with caplog.at_level("INFO", "rerankkit"):
            result = CliRunner().invoke(main, words)
        assert result.exit_code == code, result.output
        return result.stderr if code else (trained(), caplog.messages)

    return call


def trained() -> dict:
    return json.loads(Path("out/rerankkit.json").read_text())["trained"]


def test_runs_of_the_same_queries_are_united(sft):
    """Of q1 each run has two candidates, of q2 only one run has any: united, both have two grades, alone neither."""
    Path("one.txt").write_text("q1 Q0 dog 1 9 a\nq2 Q0 cat 1 9 a\nq2 Q0 fish 2 8 a\n")
    Path("two.txt").write_text("q1 Q0 river 1 9 b\n")
    Path("qrels.txt").write_text("q1 0 dog 0\nq1 0 river 1\nq2 0 cat 1\nq2 0 fish 0\n")
    alone, _ = sft(run="one.txt")
    both, _ = sft("--run", "two.txt", run="one.txt")
    assert (alone["groups"], both["groups"]) == (1, 2)


def test_the_drawing_is_recorded(sft):
    record, _ = sft("--sampling", "stratified", "--positives", "2", "--negatives", "1-5")
    assert (record["sampling"], record["positives"], record["negatives"]) == ("stratified", 2, "1-5")
    record, _ = sft()
    assert (record["sampling"], record["positives"], record["negatives"]) == ("halves", 1, None)


def test_the_drawing_comes_from_a_file_too(sft):
    Path("sft.toml").write_text('sampling = "top"\nnegatives = "2-6"\n')
    record, _ = sft("--config", "sft.toml", "--negatives", "3-6")
    assert (record["sampling"], record["negatives"]) == ("top", "3-6")


ONE_POSITIVE = "q1 0 bird 1\nq2 0 bird 1\nq3 0 bird 1\nq3 0 dog 0\n"
TEACHER = """q1 Q0 cat 1 9 llm\nq1 Q0 bird 2 8 llm\nq1 Q0 dog 3 7 llm
q2 Q0 bird 1 9 llm\nq2 Q0 cat 2 8 llm\nq3 Q0 dog 1 9 llm\nq3 Q0 cat 2 8 llm\nq3 Q0 bird 3 7 llm\n"""
TOLD = "2 likely false negatives in 2 of 3 queries that llm scored{}: q1 cat, q3 cat"


def test_suspects_are_told_and_stay(sft):
    """Above the positive bird stand, unjudged, cat for q1 and for q3; that query's dog was judged."""
    Path("qrels.txt").write_text(ONE_POSITIVE)
    Path("llm.txt").write_text(TEACHER)
    plain, _ = sft()
    kept, messages = sft("--suspects", "llm.txt")
    assert TOLD.format("") in messages
    assert kept["data"] == plain["data"]


def test_suspects_are_left_out_on_demand(sft):
    Path("qrels.txt").write_text(ONE_POSITIVE)
    Path("llm.txt").write_text(TEACHER)
    plain, _ = sft()
    dropped, messages = sft("--suspects", "llm.txt", "--drop-suspects")
    assert TOLD.format(", left out") in messages
    assert dropped["groups"] == plain["groups"] == 3
    assert dropped["data"] != plain["data"]


def test_suspects_of_clicks_are_what_nobody_clicked(sft):
    """Only the click for red, q1, is told."""
    Path("clicks.jsonl").write_text('{"query": "red", "docid": "bird", "clicks": 3}\n')
    Path("llm.txt").write_text(TEACHER)
    _, messages = sft("--suspects", "llm.txt", labels=["--clicks", "clicks.jsonl"])
    assert "1 likely false negatives in 1 of 1 queries that llm scored: q1 cat" in messages


def test_near_duplicates_of_held_out_queries_are_told(sft):
    Path("dev.tsv").write_text("d1\tRed!\nd2\tpurple\n")
    Path("test.tsv").write_text("t1\t 'blue'\n")
    record, messages = sft("--held-out", "dev.tsv", "--held-out", "test.tsv")
    told = "2 of 4 training queries are near-duplicates of held-out ones: q1 'red' of 'Red!'; q3 'blue' of \"'blue'\""
    assert told in messages
    assert record["groups"] == 4


def test_near_duplicates_of_held_out_queries_are_left_out(sft):
    Path("dev.tsv").write_text("d1\tRed!\nd2\tpurple\n")
    record, messages = sft("--held-out", "dev.tsv", "--drop-overlap")
    assert "1 of 4 training queries are near-duplicates of held-out ones, left out: q1 'red' of 'Red!'" in messages
    assert record["groups"] == 3


def test_none_found_is_told_too(sft):
    Path("dev.tsv").write_text("d1\tpurple\n")
    assert "none of 4 training queries is a near-duplicate of a held-out one" in sft("--held-out", "dev.tsv")[1]


def test_groups_are_counted_after_all_that_leaves_some_out(sft):
    """q4's documents have one grade; of q1's only the positive and what stands at the first rank remains, itself."""
    qrels = "q1 0 cat 1\nq2 0 dog 1\nq3 0 fish 1\n" + "".join(f"q4 0 {word} 1\n" for word in THINGS)
    Path("qrels.txt").write_text(qrels)
    record, messages = sft("--negatives", "1-1")
    assert record["groups"] == 2
    assert messages[:3] == [
        "1 of 4 groups left out: no two different labels in them",
        "1 groups left out: no pair with --negatives 1-1",
        "2 groups to learn from",
    ]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--sampling", "best"], "--sampling best is unknown. Known: halves, random, stratified, top"),
        (["--positives", "4"], "--positives 4 does not fit a group of 4. Give at least 0 and fewer than --group-size"),
        (["--negatives", "10"], "--negatives '10' names no ranks. Expected FIRST-LAST, e.g. --negatives 10-100"),
        (["--negatives", "0-5"], "--negatives 0-5 holds no rank"),
        (["--negatives", "10-100"], "no query has a negative at the ranks of --negatives 10-100 and a positive"),
        (["--drop-suspects"], "--drop-suspects has no scores to go by. Give a teacher's run: --suspects"),
        (["--suspects", "nothing.txt"], "nothing.txt: no such file"),
        (["--suspects", "other.txt"], "the run of --suspects has none of the queries"),
        (["--drop-overlap"], "--drop-overlap has nothing to compare with. Give the dev or test topics: --held-out"),
        (["--held-out", "nothing.tsv"], "nothing.tsv: no such file"),
        (["--held-out", "topics.tsv", "--drop-overlap"], "every training query is a near-duplicate of a held-out one"),
    ],
)
def test_what_cannot_be_is_told_before_any_training(sft, flags, message):
    Path("other.txt").write_text("901 Q0 cat 1 9 t\n")
    if flags[0] == "--negatives":  # the toy's lists have positives at every rank
        Path("qrels.txt").write_text(ONE_POSITIVE)
    error = sft(*flags, code=2)
    assert message in error
    assert "Traceback" not in error
    assert not Path("out").exists()


def test_a_query_that_is_too_long_is_cut_or_named(sft):
    """32 tokens less three special ones leave 29: of a query of 40 tokens half of them, 14, are kept."""
    Path("topics.tsv").write_text("q1\t" + "red " * 40 + "\nq2\tgreen\nq3\tblue\nq4\twhite\n")
    message = "query q1 has 40 tokens of the 29 that a pair may have"
    assert message in sft("--long-queries", "error", code=2)
    assert not Path("out").exists()
    record, messages = sft("--max-steps", "1")
    assert record["long_queries"] == "cut"
    told = [message for message in messages if "were cut to 14 tokens to leave room in --max-length 32" in message]
    assert len(told) == 1
    assert "long_queries" not in json.loads(Path("out/rerankkit.json").read_text())["lengths"]
