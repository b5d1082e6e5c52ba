"""`rerankkit index`."""

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.collection import archive


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(archive, "archive_classes", lambda index: True)
    Path("docs.jsonl").write_text('{"id": "1", "contents": "red"}\n{"id": "2", "contents": "blue"}\n')
    return tmp_path


def names() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def index(*args: str, code: int = 0):
    result = CliRunner().invoke(main, ["index", *args])
    assert result.exit_code == code, result.output
    return result


def test_counts_are_told(folder):
    result = index("--input", "docs.jsonl", "--index", "runs/index", "--threads", "2")
    assert result.stdout == "runs/index: 2 documents\n"
    Path("more.jsonl").write_text('{"id": "1", "contents": "red"}\n{"id": "2", "contents": ""}\n')
    assert index("--input", "more.jsonl", "--index", "more").stdout == "more: 1 documents, 1 rejected: 1 empty\n"


def test_nothing_but_the_count_is_said(folder):
    command = [sys.executable, "-m", "rerankkit", "index", "--input", "docs.jsonl", "--index", "index"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("index: 2 documents\n", "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": "1", "contents": "x"}\noops\n', "bad.jsonl:2: not a document: 'oops' (Expecting value, column 1)"),
        (b'{"id": "1", "contents": "\xff"}\n', "bad.jsonl:1: not UTF-8 (byte 0xff). Convert the file"),
        (b"", "bad.jsonl: the file is empty"),
        (b'{"id": "1", "contents": " "}\n', "bad.jsonl: no document to index: 1 empty"),
    ],
)
def test_wrong_documents_leave_the_former_index(folder, content, message):
    index("--input", "docs.jsonl", "--index", "index")
    before = {path.name: path.read_bytes() for path in Path("index").iterdir()}
    Path("bad.jsonl").write_bytes(content)
    result = index("--input", "bad.jsonl", "--index", "index", code=2)
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].startswith(f"Error: {message}")
    assert {path.name: path.read_bytes() for path in Path("index").iterdir()} == before
    assert names() == ["bad.jsonl", "docs.jsonl", "index"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--input", "nope.jsonl", "--index", "index"], "Error: nope.jsonl: no such file. Check the path\n"),
        (["--input", "docs.jsonl", "--index", "."], "Error: .: --index would replace the folder that holds --input"),
        (["--input", "docs.jsonl", "--index", "docs.jsonl"], "Error: docs.jsonl: --index would overwrite --input"),
        (["--input", "docs.jsonl", "--index", "index", "--language", "xx"], "Error: no analyzer for the language 'xx'"),
    ],
)
def test_wrong_flags(folder, flags, message):
    assert index(*flags, code=2).stderr.startswith(message)
    assert names() == ["docs.jsonl"]


def many(count: int) -> None:
    text = " ".join(f"word{n}" for n in range(200))
    Path("many.jsonl").write_text("".join(json.dumps({"id": str(n), "contents": text}) + "\n" for n in range(count)))


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("java", [False, True], ids=["reading", "in-java"])
def test_a_killed_index_leaves_nothing_under_its_name(folder, sent, java):
    many(15_000)
    command = [sys.executable, "-m", "rerankkit", "index", "--input", "many.jsonl", "--index", "index"]
    process = subprocess.Popen(
        [*command, "--threads", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where tests run in the background
    )
    pattern = ".index.*.part/write.lock" if java else ".index.*.part/documents/0.jsonl"
    while not list(folder.glob(pattern)):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "Traceback" not in errors
    assert not Path("index").exists()
    if sent == signal.SIGINT:
        assert errors.splitlines()[-1] == "Aborted!"


def test_a_full_disk_is_told(folder):
    many(2_000)
    command = [sys.executable, "-m", "rerankkit", "index", "--input", "many.jsonl", "--index", "index"]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000)),
    )
    assert result.returncode == 2
    told = "Error: index: cannot be written: File too large. Raise the limit on file sizes (ulimit -f)"
    assert result.stderr.splitlines()[-1] == told
    assert names() == ["docs.jsonl", "many.jsonl"]
