"""The folder tree that a stranger's side file may speak of."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Tree(NamedTuple):
    """A folder without links in its path, and all that lies in it."""

    root: Path

    @classmethod
    def of(cls, folder: Path) -> "Tree":
        """The current folder's tree where a folder lies in it, else the folder's own."""
        here, real = (Path(os.path.realpath(path)) for path in (Path.cwd(), folder))
        return cls(here if real == here or here in real.parents else real)

    def holds(self, path: Path) -> bool:
        """Whether a path, its links followed, lies in the tree."""
        real = Path(os.path.realpath(path))
        return real == self.root or self.root in real.parents


def links(folder: Path) -> Iterator[Path]:
    """The links in a folder, at any depth; none is followed."""
    for above, folders, files in os.walk(folder):
        for name in sorted([*folders, *files]):
            if (path := Path(above, name)).is_symlink():
                yield path
