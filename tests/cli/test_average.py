"""`rerankkit average`."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.rerank.checkpoint import Note, read_note


@pytest.fixture
def students(tmp_path, monkeypatch, bert_reranker) -> Path:
    """Two checkpoints in the models folder, known by name."""
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        Note("cross-encoder").write(Path(shutil.copytree(bert_reranker, f"models/{name}")))
    return tmp_path / "models"


def test_by_name_with_weights(students):
    result = CliRunner().invoke(
        main, ["average", "one", "two", "--weights", "3,1", "--models", "models", "--output", "out"]
    )
    assert (result.exit_code, result.stdout) == (0, "out\n")
    assert read_note("out").trained == {"averaged": ["one", "two"], "shares": [0.75, 0.25]}


def test_words_for_weights(students):
    result = CliRunner().invoke(
        main, ["average", "one", "two", "--weights", "much", "--models", "models", "--output", "o"]
    )
    assert result.exit_code == 2
    assert "--weights 'much'. Expected numbers by commas" in result.stderr
    assert not Path("o").exists()
