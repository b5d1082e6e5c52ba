"""`rerankkit compare`."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main

DL19 = Path(__file__).parents[2].parent / "shared" / "data" / "dl19"
QIDS = [f"{number:03}" for number in range(30)]


def write_run(name: str, order: str, qids: list[str] = QIDS) -> None:
    lines = [f"{qid} Q0 {docid} {rank} {9 - rank} x\n" for qid in qids for rank, docid in enumerate(order, 1)]
    Path(name).write_text("".join(lines))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("qrels.txt").write_text("".join(f"{qid} 0 a 1\n{qid} 0 b 0\n{qid} 0 c 0\n" for qid in QIDS))
    write_run("bm25.txt", "bac")
    write_run("bert_1.txt", "abc")
    write_run("half.txt", "cba", QIDS[:15])
    return tmp_path


def compare(*args: str, code: int = 0):
    result = CliRunner().invoke(main, ["compare", *args])
    assert result.exit_code == code, result.output
    return result


def test_the_table(folder):
    result = compare("bm25.txt", "bert_1.txt", "--qrels", "qrels.txt", "--measures", "RR PNR")
    blocks = result.stdout.split("\n\n")
    system = "bert_1.txt 1.0000 +0.5000 +0.500 to +0.500 <.0001 <.0001 0.0001 0.0002 30/0/0 0.0000"
    assert [line.split() for line in blocks[0].splitlines()[1:]] == [
        ["bm25.txt", "0.5000"],
        system.split(),
        ["ceiling", "1.0000"],
    ]
    assert blocks[2].splitlines() == [
        "run         judged@10  not in baseline  queries lacking",
        "bm25.txt       100.0%                                 0",
        "bert_1.txt     100.0%             0.0%                0",
    ]
    assert "30 judged queries; differences are from bm25.txt, paired by query." in blocks[3]
    assert "each corrected for 2 tests (Holm)" in blocks[3]
    assert "PNR: the difference, its interval and tests are of each query's share of concordant pairs." in blocks[3]
    assert "\x1b" not in result.stdout
    assert result.stderr == ""


def test_a_terminal_sees_what_is_sure_in_colour(folder):
    arguments = ["compare", "bm25.txt", "bert_1.txt", "half.txt", "--qrels", "qrels.txt", "--measures", "RR"]
    lines = CliRunner().invoke(main, arguments, color=True).stdout.splitlines()
    assert [line[:5] for line in lines[:4]] == ["\x1b[1mR", "bm25.", "\x1b[32m", "\x1b[31m"]


def test_warnings_go_to_stderr(folder):
    result = compare("bm25.txt", "half.txt", "--qrels", "qrels.txt", "--measures", "RR")
    assert result.stderr.startswith("Warning: half.txt lacks 15 of 30 judged queries, which count as 0 in it: 015, 016")
    assert "Warning: the runs are of different queries: 15 of the 30" in result.stderr
    assert "Warning: half.txt is below bm25.txt: RR 0.1667 < 0.5000 (p < .001)" in result.stderr


def test_topics_and_seed_and_rounds(folder):
    Path("topics.tsv").write_text("".join(f"{qid}\ttext\n" for qid in QIDS[:15]))
    args = ("bm25.txt", "half.txt", "--qrels", "qrels.txt", "--measures", "RR", "--topics", "topics.tsv")
    study = json.loads(compare(*args, "--output", "json", "--seed", "7", "--rounds", "200").stdout)
    assert (study["settings"]["seed"], study["settings"]["rounds"]) == (7, 200)
    assert (study["outcomes"][0]["queries"], study["runs"][1]["missing"]) == (15, [])
    assert study["outcomes"][0]["p_randomisation"] == pytest.approx(1 / 201)


def test_json_has_null_for_what_is_no_finite_number(folder):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    args = ("bm25.txt", "bert_1.txt", "--qrels", "qrels.txt", "--output", "json")
    study = json.loads(compare(*args).stdout, parse_constant=refuse)
    assert study["ceiling"] == {"nDCG@10": 1.0, "RR@10": 1.0, "PNR": None}
    assert study["runs"][0]["measures"]["PNR"] == 1.0
    assert [one["measure"] for one in study["outcomes"]] == ["nDCG@10", "RR@10", "PNR"]
    assert study["first_stage"] == {"depth": 3, "found": 30, "positives": 30, "recall": 1.0}


def test_csv_has_every_figure(folder):
    args = ("bm25.txt", "bert_1.txt", "half.txt", "--qrels", "qrels.txt", "--measures", "RR", "--output", "csv")
    rows = list(csv.DictReader(compare(*args).stdout.splitlines()))
    assert [row["system"] for row in rows] == ["bert_1.txt", "half.txt"]
    first = rows[0]
    assert (first["baseline"], first["system_mean"], first["wins"], first["effect_size"]) == ("bm25.txt", "1", "30", "")
    assert (first["ceiling"], first["tie_low"], first["tie_high"]) == ("1", "1", "1")


def test_tables_for_papers(folder):
    args = ("bm25.txt", "bert_1.txt", "--qrels", "qrels.txt", "--measures", "RR")
    markdown = compare(*args, "--output", "markdown").stdout.splitlines()
    assert markdown[:5] == [
        "| run | RR | difference [95% interval] |",
        "| :-- | --: | --: |",
        "| bm25.txt | 0.5000 |  |",
        r"| bert\_1.txt | 1.0000† | +0.5000 [+0.500, +0.500] |",
        "| ceiling | 1.0000 |  |",
    ]
    latex = compare(*args, "--output", "latex").stdout.splitlines()
    at = latex.index(r"\begin{tabular}{lrl}")
    assert latex[at + 1 :] == [
        r"\toprule",
        r"run & RR & difference [95\% interval] \\",
        r"\midrule",
        r"bm25.txt & 0.5000 &  \\",
        r"bert\_1.txt & 1.0000$^{\dagger}$ & +0.5000 [+0.500, +0.500] \\",
        r"\midrule",
        r"ceiling & 1.0000 &  \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    assert all(line.startswith("%") for line in latex[:at])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["bm25.txt"], "Missing argument 'SYSTEMS...'"),
        (["bm25.txt", "bm25.txt"], "a run is given twice"),
        (["bm25.txt", "nothing.txt"], "nothing.txt: no such file"),
        (["bm25.txt", "other.txt"], "other.txt: no query in common with the qrels"),
        (["bm25.txt", "bert_1.txt", "--measures", "nDCG@0"], "not a measure: 'nDCG@0'"),
        (["bm25.txt", "bert_1.txt", "--rounds", "1"], "--rounds"),
        (["bm25.txt", "qrels.txt"], "qrels.txt:1: a line of qrels, not of a run"),
    ],
)
def test_wrong_input_is_told_and_ends_with_two(folder, args, message):
    write_run("other.txt", "abc", ["x"])
    result = compare(*args, "--qrels", "qrels.txt", code=2)
    assert result.stdout == ""
    assert message in result.stderr
    assert "Traceback" not in result.stderr


MODULES = """
import sys
from rerankkit.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    assert ended.code == 0
print([name for name in ("ir_measures", "pandas", "scipy.stats", "torch") if name in sys.modules])
"""


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_the_common_measures_load_nothing_heavy(folder, command):
    arguments = [
        command,
        "bm25.txt",
        "bert_1.txt",
        "--qrels",
        "qrels.txt",
        "--measures",
        "nDCG@10 AP R@100 PNR Judged@10",
    ]
    result = subprocess.run([sys.executable, "-c", MODULES, *arguments], capture_output=True, text=True)
    assert result.stdout.splitlines()[-1] == "[]", result.stderr


@pytest.mark.skipif(not DL19.is_dir(), reason=f"the development collection {DL19} is absent")
def test_public_runs_of_trec_dl_2019():
    names = ("bm25", "ref-gpt-3.5-turbo.bm25-top100", "rep_llama")
    runs = [str(DL19 / f"run.{name}.txt") for name in names]
    args = (*runs, "--qrels", str(DL19 / "qrels.txt"), "--measures", "nDCG@10", "--output", "json")
    study = json.loads(compare(*args).stdout)
    assert [round(run["measures"]["nDCG@10"], 4) for run in study["runs"]] == [0.5058, 0.6938, 0.7384]
    assert [round(run["outside"], 3) for run in study["runs"]] == [0, 0, 0.679]
    assert [round(end, 3) for end in study["runs"][2]["ties"]["nDCG@10"]] == [0.734, 0.751]
    assert study["first_stage"] == {
        "depth": 100,
        "found": 1372,
        "positives": 4102,
        "recall": pytest.approx(0.4531, abs=1e-4),
    }
