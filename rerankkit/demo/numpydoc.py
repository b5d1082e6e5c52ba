"""What a numpydoc docstring holds: its sections, its summary, its markup as plain text."""

import re
from functools import lru_cache

_STROKES = {"---", "===", "~~~"}
_UNDERLINE = re.compile(r"\s*(-{3,}|={3,}|~{3,})\s*")
_QUOTED = re.compile(r"(?::[\w:.+-]+:)?`([^`]*)`(?:__?(?!\w))?")
_TARGET = re.compile(r"\s*<[^<>]*>$")
_DIRECTIVE = re.compile(r"^[ \t]*\.\. ([\w:-]+::|_).*$", re.MULTILINE)
_SEEALSO = re.compile(r"^([ \t]*)\.\. seealso::.*(\n([ \t]*$|\1[ \t]+.*))*", re.MULTILINE)
_STRONG = re.compile(r"(?<![\w*])(\*{1,2})([^\s*](?:[^*\n]*[^\s*])?)\1(?![\w*])")


def sections(docstring: str) -> list[tuple[str, str]]:
    """The (title, text) pairs of a docstring, in order; what stands before the first title has the title ``""``."""
    titles, texts = [""], [[]]  # type: tuple[list[str], list[list[str]]]
    for line in docstring.splitlines():
        if line.lstrip()[:3] in _STROKES and _UNDERLINE.fullmatch(line) and texts[-1] and texts[-1][-1].strip():
            titles.append(texts[-1].pop().strip())
            texts.append([])
        else:
            texts[-1].append(line)
    return [(title, "\n".join(lines).strip("\n")) for title, lines in zip(titles, texts, strict=True)]


def plain(text: str) -> str:
    """The text without reStructuredText's roles, links, emphasis and directives, blanks made one."""
    text = _DIRECTIVE.sub(" ", _SEEALSO.sub(" ", text))
    text = _QUOTED.sub(_shown, re.sub(r"``(.+?)``", r"\1", text)).replace("`", "")
    text = re.sub(r"\s?\[\w+\]_|\\ |\\(?=s\b|\s)", "", text)
    text = re.sub(r"(?<!\|)\|(\w+)\|(?!\|)", r"\1", text)
    text = re.sub(r"::(?=\s|$)", ":", text)
    return " ".join(_STRONG.sub(r"\2", text).split())


def _shown(match: re.Match[str]) -> str:
    name = match[1]
    if _TARGET.search(name):
        return _TARGET.sub("", name)
    return name.rpartition(".")[2] if name.startswith("~") else name.lstrip("!.")


@lru_cache(maxsize=1 << 15)
def summary(docstring: str) -> str:
    """The first paragraph in plain text."""
    paragraphs = re.split(r"\n\s*\n", _SEEALSO.sub("", sections(docstring)[0][1]))
    return next((text for paragraph in paragraphs if (text := plain(paragraph))), "")


def first_sentence(text: str) -> str:
    """The text up to the full stop that ends its first sentence."""
    return re.split(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!vs\.)\s+(?=[A-Z])", text, maxsplit=1)[0]


def body(docstring: str, left_out: frozenset[str], length: int) -> str:
    """What follows the first paragraph, in plain text, one section a line, cut between words to a length."""
    first = summary(docstring)
    lines = []
    for title, text in sections(docstring):
        if title.lower() not in left_out:
            content = plain(text)
            if not title:
                content = content.removeprefix(first).strip()
            lines.append(f"{title}: {content}" if title else content)
    text = "\n".join(line for line in lines if line)
    return text if len(text) <= length else re.sub(r"\s+\S*\Z", "", text[: length + 1])
