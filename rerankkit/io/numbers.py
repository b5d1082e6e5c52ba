"""Numbers in foreign files: ASCII digits only, where Python also takes `1_000` and the digits of other scripts."""

import re

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:inf|infinity|nan)", re.IGNORECASE)
LONGEST = 400
"""Characters of a decimal number; a longer one is refused unread."""


def whole_number(text: str) -> int:
    """The value of a whole number of at most 18 ASCII digits; ValueError for anything else."""
    if _WHOLE.fullmatch(text) is None:
        raise ValueError(f"not a whole number: {text[:40]!r}")
    return int(text)


def decimal_number(text: str) -> float:
    """The value of a decimal number in ASCII, `inf` and `nan` included; ValueError for anything else."""
    if len(text) > LONGEST or _DECIMAL.fullmatch(text) is None:
        raise ValueError(f"not a number: {text[:40]!r}")
    return float(text)
