"""Texts and tags of SGML and XML in one pass, in linear time, without ever expanding a declared entity."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rerankkit.errors import InputError

_NAME = r"[A-Za-z_][\w:.-]*+"
_VALUE = r"""(?:"[^"<]*+"|'[^'<]*+'|[^\s"'<>=/]++)"""
_TAG = re.compile(rf"<(/?+)({_NAME})((?:\s++{_NAME}\s*+=\s*+{_VALUE})*+)\s*+(/?+)>", re.ASCII)
"""No part of it reaches beyond the next `<`, and none is tried twice: a text is scanned once."""
_ATTRIBUTE = re.compile(rf"({_NAME})\s*+=\s*+({_VALUE})", re.ASCII)
_ENTITY = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_CANDIDATE = re.compile(r"<(?=[A-Za-z_/!?])")
_SKIPPED = (("<!--", "-->"), ("<?", "?>"))


class Text(NamedTuple):
    """A stretch without tags, its entities decoded, and its first line's number."""

    line: int
    text: str


class Tag(NamedTuple):
    """A tag: its name in lower case, whether it closes, its attributes; as written, and whether it begins its line."""

    line: int
    name: str
    closes: bool
    empty: bool
    attributes: dict[str, str]
    written: str
    begins_line: bool


def tokens(text: str, path: str | Path) -> Iterator[Text | Tag]:
    """The text's tags and what stands between them; a `<` that opens no tag is text.

    Comments, processing instructions and the document type are left out. Raises InputError where one of them does not
    end, and for entities that the document declares.
    """
    line, start, place = 1, 0, 0
    begins_line = True
    while True:
        candidate = _CANDIDATE.search(text, place)
        found = candidate.start() if candidate else -1
        end = len(text) if found < 0 else found
        after, token = (end, None) if found < 0 else _markup(text, found, path)
        if found >= 0 and after == found:  # a `<` of the text
            place = found + 1
            continue
        if end > start:
            between = text[start:end]
            yield Text(line, decoded(between))
            line += between.count("\n")
            _, broken, tail = between.rpartition("\n")
            begins_line = (bool(broken) or begins_line) and not tail.strip()
        if found < 0:
            return
        if isinstance(token, Text):
            yield Text(line, token.text)
        elif token is not None:
            yield token._replace(line=line, begins_line=begins_line)
        line += text.count("\n", found, after)
        begins_line = False
        start = place = after


def _markup(text: str, place: int, path: str | Path) -> tuple[int, Text | Tag | None]:
    """Where the markup at a `<` ends, which is where it begins if it is none, and its token without its line."""
    match = _TAG.match(text, place)
    if match is not None:
        return match.end(), _tag(match)
    for opening, closing in _SKIPPED:
        if text.startswith(opening, place):
            return _end(text, place, closing, path), None
    if text.startswith("<![CDATA[", place):
        end = _end(text, place, "]]>", path)
        return end, Text(0, text[place + 9 : end - 3])
    if text[place : place + 9].upper() == "<!DOCTYPE":
        end = _end(text, place, ">", path)
        if "[" in text[place:end]:
            remedy = "Entities are not expanded: write the text itself, and remove the declaration"
            raise InputError("the document type declares entities or elements", remedy, path, _line(text, place))
        return end, None
    return place, None


def _tag(match: re.Match[str]) -> Tag:
    attributes = {}
    if match[3]:
        for name, value in _ATTRIBUTE.findall(match[3]):
            attributes[name.lower()] = decoded(value[1:-1] if value[0] in "\"'" else value)
    return Tag(0, match[2].lower(), bool(match[1]), bool(match[4]), attributes, match[0], False)


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _end(text: str, place: int, closing: str, path: str | Path) -> int:
    end = text.find(closing, place)
    if end < 0:
        raise InputError(
            f"{text[place : place + 20]!r} has no {closing!r}", "The file may be cut", path, _line(text, place)
        )
    return end + len(closing)


def decoded(text: str) -> str:
    """The text with its character references and HTML's entities replaced, others as they are."""
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    from html.entities import html5

    name = match[1]
    if name[0] != "#":
        return html5.get(f"{name};", match[0])
    code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    valid = 0x20 <= code < 0xD800 or 0xDFFF < code <= 0x10FFFF or code in (9, 10, 13)
    return chr(code) if valid else match[0]
