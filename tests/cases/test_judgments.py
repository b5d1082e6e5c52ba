"""Qrels, clicks and runs of every shape that users bring: the figure that their owner meant, or a refusal."""

from pathlib import Path

import pytest

from rerankkit.trec import read_qrels

TRIPLES = "400001\t1540001\t3518001\n662002\t193002\t2975002\n"


def test_a_whole_grade_may_have_a_point(run):
    Path("judged.txt").write_text("1 0 d1 1.0\n1 0 d2 0.0\n")
    assert read_qrels("judged.txt") == {"1": {"d1": 1, "d2": 0}}


def test_half_a_grade_is_refused(run):
    Path("judged.txt").write_text("1 0 d1 1.0\n1 0 d2 0.5\n")
    output = run("evaluate", "run.txt", "--qrels", "judged.txt", code=2).output
    assert "judged.txt:2:" in output
    assert "a grade is a whole number" in output


def test_a_header_of_four_columns_is_no_judgment(run):
    Path("judged.txt").write_text("query_id iteration doc_id relevance\n1 0 d1 1\n")
    assert read_qrels("judged.txt") == {"1": {"d1": 1}}


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "run.txt", "--qrels", "triples.tsv"),
        ("evaluate", "triples.tsv", "--qrels", "qrels.txt"),
        ("queries", "--from-log", "triples.tsv", "--output", "out.tsv"),
        ("compare", "triples.tsv", "run.txt", "--qrels", "qrels.txt"),
    ],
)
def test_id_triples_are_neither_qrels_nor_clicks_nor_a_run(run, words):
    Path("triples.tsv").write_text(TRIPLES)
    output = run(*words, code=2).output
    assert "triples.tsv" in output
    assert "MS MARCO" in output


def test_grades_that_no_measure_takes(run):
    Path("large.txt").write_text("1 0 d1 9223372036854775808\n")
    assert "large.txt:1:" in run("evaluate", "run.txt", "--qrels", "large.txt", code=2).output
    Path("five.txt").write_text("1 0 d1 5\n")
    output = run("evaluate", "run.txt", "--qrels", "five.txt", "--measures", "ERR@10 nDCG@10", code=2).output
    assert "ERR" in output
    assert "4" in output


def test_ranks_start_at_1_or_are_read_so(run):
    Path("zero.tsv").write_text("1\td1\t0\n1\td2\t1\n")
    output = run("evaluate", "zero.tsv", "--qrels", "qrels.txt", code=2).output
    assert "zero.tsv:1:" in output
    assert "1" in output


@pytest.mark.parametrize("score", ["1_000", "１", "1,5"])
def test_other_digits_are_no_score(run, score):
    Path("odd.txt").write_text(f"1 Q0 d1 1 {score} t\n")
    assert "odd.txt:1:" in run("evaluate", "odd.txt", "--qrels", "qrels.txt", code=2).output
    assert "odd.txt" in run("lint", "odd.txt", code=1).output


def test_a_run_with_a_header_line(run):
    Path("headed.txt").write_text("qid Q0 docid rank score tag\n1 Q0 d1 1 3 t\n")
    output = run("evaluate", "headed.txt", "--qrels", "qrels.txt", "--output", "json").output
    assert '"nDCG@10": 1.0' in output
    assert '"qid"' not in output


def test_a_tag_that_a_spreadsheet_would_run_is_quoted(run):
    Path("=1+1.txt").write_text("1 Q0 d1 1 2.0 =1+1\n")
    output = run("compare", "run.txt", "=1+1.txt", "--qrels", "qrels.txt", "--output", "csv").output
    assert "=1+1" in output
    cells = [cell.strip('"') for line in output.splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
