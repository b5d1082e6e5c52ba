"""scripts/ablation.py: every stage parses, reads what was written before it, and the table comes out at the end."""

import importlib
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import click
import pytest

from rerankkit.cli import main

SCRIPTS = Path(__file__).parents[2] / "scripts"
CELLS = ["point", "margin", "hybrid 1/1", "hybrid 0.2/1"]


@pytest.fixture
def ablation(monkeypatch):
    """The script as a module."""
    monkeypatch.syspath_prepend(SCRIPTS)
    monkeypatch.delitem(sys.modules, "ablation", raising=False)
    return importlib.import_module("ablation")


@pytest.mark.parametrize("size", ["minutes", "hour", "hours"])
@pytest.mark.parametrize("extra", [[], ["--displayed", "run.txt"], ["--clicks-from-grades"], ["--teacher", "run.txt"]])
def test_each_stage_parses_and_reads_what_one_before_it_wrote(ablation, data, toy, size, extra):
    plan = ablation.plan_of(["--data", str(data), "--output", "out", "--size", size, *extra])
    written = {f"out/{split}.{kind}" for split in ("train", "dev") for kind in ("topics.tsv", "qrels.txt", "bm25.txt")}
    given = {"run.txt", *(str(data / name) for name in ("docs.jsonl", "queries.tsv"))}
    names = []
    for stage in ablation.stages(plan):
        if not isinstance(stage.does, list):
            continue
        name, *words = stage.does
        names.append(name)
        main.get_command(click.Context(main), name).make_context(name, list(words))  # raises for an unknown option
        output = None
        for option, value in pairwise(words):
            if option == ("--index" if name == "index" else "--output"):
                output = value
            elif option in ("--run", "--topics", "--collection", "--qrels", "--displayed", "--index", "--input"):
                assert value in written | given, stage.name
            elif option == "--model":
                assert value in written | {"minilm-l6", "smollm2-135m"}, stage.name
        written.add(str(output))
    teachers = {"": 1, "--displayed": 2, "--clicks-from-grades": 2, "--teacher": 0}[extra[0] if extra else ""]
    assert names.count("cpt") == (teachers == 2)
    assert names.count("sft") == teachers + 3  # three seeds of labels only
    assert names.count("distill") == 3 * len(CELLS) * max(teachers, 1)


def test_from_a_folder_to_the_table_and_again_without_any_work(
    ablation, data, bert, smol_llama, tmp_path, capsys, caplog
):
    told = ["--data", str(data), "--output", str(tmp_path / "out"), "--student", str(bert), "--llm", str(smol_llama)]
    plan = ablation.plan_of([*told, "--seeds", "0", "1"])
    ablation.run(plan)
    table = json.loads((tmp_path / "out/table.json").read_text())
    names = ["BM25, no reranking", "labels", "LLM teacher, without CPT", *(f"{cell}, without CPT" for cell in CELLS)]
    assert [row["name"] for row in table["rows"]] == names
    assert [row["seeds"] for row in table["rows"]] == [1, 2, 1, 2, 2, 2, 2]
    assert all(0 < row["nDCG@10"]["mean"] <= 1 for row in table["rows"])
    assert table["rows"][0]["nDCG@5"]["mean"] == pytest.approx(1)  # BM25 has both words first, then the rarer one
    markdown = (tmp_path / "out/table.md").read_text()
    assert capsys.readouterr().out.endswith(markdown + "\n")
    caplog.clear()
    with caplog.at_level("INFO", "rerankkit"):
        ablation.run(plan)
    assert [message for message in caplog.messages if "stages" in message] == ["skipped, done before: all 29 stages"]
    assert (tmp_path / "out/table.md").read_text() == markdown


def test_with_cpt_is_tested_against_without_and_each_loss_against_those_before_it(ablation, data, tmp_path):
    plan = ablation.plan_of(["--data", str(data), "--output", str(tmp_path), "--clicks-from-grades"])
    others = {name: list(found) for name, found in ablation.table(plan).also.items() if found}
    assert others["LLM teacher, with CPT"] == ["LLM teacher, without CPT"]
    for place, cell in enumerate(CELLS):
        before = CELLS[:place]
        assert others.get(f"{cell}, without CPT", []) == [f"{one}, without CPT" for one in before]
        assert others[f"{cell}, with CPT"] == [f"{cell}, without CPT", *(f"{one}, with CPT" for one in before)]


def test_the_best_graded_train_documents_stand_in_for_clicks(ablation, tmp_path):
    (tmp_path / "train.topics.tsv").write_text("1\tcats\n2\tdogs\n")
    (tmp_path / "train.qrels.txt").write_text("1 0 a 1\n1 0 b 3\n1 0 c 0\n1 0 d 1\n1 0 e 2\n1 0 unseen 3\n2 0 a 0\n")
    lines = [f"{qid} Q0 {docid} {rank} {9 - rank} bm25" for qid in "12" for rank, docid in enumerate("abcde", 1)]
    (tmp_path / "train.bm25.txt").write_text("\n".join(lines) + "\n")
    ablation.clicks_by_grade(tmp_path)
    clicks = [json.loads(line) for line in (tmp_path / "clicks.jsonl").read_text().splitlines()]
    assert clicks == [{"query": "cats", "docid": docid} for docid in "bea"]  # a before d: BM25's order


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--data", "nowhere"], "nowhere/docs.jsonl: no such file"),
        (["--data", "DATA", "--teacher", "nowhere.txt"], "nowhere.txt: no such file"),
        (["--data", "DATA", "--displayed", "nowhere.txt"], "nowhere.txt: no such file"),
    ],
)
def test_a_file_that_is_not_there_is_told_first(data, tmp_path, wrong, message):
    words = [str(data) if word == "DATA" else word for word in wrong]
    result = subprocess.run(
        [sys.executable, SCRIPTS / "ablation.py", *words, "--output", tmp_path / "out"], capture_output=True, text=True
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [f"Error: {message}. See scripts/README.md for what the folder holds"]
    assert not (tmp_path / "out").exists()
