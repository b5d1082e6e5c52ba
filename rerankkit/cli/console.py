"""Text for the terminal: characters that its encoding lacks, or that would control it, are escaped."""

import codecs
import logging
import sys

import click

from rerankkit.io.cells import escaped

ESCAPE = "rerankkit.escape"
LONGEST = 2000
"""Characters of a message: a user's file may hold text of any length."""


def message(text: str) -> str:
    """A text as one line of a message."""
    line = escaped(text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


class EscapingFormatter(logging.Formatter):
    """Escapes what would control the terminal in a log line; line ends and tabs stay."""

    def format(self, record: logging.LogRecord) -> str:
        return escaped(super().format(record), "\n\t")


def log_to_stderr() -> None:
    """Sends warnings of all libraries to stderr, where nothing else was set up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(EscapingFormatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def prepare_stdout() -> None:
    """Lets standard output take any text: bytes of a file name come out as they are, other characters escaped."""
    codecs.register_error(ESCAPE, _replaced)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors=ESCAPE)


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    one = error.object[error.start]
    if 0xDC80 <= ord(one) <= 0xDCFF:
        return bytes([ord(one) - 0xDC00]), error.start + 1
    return one.encode("ascii", "backslashreplace").decode(), error.start + 1


def write_data(text: str) -> None:
    """Prints data for programs: in standard output's encoding where that holds it all, else in UTF-8, with a warning.

    Bytes of a file name that are no UTF-8 are escaped, which keeps JSON valid.
    """
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError as error:
        lacking = f"standard output is {encoding}, which has no U+{ord(text[error.start]):04X}"
        click.echo(f"Warning: {lacking}: the data is written in UTF-8. Set PYTHONIOENCODING=utf-8", err=True)
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8")
    click.echo(text)
