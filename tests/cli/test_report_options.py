"""`rerankkit compare` with a report."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main

RUNS = {
    "bm25.txt": {"1": "b a c", "2": "e d"},
    "bert.txt": {"1": "a c b", "2": "d e"},
    "llm.txt": {"1": "a b c", "2": "d e"},
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, lists in RUNS.items():
        lines = [
            f"{qid} Q0 {docid} {i} {9 - i}.5 {name[:-4]}"
            for qid, all_ in lists.items()
            for i, docid in enumerate(all_.split(), 1)
        ]
        Path(name).write_text("\n".join(lines) + "\n")
    Path("qrels.txt").write_text("1 0 a 2\n1 0 b 0\n1 0 c 1\n2 0 d 1\n2 0 e 0\n")
    Path("topics.tsv").write_text("1\tred fish\n2\tblue\n")
    documents = [{"id": docid, "title": docid.upper(), "contents": f"about {docid}"} for docid in "abcdez"]
    Path("docs.jsonl").write_text("\n".join(map(json.dumps, documents)) + "\n")
    Path("timings.tsv").write_text("bert.txt\t12\t20\n")
    return tmp_path


def compare(*args: str, code: int = 0):
    result = CliRunner().invoke(main, ["compare", "bm25.txt", "bert.txt", "--qrels", "qrels.txt", *args])
    assert result.exit_code == code, result.output
    return result


def record_of(path: str) -> dict:
    """What the page's scripts draw from."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', Path(path).read_text("utf-8"), re.S)
    assert found
    return json.loads(found[1])


def test_a_report_with_everything(folder):
    texts = ("--topics", "topics.tsv", "--collection", "docs.jsonl")
    result = compare(*texts, "--teacher", "llm.txt", "--timings", "timings.tsv", "--report", "new/report.html")
    assert "Wrote new/report.html" in result.stderr
    assert "<html" not in result.stdout
    record = record_of("new/report.html")
    assert record["queries"] == ["red fish", "blue"]
    assert ["a", "A", "about a"] in record["documents"]
    assert len(record["documents"]) == 5
    assert record["timings"] == [{"system": 1, "p50": 12.0, "p95": 20.0}]
    assert record["teacher"]["students"]["1"]["candidates"] == 5


def test_the_reports_numbers_are_those_of_the_json(folder):
    told = json.loads(compare("--report", "report.html", "--output", "json").stdout)
    record = record_of("report.html")
    assert [{**one, "system": record["systems"][one["system"]]} for one in record["outcomes"]] == told["outcomes"]
    means = [[run["measures"][measure] for run in told["runs"]] for measure in record["measures"]]
    assert record["means"] == means
    page = Path("report.html").read_text("utf-8")
    assert all(warning.replace("'", "&#x27;").replace("<", "&lt;") in page for warning in told["warnings"])
    assert told["warnings"]


def test_a_checkpoints_learning_curves_are_in_the_report(folder):
    from rerankkit.rerank.checkpoint import Note

    log = [{"step": step, "loss": 1 / step, "learning_rate": 1e-4} for step in (1, 2, 4)]
    Path("bert").mkdir()
    Note("cross-encoder", trained={"log": log}).write(Path("bert"))
    compare("--checkpoint", "bert", "--report", "report.html")
    (learnt,) = record_of("report.html")["learning"]
    assert learnt == {
        "name": "bert",
        "lines": [{"name": "loss", "points": [[1, 1.0], [2, 0.5], [4, 0.25]]}],
        "dev": None,
    }


def test_a_folder_without_learning_curves_is_told_before_any_run_is_read(folder):
    Path("bert.txt").write_text("no run at all\n")
    Path("model").mkdir()
    result = compare("--checkpoint", "model", "--report", "report.html", code=2)
    assert "no checkpoint of rerankkit. Give a folder that sft or distill wrote" in result.output
    assert not Path("report.html").exists()


def test_figures_alone(folder):
    result = compare("--plots", "plots")
    assert "Wrote plots" in result.stderr
    names = sorted(path.name for path in Path("plots").glob("*.svg"))
    assert names[0] == "difference.PNR.svg"
    assert "queries.1.bert.txt.svg" in names


def test_without_a_report_nothing_is_written(folder):
    before = sorted(folder.iterdir())
    assert "Wrote" not in compare().stderr
    assert sorted(folder.iterdir()) == before


def test_how_much_the_report_holds(folder):
    compare("--report", "report.html", "--report-queries", "1", "--report-documents", "1")
    record = record_of("report.html")
    assert list(record["lists"]) == ["1"]  # the second query changed most: its document came from below the top
    assert [document[0] for document in record["documents"]] == ["e", "d"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--collection", "docs.jsonl"], "--collection is for a report. Give --report FILE or --plots FOLDER"),
        (["--teacher", "llm.txt"], "--teacher is for a report"),
        (["--report", "r.html", "--collection", "docs.jsonl", "--index", "i"], "Give either --index or --collection"),
        (["--report", "r.html", "--collection", "nothing.jsonl"], "nothing.jsonl: no such file"),
        (["--report", "r.html", "--teacher", "nothing.txt"], "nothing.txt: no such file"),
        (["--report", "r.html", "--timings", "qrels.txt"], "qrels.txt:1: no run of this comparison"),
        (["--report", "."], "is a folder, where a file is to be written"),
        (["--report", "r.html", "--report-documents", "0"], "Invalid value for '--report-documents'"),
    ],
)
def test_wrong_input_is_told_and_nothing_is_written(folder, args, message):
    before = sorted(folder.iterdir())
    result = compare(*args, code=2)
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert sorted(folder.iterdir()) == before
