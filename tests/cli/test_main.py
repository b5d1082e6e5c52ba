"""The commands' common ground: help, wrong input, what `-q` and `-v` do."""

import errno
import importlib
import logging
import os
import re
import shlex

import click
import pytest
from click.testing import CliRunner

import rerankkit
from rerankkit.cli import COMMANDS, main
from rerankkit.errors import InputError

FULL = "No space left on device. Free some room, or choose another disk; the former output is unchanged\n"


@pytest.fixture
def failing(monkeypatch):
    """A command that raises what it is given."""

    def make(error: BaseException) -> None:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(main, "get_command", lambda ctx, name: command)

    return make


def test_help_names_every_command():
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert re.findall(r"^  (\w+)  +\w", result.stdout.split("Commands:")[1], re.MULTILINE) == list(COMMANDS)


def test_version():
    assert CliRunner().invoke(main, ["--version"]).stdout.strip().endswith(rerankkit.__version__)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("eval", "Did you mean evaluate?"),
        ("Evaluate", "Did you mean evaluate?"),
        ("retreive", "Did you mean retrieve?"),
        ("serve", "Did you mean export or rerank?"),
        ("train", "Did you mean sft or distill?"),
        ("fly", "The commands are: index, retrieve, queries, "),
    ],
)
def test_an_unknown_command_ends_with_two_and_near_ones(name, near):
    result = CliRunner().invoke(main, [name])
    assert result.exit_code == 2
    assert f"Error: No such command {name!r}. {near}" in result.stderr


def test_an_unknown_option_ends_with_two_and_a_near_one():
    result = CliRunner().invoke(main, ["evaluate", "run.txt", "--qrel", "x"])
    assert (result.exit_code, "--qrels" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError("not a run line", "Expected: x", "a.txt", 3), "Error: a.txt:3: not a run line. Expected: x\n"),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/a.txt"),
            f"Error: runs/a.txt: {FULL}",
        ),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), f"Error: input or output: {FULL}"),
        (InputError("x" * 3000), f"Error: {'x' * 2000}…\n"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), "Error: x: Permission denied\n"),
    ],
)
def test_what_a_user_can_mend_is_a_message_and_two(failing, error, message):
    failing(error)
    result = CliRunner().invoke(main, ["index"])
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", message)


@pytest.mark.parametrize(("flag", "level"), [("-q", logging.WARNING), ("-v", logging.DEBUG), (None, logging.INFO)])
def test_flags_set_what_is_told(monkeypatch, flag, level):
    monkeypatch.setenv("RERANKKIT_QUIET", "")
    monkeypatch.setattr(logging.getLogger("rerankkit"), "level", logging.NOTSET)  # put back afterwards
    result = CliRunner().invoke(main, [*([flag] if flag else []), "evaluate", "--help"])
    assert result.exit_code == 0
    assert logging.getLogger("rerankkit").level == level
    assert os.environ["RERANKKIT_QUIET"] == ("1" if flag == "-q" else "")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_help_are_valid_command_lines(name):
    command = importlib.import_module(f"rerankkit.cli.{name}").command
    assert command.help
    text = command.help.replace("\\\n", " ")
    examples = [line.strip() for line in text.splitlines() if line.strip().startswith("rerankkit ")]
    assert examples, f"no example in the help of {name}"
    mine = [shlex.split(line, comments=True)[2:] for line in examples if line.split()[1] == name]
    assert mine, f"no example of {name} itself"
    for arguments in mine:
        command.make_context(name, arguments).close()
