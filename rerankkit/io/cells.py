"""Foreign texts as cells of tables: no control of a terminal, no formula, no markup, no command of LaTeX."""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence

UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories of controls, formats (also of direction), halves of surrogate pairs and line separators."""
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|-?inf")
FORMULA = re.compile(r"(^|[;\t\r\n])(?=[\s\"\ufeff]{0,32}[=+\-@＝＋－＠]|[\t\r\n])")
"""Where a spreadsheet would begin a formula: at a cell's start, or behind what it may take for the end of a cell."""
MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&$#])")
LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    character: f"\\{character}" for character in "&%$#_{}"
}


def escaped(text: str, keep: str = "") -> str:
    """The text with controls and other unseen characters as `\\x1b`; those in `keep` stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        one.encode("unicode_escape").decode() if one not in keep and unicodedata.category(one) in UNSEEN else one
        for one in text
    )


def csv_cell(text: str) -> str:
    """The text, with an apostrophe wherever a spreadsheet would take what follows for a formula; numbers stay."""
    return text if NUMBER.fullmatch(text) else FORMULA.sub(r"\1'", text)


def as_csv(rows: Sequence[Sequence[str]]) -> str:
    """Rows as CSV without a last line end, their cells by `csv_cell`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([csv_cell(cell) for cell in row] for row in rows)
    return text.getvalue().rstrip("\n")


def markdown_cell(text: str) -> str:
    """The text as Markdown shows it: without markup, links or a line's end."""
    return MARKDOWN.sub(r"\\\1", escaped(text))


def latex_cell(text: str) -> str:
    """The text as LaTeX shows it: without commands, comments or a line's end."""
    return "".join(LATEX.get(character, character) for character in escaped(text))
