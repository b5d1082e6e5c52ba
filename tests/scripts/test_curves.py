"""scripts/curves.py: shares lie in each other, and the table and picture come out at the end."""

import importlib
import json
import sys
from pathlib import Path

import pytest

from rerankkit.trec import read_run

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def curves(monkeypatch):
    """The script as a module."""
    monkeypatch.syspath_prepend(SCRIPTS)
    for name in ("ablation", "curves"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("curves")


def test_from_a_folder_to_the_table_and_the_picture_and_again_without_any_work(
    curves, data, bert, smol_llama, tmp_path, caplog
):
    told = ["--data", str(data), "--output", str(tmp_path / "out"), "--student", str(bert), "--llm", str(smol_llama)]
    plan = curves.plan_of([*told, "--seeds", "0"], curves.__doc__)
    curves.run(plan)
    shares = [set(read_run(curves.shared(plan, "bm25", share))) for share in curves.SHARES]
    assert [len(share) for share in shares] == [1, 2, 4]
    assert shares[0] < shares[1] < shares[2]
    for place in curves.PLACES:
        note = json.loads((tmp_path / "out/models" / place.name(0) / "rerankkit.json").read_text())
        assert note["trained"]["learning_rate"] == float(place.rate)
        assert note["trained"]["groups"] <= len(shares[curves.SHARES.index(place.share)])
    (rows,) = json.loads((tmp_path / "out/table.json").read_text()).values()
    assert [row["name"] for row in rows] == ["BM25, no reranking", *(place.row for place in curves.PLACES)]
    assert (tmp_path / "out/curves.png").read_bytes().startswith(b"\x89PNG")
    caplog.clear()
    with caplog.at_level("INFO", "rerankkit"):
        curves.run(plan)
    assert any(message.startswith("skipped, done before: all") for message in caplog.messages)


def test_places_are_tested_against_the_shared_one_and_against_labels_alone(curves, data, tmp_path):
    plan = curves.plan_of(["--data", str(data), "--output", str(tmp_path)], curves.__doc__)
    also = curves.table(plan).also
    middle = "learning rate 1e-4, 1 of the queries"
    assert also[f"labels, {middle}"] == []
    assert also[f"hybrid 0.2/1, {middle}"] == [f"labels, {middle}"]
    elsewhere = "learning rate 1e-4, 1/4 of the queries"
    assert also[f"labels, {elsewhere}"] == [f"labels, {middle}"]
    assert also[f"hybrid 0.2/1, {elsewhere}"] == [f"hybrid 0.2/1, {middle}", f"labels, {elsewhere}"]
    assert len(also) == len(curves.PLACES)
