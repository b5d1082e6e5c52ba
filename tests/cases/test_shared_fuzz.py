"""Mutated files that once ended in a traceback or a hang, where they lie beside the project."""

import shutil
from pathlib import Path

import pytest

CASES = sorted((Path(__file__).parents[3] / "shared/cases/fuzz").glob("*.bin"))
KINDS = {
    "adapter": ("model", "adapter_config.json"),
    "config": ("model", "config.json"),
    "note": ("model", "rerankkit.json"),
    "modules": ("model", "modules.json"),
    "pooling": ("model", "1_Pooling/config.json"),
}
"""Kind -> the folder and the name under which such a file is read."""
MODULES = """[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
 {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]"""


def words_for(kind: str, case: Path, model: Path) -> list[str]:
    """Puts a case where it is read from; the command that reads it."""
    texts = ["--topics", "topics.tsv", "--collection", "docs.jsonl"]
    if kind in KINDS:
        folder, name = KINDS[kind]
        shutil.copytree(model, folder)
        if kind == "pooling":
            Path(folder, "1_Pooling").mkdir()
            Path(folder, "modules.json").write_text(MODULES)
        shutil.copy(case, Path(folder, name))
        return ["rerank", "--model", "model", "--run", "run.txt", *texts, "--output", "out.txt", "--no-store"]
    if kind in ("side", "history"):
        shutil.copy(case, "run.txt.meta.json")
        submit = ["submit", "run.txt", "--track", "generic", "--output", "handed-in"]
        return ["reproduce", "run.txt.meta.json"] if kind == "side" else submit
    shutil.copy(case, f"case.{kind}")
    if kind.startswith("topics"):
        return ["evaluate", "run.txt", "--qrels", "qrels.txt", "--topics", f"case.{kind}"]
    return ["queries", "--from-log", f"case.{kind}.jsonl", "--output", "out.tsv"]


@pytest.mark.timeout(60)
@pytest.mark.skipif(not CASES, reason="the files lie beside the project only where it is developed")
@pytest.mark.parametrize("case", [case for case in CASES if not case.name.startswith("journal")], ids=lambda p: p.name)
def test_a_mutated_file_is_taken_or_refused(run, case, bert_reranker):
    kind = case.name.split(".")[0]
    if kind == "topics":
        kind = ".".join(case.name.split(".")[:2])
    Path("topics.tsv").write_text("1\tred\n")
    Path("docs.jsonl").write_text('{"id": "d1", "contents": "red cat"}\n{"id": "d2", "contents": "dog"}\n')
    words = words_for(kind, case, bert_reranker)
    if kind == "clicks":
        shutil.copy(case, "case.clicks.jsonl")
    result = run(*words, code=2)
    assert "Error: " in result.output


@pytest.mark.skipif(not CASES, reason="the files lie beside the project only where it is developed")
def test_a_damaged_journal_is_begun_anew_or_refused(tmp_path):
    from rerankkit.errors import InputError
    from rerankkit.journal import LineJournal

    for case in (case for case in CASES if case.name.startswith("journal")):
        shutil.copy(case, tmp_path / "out.journal")
        try:
            journal = LineJournal(tmp_path / "out", {"how": "x"})
        except InputError:
            continue
        assert journal.done == []
        journal.close()
