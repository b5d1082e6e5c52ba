"""A block of a run's lines as columns, by numpy: for files that are too long to be read line by line.

Nothing is guessed: what `columns` cannot tell to be what Python's `str.split` and `float` would make of the lines is
refused, and read line by line instead.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rerankkit.io.numbers import decimal_number
from rerankkit.run import LARGEST

SPACE, LINE_BREAK, MINUS, POINT, ZERO = b" \n-.0"
ODD_SPACES = bytes.maketrans(b"\t\v\f\r\x1c\x1d\x1e\x1f", b" " * 8)
"""What Python takes for a space in ASCII, beside the space and the line break."""
WIDE_SPACES = (
    "\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""And beyond ASCII."""
LONGEST = 24
"""Characters of a number that are read by column; what is longer is left to Python."""
DIGITS, MOST_DIGITS = b"0123456789\n", 18
MOST = 10**17
"""A number of more digits than this one, its point left out, is left to Python, before 64 bits are full."""


class Words(NamedTuple):
    """A column: where each line's word begins in the text, and how long it is."""

    text: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray


def columns(block: bytes) -> Iterator[tuple[str, bytes, bytes, str]]:
    """The stretches of `run_lines`; ValueError, before the first one, where a line is not plainly a run's."""
    if not block.isascii() and any(map(block.decode().__contains__, WIDE_SPACES)):
        raise ValueError("spaces beyond ASCII")
    block += b"\n" * (not block.endswith(b"\n"))
    if b"\t" in block or b"\r" in block:  # MS MARCO's spaces, and the line ends of some
        block = block.replace(b"\t", b" ").replace(b"\r\n", b"\n")
    try:
        words = _words(block)
    except ValueError:
        words = _words(_plain(block))
    qids, docids = words[0], words[-2 if len(words) == 3 else 2]
    values = numbers(words[4]) if len(words) == 6 else np.array([1 / rank for rank in ranks(words[2])])
    scores = float32(values)
    lines, ends = _lines(docids)
    tag = _word(words[5], -1) if len(words) == 6 else ""
    stretches = np.append(np.flatnonzero(_differs(qids)), len(scores))
    ends = np.append(0, ends)[stretches]
    for (start, end), (first, last) in zip(pairwise(stretches.tolist()), pairwise(ends.tolist()), strict=True):
        yield _word(qids, start), lines[first:last], scores[start:end].tobytes(), tag


def _words(block: bytes) -> list[Words]:
    """The six columns, or three, of lines with one space between two words and none elsewhere; or ValueError."""
    text = np.frombuffer(block + b" " * LONGEST, np.uint8)
    ends = np.flatnonzero(text[: len(block)] <= SPACE)
    width = block.count(b" ", 0, block.index(b"\n")) + 1
    if width not in (3, 6) or len(ends) % width:
        raise ValueError("not three columns, nor six")
    expected = np.full(len(ends), SPACE, np.uint8)
    expected[width - 1 :: width] = LINE_BREAK
    if (text[ends] != expected).any():
        raise ValueError("other spaces, or lines of other widths")
    ends = np.ascontiguousarray(ends.reshape(-1, width).T)
    starts = np.empty_like(ends)
    starts[0, 0], starts[0, 1:], starts[1:] = 0, ends[-1, :-1] + 1, ends[:-1] + 1
    lengths = ends - starts
    if not lengths.all():
        raise ValueError("spaces at the ends of a line, or several between two words")
    return [Words(text, starts[i], lengths[i]) for i in range(width)]


def _plain(block: bytes) -> bytes:
    """The lines with one space between two words and none elsewhere, without blank ones."""
    block = block.translate(ODD_SPACES)
    while b"  " in block:
        block = block.replace(b"  ", b" ")
    block = block.replace(b" \n", b"\n").replace(b"\n ", b"\n")
    while b"\n\n" in block:
        block = block.replace(b"\n\n", b"\n")
    return block.lstrip()


