"""`rerankkit models`."""

import shutil

from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.rerank.checkpoint import Note


def models(*args: str) -> list[list[str]]:
    result = CliRunner().invoke(main, ["models", *args])
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return [line.split() for line in result.stdout.splitlines()]


def test_without_checkpoints_there_is_the_first_stage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    head, *rest = models()
    assert head == ["name", "architecture", "parameters", "started", "from"]
    assert rest == [["bm25", "identity", "0", "the", "first", "stage's", "own", "scores"]]
    assert list(tmp_path.iterdir()) == []


def test_checkpoints_are_listed(tmp_path, bert_reranker):
    shutil.copytree(bert_reranker, tmp_path / "bert-distilled")
    Note("cross-encoder", trained={"model": "minilm-l6"}).write(tmp_path / "bert-distilled")
    listed = models("--models", str(tmp_path))[2:]
    assert listed == [["bert-distilled", "cross-encoder", "23,553", "minilm-l6"]]


def test_a_broken_note_is_told(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "rerankkit.json").write_text("{")
    result = CliRunner().invoke(main, ["models", "--models", str(tmp_path)])
    assert result.exit_code == 2
    assert f"Error: {tmp_path / 'mine' / 'rerankkit.json'}: not a checkpoint's note" in result.stderr
