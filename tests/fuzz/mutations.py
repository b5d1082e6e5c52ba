"""Mutations of a file: bytes, lines, values of JSON."""

import bz2
import gzip
import json
import random
from typing import Any

from seeds import WORDS

VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        3,
        1.5,
        10**6,
        2**31,
        2**63,
        10**40,
        "",
        "a",
        " ",
        "../x",
        "/dev/zero",
        "1",
        "\ud83d",
    ),
    *([], {}, [[]], {"a": {}}, ["a"] * 3, "x" * 10_000, [0] * 1000),
]
NESTED = 1500
"""How deep a value may be nested; json.dumps refuses deeper ones, so text is written instead."""


def mutated(content: bytes, draw: random.Random) -> bytes:
    """The content after one to four mutations, drawn by `draw`."""
    for _ in range(draw.choice((1, 1, 1, 2, 3, 4))):
        content = draw.choice((_bytes, _bytes, _lines, _word, _word, _json, _json, _whole))(content, draw)
    return content[: 1 << 20]


def _bytes(content: bytes, draw: random.Random) -> bytes:
    """One bit flipped, or a stretch removed, doubled, or the end cut off."""
    if not content:
        return draw.choice(WORDS)
    at = draw.randrange(len(content))
    end = min(len(content), at + draw.choice((1, 1, 2, 8, 64)))
    kind = draw.randrange(5)
    if kind == 0:
        return content[:at] + bytes([content[at] ^ (1 << draw.randrange(8))]) + content[at + 1 :]
    if kind == 1:
        return content[:at] + content[end:]
    if kind == 2:
        return content[:end] + content[at:end] * draw.choice((1, 2, 100)) + content[end:]
    if kind == 3:
        return content[:at]
    return content[:at] + bytes(draw.randrange(256) for _ in range(draw.choice((1, 4)))) + content[at:]


def _lines(content: bytes, draw: random.Random) -> bytes:
    """A line removed, doubled, moved, or one of its columns changed."""
    lines = content.split(b"\n")
    at = draw.randrange(len(lines))
    kind = draw.randrange(5)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines[at:at] = [lines[at]] * draw.choice((1, 2, 1000))
    elif kind == 2:
        draw.shuffle(lines)
    else:
        words = lines[at].split(b"\t" if b"\t" in lines[at] else b" ")
        place = draw.randrange(len(words))
        words[place : place + draw.randrange(2)] = [draw.choice(WORDS)]
        lines[at] = (b"\t" if b"\t" in lines[at] else b" ").join(words)
    return b"\n".join(lines)


def _word(content: bytes, draw: random.Random) -> bytes:
    """A fragment put somewhere."""
    at = draw.randrange(len(content) + 1)
    return content[:at] + draw.choice(WORDS) + content[at:]


def _whole(content: bytes, draw: random.Random) -> bytes:
    """The whole file packed, doubled, emptied, recoded."""
    kind = draw.randrange(8)
    if kind == 0:
        return gzip.compress(content, mtime=0)
    if kind == 1:
        return bz2.compress(content)
    if kind == 2:
        return content.decode("utf-8", "replace").encode("utf-16")
    if kind == 3:
        return b""
    if kind == 4:
        return draw.choice(WORDS) * draw.choice((1, 100))
    if kind == 5:
        return gzip.compress(content, mtime=0)[:-5]
    return content * 2


def _json(content: bytes, draw: random.Random) -> bytes:
    """A value of a JSON text, or of one of its lines, changed in type, dropped or doubled."""
    lines = content.split(b"\n")
    places = [i for i, line in enumerate(lines) if line.lstrip().startswith((b"{", b"["))]
    try:
        if len(places) > 1 and draw.random() < 0.9:
            at = draw.choice(places)
            lines[at] = _changed(json.loads(lines[at]), draw)
            return b"\n".join(lines)
        return _changed(json.loads(content), draw)
    except (ValueError, RecursionError):
        return _bytes(content, draw)


def _changed(value: Any, draw: random.Random) -> bytes:
    holders = list(_holders(value))
    if not holders:
        return json.dumps(draw.choice(VALUES)).encode()
    holder = draw.choice(holders)
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    key = draw.choice(keys)
    kind = draw.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[str(draw.choice(("x", "id", "title", "__class__", key)))] = draw.choice(VALUES)
    elif kind == 2:
        holder[key] = "DEEP"
        return json.dumps(value).replace('"DEEP"', "[" * NESTED + "]" * NESTED).encode()
    elif kind == 3 and isinstance(holder, dict):
        text = json.dumps(value)
        return text.replace(json.dumps(key) + ":", json.dumps(key) + ": 1, " + json.dumps(key) + ":", 1).encode()
    else:
        holder[key] = draw.choice(VALUES)
    return json.dumps(value).encode()


def _holders(value: Any) -> list[Any]:
    """Every list and object that is not empty."""
    found, level = [], [value]
    while level:
        level = [one for one in level if isinstance(one, dict | list) and one]
        found += level
        level = [item for one in level for item in (one.values() if isinstance(one, dict) else one)]
    return found
