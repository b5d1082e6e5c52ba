"""A command in a folder of its own, with one index and a few valid files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rerankkit.cli import main
from rerankkit.collection import archive


@pytest.fixture(scope="session")
def fox_index(tmp_path_factory) -> Path:
    """An index of two documents, d1 about foxes and d2 about bears."""
    folder = tmp_path_factory.mktemp("cases")
    lines = (
        '{"id": "d1", "contents": "red fox price pressure rain"}\n{"id": "d2", "contents": "blue bear fish staff"}\n'
    )
    (folder / "docs.jsonl").write_text(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "archive_classes", lambda index: True)
        given = ["index", "--input", str(folder / "docs.jsonl"), "--index", str(folder / "index")]
        result = CliRunner().invoke(main, given)
    assert result.exit_code == 0, result.output
    return folder / "index"


@pytest.fixture
def run(tmp_path, monkeypatch) -> Callable[..., Result]:
    """Runs a command in a folder of its own; an exit code other than the expected one fails."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(archive, "archive_classes", lambda index: True)
    (tmp_path / "run.txt").write_text("1 Q0 d1 1 2 t\n1 Q0 d2 2 1 t\n")
    (tmp_path / "qrels.txt").write_text("1 0 d1 1\n")

    def call(*words: str | Path, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return call
