"""`rerankkit evaluate`."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main

DL19 = Path(__file__).parents[2].parent / "shared" / "data" / "dl19"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("qrels.txt").write_text("1 0 a 1\n1 0 b 0\n2 0 c 1\n2 0 d 0\n")
    Path("bm25.txt").write_text("1 Q0 b 1 2 bm25\n1 Q0 a 2 1 bm25\n2 Q0 d 1 2 bm25\n2 Q0 c 2 1 bm25\n")
    Path("bert.txt").write_text("1 Q0 a 1 2 bert\n1 Q0 b 2 1 bert\n2 Q0 c 1 2 bert\n2 Q0 d 2 1 bert\n")
    Path("half.txt").write_text("1 Q0 b 1 2 half\n1 Q0 a 2 1 half\n")
    Path("topics.tsv").write_text("1\tfirst\n")
    return tmp_path


def evaluate(*args: str, code: int = 0):
    result = CliRunner().invoke(main, ["evaluate", *args])
    assert result.exit_code == code, result.output
    return result


def test_one_run_by_the_default_measures(folder):
    result = evaluate("bm25.txt", "--qrels", "qrels.txt")
    assert result.stdout == "run       nDCG@5  nDCG@10   RR@10     PNR\nbm25.txt  0.6309   0.6309  0.5000  0.0000\n"
    assert result.stderr == ""


def test_several_runs_side_by_side_with_p_against_the_first(folder):
    result = evaluate("bm25.txt", "bert.txt", "half.txt", "--qrels", "qrels.txt", "--measures", "nDCG@10 RR@10")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["run", "nDCG@10", "p", "RR@10", "p"]
    assert lines[1] == ["bm25.txt", "0.6309", "0.5000"]
    assert lines[2][:2] == ["bert.txt", "1.0000"]
    assert lines[3][:2] == ["half.txt", "0.3155"]
    assert result.stderr == (
        "Warning: half.txt is below bm25.txt: nDCG@10 0.3155 < 0.6309 (p = .500), RR@10 0.2500 < 0.5000 (p = .500): "
        "no gain over that run here, though chance alone may explain the difference\n"
    )


def test_a_run_that_is_surely_below_the_first_is_warned_of_and_is_no_error(folder):
    Path("many.txt").write_text("".join(f"{qid} 0 a 1\n{qid} 0 b 0\n" for qid in range(12)))
    for name, (first, second) in {"good.txt": "ab", "bad.txt": "ba"}.items():
        lines = [f"{qid} Q0 {docid} 1 {score} x\n" for qid in range(12) for docid, score in ((first, 2), (second, 1))]
        Path(name).write_text("".join(lines))
    result = evaluate("good.txt", "bad.txt", "--qrels", "many.txt", "--measures", "RR")
    assert result.stderr == (
        "Warning: bad.txt is below good.txt: RR 0.5000 < 1.0000 (p < .001): "
        "as a reranker of that run it does harm here\n"
    )
    assert evaluate("bad.txt", "good.txt", "--qrels", "many.txt", "--measures", "RR").stderr == ""


def test_missing_queries_are_named_on_stderr(folder):
    command = [sys.executable, "-m", "rerankkit", "evaluate", "half.txt", "--qrels", "qrels.txt", "--measures", "RR"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == "run           RR\nhalf.txt  0.2500\n"
    assert result.stderr == "half.txt: lacks 1 of 2 judged queries, counted as 0: 2\n"


def test_topics_restrict_the_queries(folder):
    result = evaluate("half.txt", "--qrels", "qrels.txt", "--measures", "RR", "--topics", "topics.tsv")
    assert result.stdout.splitlines()[1].split() == ["half.txt", "0.5000"]


def test_json_with_every_query(folder):
    args = ("bm25.txt", "bert.txt", "--qrels", "qrels.txt", "--measures", "RR", "--measures", "PNR")
    runs = json.loads(evaluate(*args, "--output", "json", "--per-query").stdout)["runs"]
    assert [run["measures"] for run in runs] == [{"RR": 0.5, "PNR": 0.0}, {"RR": 1.0, "PNR": None}]
    assert runs[0]["queries"]["RR"] == {"1": 0.5, "2": 0.5}
    assert set(runs[1]["p"]) == {"RR", "PNR"}


def test_csv_and_lines_by_query(folder):
    rows = list(csv.DictReader(evaluate("half.txt", "--qrels", "qrels.txt", "--output", "csv").stdout.splitlines()))
    assert rows == [
        {"run": "half.txt", "missing": "1", "nDCG@5": "0.315465", "nDCG@10": "0.315465", "RR@10": "0.25", "PNR": "0"}
    ]
    args = ("half.txt", "--qrels", "qrels.txt", "--measures", "RR", "--per-query")
    assert evaluate(*args, "--output", "csv").stdout == "run,qid,RR\nhalf.txt,1,0.5\nhalf.txt,2,0\n"
    assert evaluate(*args).stdout == "half.txt\t1\tRR\t0.5000\nhalf.txt\t2\tRR\t0.0000\nhalf.txt\tall\tRR\t0.2500\n"


def test_the_randomisation_test_repeats_with_its_seed(folder):
    args = ("bm25.txt", "bert.txt", "--qrels", "qrels.txt", "--measures", "RR", "--test", "randomisation")
    assert evaluate(*args, "--seed", "5").stdout == evaluate(*args, "--seed", "5").stdout
    p = json.loads(evaluate(*args, "--output", "json").stdout)["runs"][1]["p"]["RR"]
    assert p == pytest.approx(0.5, abs=0.03)  # two of the four assignments of two equal differences


def test_runs_of_one_file_name_are_told_apart_by_their_paths(folder):
    (folder / "old").mkdir()
    (folder / "old" / "bm25.txt").write_text(Path("bm25.txt").read_text())
    result = evaluate("bm25.txt", "old/bm25.txt", "--qrels", "qrels.txt", "--measures", "RR")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["run", "bm25.txt", "old/bm25.txt"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nothing.txt", "--qrels", "qrels.txt"], "nothing.txt: no such file"),
        (["bm25.txt", "--qrels", "nothing.txt"], "nothing.txt: no such file"),
        (["bm25.txt", "--qrels", "bm25.txt"], "bm25.txt:1: a line of a run, not of qrels"),
        (["qrels.txt", "--qrels", "qrels.txt"], "qrels.txt:1: a line of qrels, not of a run"),
        (["bm25.txt", "bm25.txt", "--qrels", "qrels.txt"], "a run is given twice"),
        (["bm25.txt", "--qrels", "qrels.txt", "--measures", "nonsense"], "not a measure: 'nonsense'"),
        (["bm25.txt", "--qrels", "other.txt"], "no query in common with the qrels (run: 1, 2; qrels: 01, 02)"),
        (["bm25.txt", "--qrels", "qrels.txt", "--topics", "others.tsv"], "none of the topics is judged"),
        (["bm25.txt", "--qrels", "empty.txt"], "empty.txt: the file is empty"),
        (["latin.txt", "--qrels", "qrels.txt"], "latin.txt:1: not UTF-8"),
        ([".", "--qrels", "qrels.txt"], ".: is a folder"),
    ],
)
def test_wrong_input_is_told_and_ends_with_two(folder, args, message):
    Path("other.txt").write_text("01 0 a 1\n02 0 c 1\n")
    Path("others.tsv").write_text("9\tnine\n")
    Path("empty.txt").write_text("")
    Path("latin.txt").write_bytes(b"1 Q0 caf\xe9 1 2 t\n")
    result = evaluate(*args, code=2)
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(not DL19.is_dir(), reason=f"the development collection {DL19} is absent")
def test_bm25_on_trec_dl_2019_has_its_official_figure():
    args = (str(DL19 / "run.bm25.txt"), "--qrels", str(DL19 / "qrels.txt"), "--measures", "nDCG@10")
    assert evaluate(*args).stdout.split()[-1] == "0.5058"
