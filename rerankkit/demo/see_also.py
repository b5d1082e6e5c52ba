"""The "See Also" sections of docstrings: how other pages describe an object."""

import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rerankkit.demo.docstrings import Page
from rerankkit.demo.numpydoc import plain, sections

SHORT = {"np": "numpy", "sp": "scipy", "pd": "pandas", "mpl": "matplotlib", "plt": "matplotlib.pyplot"}
"""The names under which people import the packages."""

TITLES = frozenset({"see also", "see also:", "seealso"})

_NAME = r"(?::[\w:.]+:)?`?[~!.]?[A-Za-z_][\w.]*(?:\(\))?`?"
_ENTRY = re.compile(rf"(?:[-*] )?(?P<names>{_NAME}(?:\s*,\s*{_NAME})*)\s*,?\s*(?::(?:\s+(?P<text>.*))?)?$")


class Anchor(NamedTuple):
    """One entry of a See Also section: the page it stands on, the names it points to, what it says of them."""

    page: str
    names: tuple[str, ...]
    text: str


def anchors(page: Page) -> Iterator[Anchor]:
    """The entries of a page's See Also sections; `text` is empty where an entry only names."""
    for title, text in sections(page.docstring):
        if title.lower() in TITLES:
            for names, description in entries(text):
                yield Anchor(page.path, names, description)


def entries(section: str) -> list[tuple[tuple[str, ...], str]]:
    """The (names, description) pairs of a section's text: ``name, name : text``, the text also on indented lines."""
    found: list[tuple[tuple[str, ...], list[str]]] = []
    for line in textwrap.dedent(section).splitlines():
        match = _ENTRY.match(line)
        if match:
            names = tuple(_bare(name) for name in match["names"].split(","))
            found.append((names, [match["text"] or ""]))
        elif found and line[:1].isspace():
            found[-1][1].append(line)
    return [(names, plain("\n".join(lines))) for names, lines in found]


def _bare(name: str) -> str:
    return re.sub(r"^:[\w:.]+:", "", name.strip()).strip("`").lstrip("~!.").removesuffix("()")


class Names:
    """Finds the page that a name means on another page."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._canonical: dict[str, str] = {}
        self._homes: dict[str, list[str]] = {}
        for page in pages:
            self._homes[page.path] = [page.path, *page.aliases]
            for path in self._homes[page.path]:
                self._canonical.setdefault(path, page.path)
        self._endings: dict[str, set[str]] = {}
        for path in self._homes:
            parts = path.split(".")
            for start in range(1, len(parts)):
                self._endings.setdefault(".".join([parts[0], *parts[start:]]), set()).add(path)

    def resolve(self, name: str, page: str) -> str | None:
        """The path of the page meant by a name on a page, None where there is none.

        Looked for beside the page and its other paths, from the innermost class or module outwards, then as a
        full path, then as the only path in the package that ends so.
        """
        for home in self._homes[page]:
            scope = home
            while scope := scope.rpartition(".")[0]:
                if found := self._canonical.get(f"{scope}.{name}"):
                    return found
        first, dot, rest = name.partition(".")
        full = SHORT.get(first, first) + dot + rest
        if found := self._canonical.get(full):
            return found
        endings = self._endings.get(f"{page.partition('.')[0]}.{name}", set())
        return next(iter(endings)) if len(endings) == 1 else None
