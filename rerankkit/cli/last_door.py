"""How a command ends: every error becomes one line on stderr and an exit code, and none a traceback.

0: done; 1: a verdict, such as lint's; 2: wrong input; 70: a defect of rerankkit, whose details are written to a file;
128 and the number of a signal: stopped by it, 141 where the reader of standard output has gone.
"""

import contextlib
import logging
import os
import select
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from rerankkit.cli.console import message
from rerankkit.errors import InputError
from rerankkit.files import FULL, NO_ROOM
from rerankkit.io.probing import remedy_of

DEFECT = 70
"""The exit code of an unforeseen error, sysexits' EX_SOFTWARE."""
DEBUG = "RERANKKIT_DEBUG"
CACHE = "RERANKKIT_CACHE"
KEPT = 20
"""Files of details that are kept."""
LONGEST_DETAILS = 200_000
"""Characters of a traceback in a file of details; of a longer one the end is kept."""
PACKAGE = Path(__file__).parents[1]
STOPPED_BY = (signal.SIGTERM, signal.SIGHUP)


class PassedError(Exception):
    """Carries an error past click, which ends quietly for some."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


@contextmanager
def past_click() -> Iterator[None]:
    """Carries a broken pipe and an unexpected end of file past click, which takes them for a user's wish to stop."""
    try:
        yield
    except (BrokenPipeError, EOFError) as error:
        raise PassedError(error) from error


def exit_code_of(run: Callable[[], Any], words: list[str]) -> int:
    """Runs a command and returns its exit code; what went wrong is told on stderr."""
    with _stopping_cleanly():
        try:
            return _ended(run, words)
        except (click.Abort, KeyboardInterrupt):
            click.echo("Aborted!", err=True)
            return 128 + signal.SIGINT


def _ended(run: Callable[[], Any], words: list[str]) -> int:
    try:
        result = run()
    except click.Abort:
        raise
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except InputError as error:
        return _told(str(error))
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # the last door: nothing passes it as a traceback, no panic of Rust code either
        return _wrong(error.error if isinstance(error, PassedError) else error, words)
    return result if type(result) is int else 0


def _told(problem: str) -> int:
    click.echo(f"Error: {message(problem)}", err=True)
    return 2


def _wrong(error: BaseException, words: list[str]) -> int:
    """Tells an error that no command foresaw; returns its exit code."""
    if isinstance(error, BrokenPipeError) and _nobody_reads():
        for stream in (sys.stdout, sys.stderr):  # what is still buffered has no reader either
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return 128 + signal.SIGPIPE
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError) and (problem := _of_the_system(error)):
        return _told(problem)
    if FULL.search(str(error)):
        return _told(f"no room is left: {' '.join(str(error).split())}. Free some room, or choose another disk")
    return _defect(error, words)


def _of_the_system(error: OSError) -> str:
    """What the system refused, with its file and a remedy; empty for an error that says nothing."""
    if error.errno is None:
        return " ".join(str(error).split())
    named = [os.fsdecode(one) for one in (error.filename, error.filename2) if isinstance(one, str | bytes)]
    problem = f"{' -> '.join(named) or 'input or output'}: {error.strerror or os.strerror(error.errno)}"
    return f"{problem}. {remedy_of(error)}; the former output is unchanged" if error.errno in NO_ROOM else problem


def _nobody_reads() -> bool:
    """Whether standard output or standard error is a pipe whose reader has gone."""
    for number in (1, 2):
        poll = select.poll()
        poll.register(number, select.POLLOUT)
        if any(event & select.POLLERR for _, event in poll.poll(0)):
            return True
    return False


def _defect(error: BaseException, words: list[str]) -> int:
    """Tells a defect in one line and writes its details to a file; both on stderr where debugging."""
    from rerankkit import __version__

    trace = "".join(traceback.format_exception(error))[-LONGEST_DETAILS:]
    if os.environ.get(DEBUG) or logging.getLogger("rerankkit").isEnabledFor(logging.DEBUG):
        click.echo(trace, err=True)
    command = next((word for word in words if not word.startswith("-")), "")
    happened = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    problem = f"rerankkit {command} failed unexpectedly: {' '.join(happened.split())[:500]} ({_where(error)})"
    try:
        told = f"report it with the version, {__version__}, and this file: {_write_details(trace, words)}"
    except OSError as refused:
        told = f"report it with the version, {__version__}, and what {DEBUG}=1 shows (no details file: {refused})"
    click.echo(f"Error: {message(f'{problem}. This is a defect of rerankkit; please {told}')}", err=True)
    return DEFECT


def _where(error: BaseException) -> str:
    """The last line of rerankkit that an error passed, else the last line of all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(PACKAGE)] or frames
    if not own:
        return "no line is known"
    file = Path(own[-1].filename)
    return f"{file.relative_to(PACKAGE) if file.is_relative_to(PACKAGE) else file.name}:{own[-1].lineno}"


def _write_details(trace: str, words: list[str]) -> Path:
    """Writes what a report needs to a new file for the user alone; passwords and keys are cleared."""
    import shlex

    from rerankkit.surroundings import cleared, machine, packages

    told = [
        f"time: {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}",
        f"command: {shlex.join(['rerankkit', *words])}",
        *(f"{name}: {version}" for name, version in packages().items()),
        *(f"{name}: {value}" for name, value in machine().items()),
        "",
        trace,
    ]
    text = cleared("\n".join(told)).encode("utf-8", "backslashreplace")
    name = f"error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-"
    try:
        folder = Path(os.environ.get(CACHE) or Path.home() / ".cache" / "rerankkit") / "errors"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, path = tempfile.mkstemp(".txt", name, folder)
        _remove_old(folder)
    except (OSError, RuntimeError):  # no home, or one that is read-only
        number, path = tempfile.mkstemp(".txt", f"rerankkit-{name}")
    with os.fdopen(number, "wb") as file:
        file.write(text)
    return Path(path)


def _remove_old(folder: Path) -> None:
    for path in sorted(folder.glob("error-*.txt"), key=lambda one: one.stat().st_mtime)[:-KEPT]:
        path.unlink(missing_ok=True)


@contextmanager
def _stopping_cleanly() -> Iterator[None]:
    """Lets SIGTERM and SIGHUP end the command as an exception does, so that nothing half-written is left.

    Signals that are ignored or handled already stay so; so does everything outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    caught = [number for number in STOPPED_BY if signal.getsignal(number) is signal.SIG_DFL]
    for number in caught:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in caught:
            signal.signal(number, signal.SIG_DFL)
