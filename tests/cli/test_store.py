"""`rerankkit store`."""

import json
import re
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyarrow import parquet

from rerankkit.cli import main
from rerankkit.cli.store import seconds
from rerankkit.rerank.store import Store


def store(*args: str, code: int = 0):
    result = CliRunner().invoke(main, ["store", *args])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def filled(toy, bert_reranker) -> str:
    """The store of a rerank in its usual place; returns the reranker's name."""
    given = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl", "--output", "out.txt"]
    result = CliRunner().invoke(main, ["rerank", "--model", str(bert_reranker), "--dtype", "float32", *given])
    assert result.exit_code == 0, result.output
    return bert_reranker.name


def test_stats_tell_size_identities_counts_and_days(filled):
    head, columns, row = store("stats").stdout.splitlines()
    assert re.fullmatch(r"runs/scores\.sqlite: 0\.0\d MB, 24 scores", head)
    assert columns.split() == ["identity", "model", "scores", "made", "used", "settings"]
    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert re.match(rf"[0-9a-f]{{12}}  {filled} +24  {today}  {today}  ", row)
    assert {"dtype=float32", "architecture=BertForSequenceClassification", "max_length=64"} <= set(row.split())


def test_stats_as_json(filled):
    told = json.loads(store("stats", "--json", "--store", "runs/scores.sqlite").stdout)
    (one,) = told["identities"]
    assert (told["path"], one["model"], one["scores"], len(one["digest"])) == ("runs/scores.sqlite", filled, 24, 32)
    assert len(one["traits"]["weights"]) == 64
    assert told["bytes"] >= Path("runs/scores.sqlite").stat().st_size > 0


def test_prune_by_name_identity_and_number(filled):
    digest = json.loads(store("stats", "--json").stdout)["identities"][0]["digest"]
    assert store("prune", "--model", filled, "--keep", "1").stdout.startswith("0 scores removed, ")
    assert "no scores of --model other. See rerankkit store stats" in store("prune", "--model", "other", code=2).stderr
    with closing(Store("runs/scores.sqlite")) as opened:
        opened.add(opened.identity("other", {}), [(b"q" * 12, b"d" * 12, 1.0)])
    assert store("prune", "--identity", digest[:6]).stdout.startswith("24 scores removed, ")
    assert store("prune", "--keep", "0").stdout.startswith("1 scores removed, ")
    assert store("stats").stdout.splitlines()[0].endswith(" 0 scores")


def test_prune_by_age(filled):
    assert store("prune", "--older-than", "1h").stdout.startswith("0 scores removed, ")
    with closing(Store("runs/scores.sqlite")) as opened, opened.writing():
        opened.db.execute("UPDATE scores SET made = made - 31 * 86400 WHERE score > 0")
        ((old,),) = opened.db.execute("SELECT count(*) FROM scores WHERE score > 0")
    assert 0 < old <= 24
    assert store("prune", "--older-than", "32d").stdout.startswith("0 scores removed, ")
    assert store("prune", "--older-than", "30d", "--model", filled).stdout.startswith(f"{old} scores removed, ")


def test_ages():
    assert [seconds(age) for age in ("12h", "30d", " 8w ")] == [43_200, 2_592_000, 4_838_400]


@pytest.mark.parametrize("age", ["30", "d", "-1d", "1.5d", "30 days", "9999999d"])
def test_what_is_no_age_is_told(filled, age):
    assert "is no age. Give hours, days or weeks" in store("prune", "--older-than", age, code=2).stderr


def test_prune_asks_what(filled):
    message = "nothing says which scores to remove. Give --older-than, --model, --identity or --keep"
    assert message in store("prune", code=2).stderr


def test_export_writes_the_runs_scores(filled):
    from rerankkit.trec import read_run

    result = store("export", "--output", "scores.parquet", "--model", filled)
    assert (result.stdout, result.stderr) == ("scores.parquet\n", "24 scores\n")
    exported = sorted(parquet.read_table("scores.parquet")["score"].to_pylist())
    assert exported == pytest.approx(sorted(hit.score for hits in read_run("out.txt").values() for hit in hits))


@pytest.mark.parametrize("name", ["stats", "prune", "export"])
def test_a_store_that_is_not_there_is_told_and_not_made(toy, name):
    rest = {"stats": (), "prune": ("--keep", "1"), "export": ("--output", "x.parquet")}[name]
    assert "runs/scores.sqlite: no such score store" in store(name, *rest, code=2).stderr
    assert not Path("runs").exists()
    assert not Path("x.parquet").exists()
