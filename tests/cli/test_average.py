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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["one", "two", "--weights", "much"], "--weights 'much'. Expected numbers by commas"),
        (["one", "models/one"], "models/one: is given twice. Give each once; --weights says how much one counts"),
    ],
)
def test_wrong_input_ends_in_a_message(students, arguments, told):
    result = CliRunner().invoke(main, ["average", *arguments, "--models", "models", "--output", "o"])
    assert result.exit_code == 2
    assert told in result.stderr
    assert not Path("o").exists()
