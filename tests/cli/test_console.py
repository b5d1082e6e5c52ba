"""Text reaches any terminal: nothing controls it, and no encoding ends a command."""

import csv
import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rerankkit.cli.console import EscapingFormatter, message
from rerankkit.io.cells import escaped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("né 漢字\u3000✓ \U0001f600", "né 漢字\u3000✓ \U0001f600"),
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("a\nError: b\r", r"a\nError: b\r"),
        ("\u202eevil\u200b", r"\u202eevil\u200b"),
        ("caf\udce9", r"caf\udce9"),
        ("\x9b31m\u2028", r"\x9b31m\u2028"),
    ],
)
def test_what_would_control_a_terminal_is_escaped(text, shown):
    assert escaped(text) == shown


def test_a_long_message_is_cut_and_stays_one_line():
    assert message("x\n" * 3000) == "x\\n" * 666 + "x\\…"


def test_logs_keep_their_lines_and_lose_controls():
    record = logging.LogRecord("rerankkit", logging.WARNING, "", 1, "run %s\n\tnext", ("\x1b[31m",), None)
    assert EscapingFormatter("%(message)s").format(record) == "run \\x1b[31m\n\tnext"


def rerankkit(*words: str, encoding: str = "latin-1", **variables: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, **variables}
    return subprocess.run([sys.executable, "-m", "rerankkit", *words], capture_output=True, env=environment)


@pytest.fixture
def foreign(toy) -> str:
    """A run whose name latin-1 cannot write."""
    Path("run.txt").rename("łódź.txt")
    return "łódź.txt"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_text_that_the_encoding_lacks_is_escaped(foreign, encoding):
    result = rerankkit("evaluate", foreign, "--qrels", "qrels.txt", encoding=encoding)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"\\u0142" in result.stdout


def test_a_message_is_told_in_latin_1(foreign):
    result = rerankkit("evaluate", "łódz.txt", "--qrels", "qrels.txt")
    assert (result.returncode, result.stderr) == (2, b"Error: \\u0142\xf3dz.txt: no such file. Check the path\n")


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_data_that_the_encoding_lacks_is_written_in_utf_8_and_told(foreign, command):
    words = [command, "teacher.txt", foreign, "--qrels", "qrels.txt", "--output"]
    told = b"Warning: standard output is iso8859-1, which has no U+0142: the data is written in UTF-8."
    result = rerankkit(*words, "json")
    assert (result.returncode, result.stderr.startswith(told)) == (0, True)
    assert foreign in json.dumps(json.loads(result.stdout.decode("utf-8")), ensure_ascii=False)
    result = rerankkit(*words, "csv")
    rows = list(csv.reader(io.StringIO(result.stdout.decode("utf-8"))))
    assert any(foreign in row for row in rows)


@pytest.mark.parametrize("form", ["json", "csv"])
def test_data_with_a_name_that_is_no_utf_8_is_utf_8(toy, form):
    run = os.fsdecode(b"caf\xe9.txt")
    Path("run.txt").rename(run)
    words = ["evaluate", run, "--qrels", "qrels.txt", "--output", form]
    result = rerankkit(*words, encoding="utf-8")
    assert result.returncode == 0
    text = result.stdout.decode("utf-8")
    assert (run in json.dumps(json.loads(text), ensure_ascii=False)) if form == "json" else ("caf\\udce9.txt" in text)


def test_a_c_locale_is_fine(toy):
    run = os.fsdecode("łódź.txt".encode())
    Path("run.txt").rename(run)
    result = subprocess.run(
        [sys.executable, "-m", "rerankkit", "evaluate", run, "--qrels", "qrels.txt"],
        capture_output=True,
        env={**{name: value for name, value in os.environ.items() if name != "PYTHONIOENCODING"}, "LC_ALL": "C"},
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert "łódź.txt".encode() in result.stdout
