"""No command ends in a traceback: what each kind of error says, and with which code it ends."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import rerankkit
from rerankkit.cli import last_door, main


@pytest.fixture
def ends(monkeypatch, tmp_path):
    """Runs a command that raises what it is given; details go to a folder of the test."""
    monkeypatch.setenv("RERANKKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RERANKKIT_DEBUG", raising=False)

    def run(error: BaseException, *words: str) -> Result:
        @click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
        def command() -> None:
            raise error

        monkeypatch.setattr(main, "get_command", lambda ctx, name: command)
        return CliRunner().invoke(main, [*words, "index", "--key", "hf_abcdefghijklmnop"])

    return run


def details(result: Result) -> Path:
    found = re.search(r"this file: (\S+\.txt)", result.stderr)
    assert found is not None, result.stderr
    return Path(found[1])


def deep() -> None:
    deep()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (KeyError("x\ny"), r"KeyError: 'x\ny'"),
        (ValueError("two\nlines \x1b[31m"), r"ValueError: two lines \x1b[31m"),
        (MemoryError(), "MemoryError"),
        (RecursionError("maximum recursion depth exceeded"), "RecursionError: maximum recursion depth exceeded"),
        (EOFError("Ran out of input"), "EOFError: Ran out of input"),
        (OSError(), "OSError"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "BrokenPipeError: [Errno 32] Broken pipe"),
    ],
)
def test_an_unforeseen_error_is_one_line_a_file_of_details_and_70(ends, error, told):
    result = ends(error)
    assert (result.exit_code, result.stdout) == (70, "")
    line = result.stderr.strip("\n")
    assert "\n" not in line
    assert line.startswith(f"Error: rerankkit index failed unexpectedly: {told} (")
    assert f"please report it with the version, {rerankkit.__version__}, and this file: " in line
    assert type(error).__name__ in details(result).read_text()


def test_the_details_are_private_and_without_keys(ends):
    path = details(ends(ValueError("https://me:secret@host/x")))
    text = path.read_text()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert "command: rerankkit index --key '***'" in text or "command: rerankkit index --key ***" in text
    assert "secret" not in text
    assert "raise error" in text
    assert f"rerankkit: {rerankkit.__version__}" in text


def test_only_the_latest_details_are_kept(ends, monkeypatch):
    monkeypatch.setattr(last_door, "KEPT", 2)
    paths = [details(ends(ValueError(str(i)))) for i in range(4)]
    assert len(list(paths[0].parent.iterdir())) == 2
    assert paths[-1].exists()


def test_the_line_of_rerankkit_that_failed_is_named(ends):
    try:
        rerankkit.run.Run({"q": None})
    except Exception as error:
        result = ends(error)
    assert re.search(r"\(run\.py:\d+\)", result.stderr)


@pytest.mark.parametrize("how", ["-v", "RERANKKIT_DEBUG"])
def test_the_traceback_is_shown_on_demand(ends, monkeypatch, how):
    words = [how] if how == "-v" else []
    if not words:
        monkeypatch.setenv(how, "1")
    result = ends(ZeroDivisionError("x"), *words)
    assert result.stderr.startswith("Traceback (most recent call last):")
    assert result.stderr.splitlines()[-1].startswith("Error: rerankkit index failed unexpectedly")


def test_without_a_place_for_details_the_line_says_how_to_see_them(ends, monkeypatch):
    def refused(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(last_door.tempfile, "mkstemp", refused)
    result = ends(ZeroDivisionError("x"))
    assert result.exit_code == 70
    assert "RERANKKIT_DEBUG=1 shows (no details file: [Errno 30] Read-only file system)" in result.stderr


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError("no such model:\n try another"), "no such model: try another"),
        (OSError(errno.EBADF, "Bad file descriptor", 3), "input or output: Bad file descriptor"),
        (OSError(errno.ENOENT, "No such file", b"caf\xe9"), r"caf\udce9: No such file"),
        (OSError(errno.EXDEV, "Cross-device link", "a", None, "b"), "a -> b: Cross-device link"),
        (OSError(errno.ENOENT, "No such file", "a\nError: b"), r"a\nError: b: No such file"),
        (RuntimeError("database or disk is full"), "no room is left: database or disk is full. Free some room, or cho"),
    ],
)
def test_what_the_system_refuses_is_a_line_and_two(ends, error, told):
    result = ends(error)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {told}")
    assert result.stderr.count("\n") == 1


def test_a_user_who_stops_it_sees_aborted_and_130(ends):
    result = ends(KeyboardInterrupt())
    assert (result.exit_code, result.stderr.strip()) == (130, "Aborted!")


def rerankkit_in_a_process(*words: str, code: str = "", **options) -> subprocess.Popen:
    script = f"import sys; sys.argv = ['rerankkit', *{words!r}]\n{code}\nfrom rerankkit.cli import main; main()"
    return subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize("words", [["--help"], ["evaluate", "--help"], ["models"]])
def test_a_reader_that_goes_away_ends_it_quietly_as_sigpipe_does(words):
    read, write = os.pipe()
    os.close(read)
    process = rerankkit_in_a_process(*words, stdout=write)
    os.close(write)
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 141


SLOW = """
from contextlib import contextmanager
import time, click
from rerankkit import cli
from rerankkit.files import whole_file
@click.command()
def command():
    with whole_file("out") as file:
        open("ready", "w")
        time.sleep(60)
cli.main.get_command = lambda ctx, name: command
"""


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_ends_it_without_litter(tmp_path, sent, code):
    process = rerankkit_in_a_process(
        "x",
        code=SLOW,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(rerankkit.__file__).parents[1])},
        preexec_fn=lambda: [signal.signal(one, signal.SIG_DFL) for one in (signal.SIGINT, signal.SIGHUP)],
    )
    while not (tmp_path / "ready").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(sent)
    assert "Traceback" not in process.communicate(timeout=60)[1]
    assert process.returncode == code
    assert [path.name for path in tmp_path.iterdir()] == ["ready"]
