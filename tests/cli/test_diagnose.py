"""`rerankkit diagnose`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main

RUNS = {
    "teacher.txt": {"1": {"a": 2.5, "b": 1, "c": -1.5}, "2": {"d": 3, "e": -0.5}},
    "student.txt": {"1": {"a": 2.2, "b": 1.2, "c": -1.3}, "2": {"d": 2.8, "e": -0.6}},
    "poor.txt": {"1": {"c": 2.2, "b": 1.2, "a": -1.3}, "2": {"e": 2.8, "d": -0.6}},
    "bm25.txt": {"1": {"a": 9, "c": 8, "b": 7}, "2": {"e": 9, "d": 8.5}},
    "other.txt": {"9": {"a": 1}},
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, lists in RUNS.items():
        lines = [f"{qid} Q0 {docid} 1 {score} t" for qid, docs in lists.items() for docid, score in docs.items()]
        Path(name).write_text("\n".join(lines) + "\n")
    Path("qrels.txt").write_text("1 0 a 2\n1 0 b 1\n1 0 c 0\n2 0 d 1\n2 0 e 0\n")
    return tmp_path


def diagnose(*args: str, code: int = 0):
    result = CliRunner().invoke(main, ["diagnose", *args])
    assert result.exit_code == code, result.output
    return result


def test_a_teacher_alone(folder):
    result = diagnose("--teacher", "teacher.txt")
    assert result.stdout.startswith("Teacher's scores\n")
    assert "5 scores of 2 queries" in result.stdout
    assert "Student" not in result.stdout
    assert result.stderr == ""


def test_all_of_it_as_json(folder):
    args = ("--teacher", "teacher.txt", "--student", "student.txt", "--first-stage", "bm25.txt")
    result = diagnose(*args, "--qrels", "qrels.txt", "--measures", "RR", "--output", "json")
    found = json.loads(result.stdout)
    # RR: the first stage has 1 and 1/2, teacher and student have 1 and 1.
    (worth,) = found["measured"]["worth"]
    assert (worth["first_stage"], worth["teacher"], worth["student"]) == (0.75, 1.0, 1.0)
    assert (worth["closed"], worth["kept"]) == (1.0, 1.0)
    assert found["agreement"]["tau"]["mean"] == 1.0
    assert result.stderr.splitlines() == [f"Warning: {warning}" for warning in found["warnings"]]


def test_a_student_below_the_first_stage_is_warned_of_and_is_no_error(folder):
    args = ("--teacher", "teacher.txt", "--student", "poor.txt", "--first-stage", "bm25.txt")
    result = diagnose(*args, "--qrels", "qrels.txt", "--measures", "RR")
    assert "Warning: the student agrees with only 0% of the pairs on which the teacher is sure" in result.stderr
    assert "is below the first stage (t): RR 0.5000 < 0.7500 (p = " in result.stderr
    assert "Warning" not in result.stdout


def test_pictures(folder):
    result = diagnose("--teacher", "teacher.txt", "--student", "student.txt", "--plots", "plots/here")
    names = ["student_vs_teacher.png", "tau_by_margin.png", "teacher_scores.png"]
    assert sorted(path.name for path in Path("plots/here").iterdir()) == names
    assert result.stderr.count("Wrote plots/here/") == 3


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--teacher", "nothing.txt"], "nothing.txt: no such file"),
        (["--teacher", "qrels.txt"], "qrels.txt:1: a line of qrels, not of a run"),
        (["--teacher", "teacher.txt", "--student", "other.txt"], "t and t have no query and candidate in common"),
        (["--teacher", "other.txt", "--qrels", "qrels.txt"], "none of the candidates is judged"),
        (["--teacher", "teacher.txt", "--measures", "nonsense"], "not a measure: 'nonsense'"),
        (["--teacher", "teacher.txt", "--depth", "0"], "Invalid value for '--depth'"),
        (["--student", "teacher.txt"], "Missing option '--teacher'"),
    ],
)
def test_wrong_input_is_told_and_ends_with_two(folder, args, message):
    result = diagnose(*args, code=2)
    assert result.stdout == ""
    assert message in result.stderr
    assert "Traceback" not in result.stderr
