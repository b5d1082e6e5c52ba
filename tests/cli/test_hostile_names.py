"""Names of runs and queries that a spreadsheet, LaTeX, Markdown or a terminal would act on."""

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rerankkit.cli import main

FORMULA, TEX, TERMINAL = "=1+1.txt", "$\\frac{\\input{x}\n\\input{y}$.txt", "\x1b[2J](http:x).txt"
QID = '=HYPERLINK("http:x")'


def rerankkit(*arguments: str) -> Result:
    """What a command did."""
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """Two queries, one of them a formula, and runs of hostile names."""
    monkeypatch.chdir(tmp_path)
    Path("qrels.txt").write_text(f"{QID} 0 a 1\n{QID} 0 b 0\nq2 0 a 1\nq2 0 b 0\n")
    good, bad = ("a", "b"), ("b", "a")
    for name, order in {"base.txt": bad, FORMULA: good, TEX: good, TERMINAL: good}.items():
        lines = [
            f"{qid} Q0 {docid} {rank} {3 - rank} =1+1\n" for qid in (QID, "q2") for rank, docid in enumerate(order, 1)
        ]
        Path(name).write_text("".join(lines))
    return tmp_path


def rows(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    return list(csv.reader(io.StringIO(result.stdout)))


def test_no_csv_has_a_formula(here):
    found = rows(
        rerankkit("compare", "base.txt", FORMULA, "--qrels", "qrels.txt", "--measures", "RR", "--output", "csv")
    )
    assert found[1][0] == "'=1+1.txt"
    assert float(found[1][found[0].index("difference")]) == 0.5
    evaluate = ["evaluate", FORMULA, "--qrels", "qrels.txt", "--measures", "RR", "--output", "csv"]
    assert rows(rerankkit(*evaluate))[1] == ["'=1+1.txt", "0", "1"]
    queries = rows(rerankkit(*evaluate, "--per-query"))
    assert queries[1:] == [["'=1+1.txt", f"'{QID}", "1"], ["'=1+1.txt", "q2", "1"]]


def test_a_difference_below_zero_stays_a_number(here):
    found = rows(
        rerankkit("compare", FORMULA, "base.txt", "--qrels", "qrels.txt", "--measures", "RR", "--output", "csv")
    )
    assert found[1][found[0].index("difference")] == "-0.5"


def test_no_name_is_a_command_of_latex(here):
    result = rerankkit("compare", TEX, FORMULA, "--qrels", "qrels.txt", "--measures", "RR", "--output", "latex")
    assert result.exit_code == 0
    assert r"\$\textbackslash{}frac\{\textbackslash{}input\{x\}\textbackslash{}n\textbackslash{}input\{y\}\$.txt &" in (
        result.stdout
    )
    assert not [line for line in result.stdout.splitlines() if line.startswith("\\input")]


def test_no_name_is_markup_of_markdown(here):
    result = rerankkit("compare", TERMINAL, TEX, "--qrels", "qrels.txt", "--measures", "RR", "--output", "markdown")
    lines = result.stdout.splitlines()
    assert lines[2].startswith("| \\\\x1b\\[2J\\](http:x).txt | 1.0000 |")
    assert sum(line.startswith("|") for line in lines) == 5


def test_lint_escapes_a_file_s_name_and_its_words(here):
    result = rerankkit("lint", TERMINAL, "none\x1b.txt")
    assert r"\x1b[2J](http:x).txt: 4 lines of 2 queries" in result.stdout
    assert r"Error: none\x1b.txt: no such file" in result.stderr
    assert "\x1b" not in result.output


@pytest.mark.parametrize("command", [["compare", TERMINAL, TEX], ["evaluate", TERMINAL, TEX], ["evaluate", TERMINAL]])
def test_no_name_steers_the_terminal(here, command):
    result = rerankkit(*command, "--qrels", "qrels.txt", "--measures", "RR")
    assert result.exit_code == 0
    assert "\x1b[2J" not in result.output
    assert r"\x1b[2J](http:x).txt" in result.stdout


def test_a_name_in_dollars_is_no_formula_of_a_figure(here):
    compare = ["compare", "base.txt", TEX, FORMULA, "--qrels", "qrels.txt", "--measures", "RR", "--plots", "figures"]
    result = rerankkit(*compare)
    assert result.exit_code == 0, result.output
    assert "input{x}" in Path("figures/difference.RR.svg").read_text()