def _word(words: Words, line: int) -> str:
    start = words.starts[line]
    return words.text[start : start + words.lengths[line]].tobytes().decode()


def _lines(words: Words) -> tuple[bytes, np.ndarray]:
    """A column's words as a text with a line for each, and where these lines end."""
    lengths = words.lengths + 1
    ends = np.cumsum(lengths)
    places = np.repeat(words.starts - (ends - lengths), lengths)
    places += np.arange(len(places))
    text = words.text[places]
    text[ends - 1] = LINE_BREAK
    return text.tobytes(), ends


def _differs(words: Words) -> np.ndarray:
    """Which lines have another word than the line before; the first has."""
    differs = np.ones(len(words.starts), bool)
    differs[1:] = words.lengths[1:] != words.lengths[:-1]
    if words.lengths.max() > LONGEST:
        raise ValueError("long qids")
    for inside, characters in _characters(words):
        differs[1:] |= inside[1:] & (characters[1:] != characters[:-1])
    return differs


def _characters(words: Words) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For the first, second, … character of all words at once: which words have one, and which it is."""
    width = min(int(words.lengths.max()), LONGEST)
    lengths = np.minimum(words.lengths, LONGEST).astype(np.int8)
    windows = np.lib.stride_tricks.sliding_window_view(words.text, width)[words.starts]
    for place, characters in enumerate(np.ascontiguousarray(windows.T)):
        yield lengths > place, characters


def ranks(words: Words) -> list[int]:
    """Every word's rank; ValueError for what is no whole number from 1."""
    text = _lines(words)[0]
    if text.translate(None, DIGITS) or words.lengths.max() > MOST_DIGITS:
        raise ValueError("not digits alone")
    found = list(map(int, text.split()))
    if min(found) < 1:
        raise ValueError("a rank below 1")
    return found


def numbers(words: Words) -> np.ndarray:
    """Every word's float64, or one that has the same float32; ValueError for a word that is no number."""
    values, left = _decimals(words)
    for line in np.flatnonzero(left).tolist():
        start = int(words.starts[line])
        values[line] = decimal_number(words.text[start : start + int(words.lengths[line])].tobytes().decode())
    return values


def _decimals(words: Words) -> tuple[np.ndarray, np.ndarray]:
    """The values of words such as -12.5, and which words are left to Python: others, and what could round otherwise.

    A character at a time over all words makes an integer, and counts how many of its digits stand behind the point; the
    quotient is right to the last bit while the integer is below 2^53 (Clinger, How to read floating point numbers
    accurately).
    """
    count = len(words.starts)
    value, behind, pointed = np.zeros(count, np.int64), np.zeros(count, np.int8), np.zeros(count, bool)
    negative = words.text[words.starts] == MINUS
    left = (words.lengths > LONGEST) | (words.lengths == negative)
    for place, (inside, characters) in enumerate(_characters(words)):
        digits = characters - ZERO  # what is below ZERO wraps, to more than 9
        if place == 0:
            digits[negative] = 0
        is_digit = inside & (digits < 10)
        other = inside ^ is_digit
        left |= other & (pointed | (characters != POINT))
        if place > 17:
            left |= is_digit & (value >= MOST)
        value = np.where(is_digit, value * 10 + digits, value)
        behind += is_digit & pointed
        pointed |= other
    quotient = value / 10.0 ** np.arange(LONGEST + 1)[behind]
    around = float32(quotient * (1 - 2.0**-50)) != float32(quotient * (1 + 2.0**-50))
    left |= (words.lengths == negative + pointed.astype(int)) | (behind > 22) | ((value >= 2**53) & around)
    return np.where(negative, -quotient, quotient), left


def float32(values: np.ndarray) -> np.ndarray:
    """The scores as a run holds them: what is finite stays so."""
    return np.where(np.isfinite(values), np.clip(values, -LARGEST, LARGEST), values).astype(np.float32)
