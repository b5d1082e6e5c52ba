"""Queries that find themselves."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.collection.self_hits import SelfHits


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        ({"1": ["1", "a"], "2": ["b", "c", "2"], "3": ["a"]}, "2 of 3 queries find themselves among their first 3"),
        ({"1": ["1"], "2": ["b"]}, ""),  # one may be chance
        ({"1": ["a", "b", "c", "1"], "2": ["a", "b", "c", "2"]}, ""),  # too far down
        ({**{str(i): ["x"] for i in range(100)}, "1": ["1"], "2": ["2"]}, ""),  # two of a hundred may be chance
    ],
)
def test_more_than_chance_is_told(lists, told):
    hits = SelfHits()
    for qid, docids in lists.items():
        hits.add(qid, docids)
    assert hits.told().startswith(told)
    assert bool(hits.told()) == bool(told)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A run over documents among which are the queries, under ids of their own."""
    monkeypatch.chdir(tmp_path)
    Path("docs.jsonl").write_text(
        '{"id": "d1", "contents": "a fox"}\n{"id": "x1", "title": "What", "contents": "do foxes eat"}\n'
        '{"id": "x2", "contents": "bears  WINTER sleep"}\n'
    )
    Path("topics.tsv").write_text("q1\twhat do foxes eat\nq2\tbears winter sleep\n")
    Path("run.txt").write_text("q1 Q0 x1 1 9 t\nq1 Q0 d1 2 8 t\nq2 Q0 x2 1 9 t\n")
    Path("own.txt").write_text("q1 Q0 q1 1 9 t\nq1 Q0 d1 2 8 t\nq2 Q0 q2 1 9 t\n")
    Path("qrels.txt").write_text("q1 0 d1 1\nq2 0 d1 1\n")
    return tmp_path


def test_lint_compares_ids_and_texts(folder):
    texts = ["--topics", "topics.tsv", "--collection", "docs.jsonl"]
    assert "[self-hit]" not in CliRunner().invoke(main, ["lint", "run.txt"]).output
    assert "[self-hit]" in CliRunner().invoke(main, ["lint", "run.txt", *texts]).output
    result = CliRunner().invoke(main, ["lint", "own.txt"])
    assert "own.txt: warning: 2 of 2 queries find themselves among their first 3 documents" in result.output
    assert result.exit_code == 1


def test_lint_reads_the_texts_of_an_index(folder):
    made = CliRunner().invoke(main, ["index", "--input", "docs.jsonl", "--index", "index"])
    assert made.exit_code == 0, made.output
    words = ["lint", "run.txt", "--topics", "topics.tsv", "--index", "index"]
    assert "[self-hit]" in CliRunner().invoke(main, words).output


def test_evaluate_warns(folder):
    result = CliRunner().invoke(main, ["evaluate", "own.txt", "run.txt", "--qrels", "qrels.txt"])
    assert "Warning: own: 2 of 2 queries find themselves" in result.stderr.replace("own.txt", "own")
    assert "run.txt: 2 of 2" not in result.stderr
    assert "--remove-query" in result.stderr
