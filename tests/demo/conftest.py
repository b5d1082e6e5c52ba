import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FILES = {
    "__init__.py": """
from collections import OrderedDict
from orchard._care import grow, prune, water
from orchard._plants import Bush, Tree

__all__ = ["Bush", "OrderedDict", "Tree", "felled", "grow", "prune", "trim", "water"]
trim = prune


def __getattr__(name):
    import warnings

    if name == "felled":
        warnings.warn("gone", DeprecationWarning)
        return grow
    raise AttributeError(name)
""",
    "_care.py": '''
def grow(tree):
    """grow(tree)

    Make trees taller.

    See Also
    --------
    water : Give all plants something to drink.
    :class:`~orchard.Tree` : A living thing of *wood* with ``branches`` [1]_.
    prune : Give all the plants something to drink now.
    """


def prune(tree):
    """Remove unwanted branches.

    See Also
    --------
    water :
        give ALL plants
        something to drink
    water : Pour water on every root each day.
    water, Tree : What no garden lives without.
    """


def water(amount):
    """Pour water on every root.

    A second paragraph with `grow`.

    Parameters
    ----------
    amount : float
        Litres for each tree.

    See Also
    --------
    grow : Make trees taller with time.
    prune : Cut branches that bear nothing.
    graft.join : Unite two living plants as one
        under wet bark.
    Tree.height : Equivalent method.
    water : Sends you back to where you stand.
    nothing_there : Points at some missing thing.
    prune, grow : Keep every plant in good shape.
    grow : Taller.
    prune

    Examples
    --------
    >>> water(2)
    """
''',
    "_plants.py": '''
class Tree:
    """One plant."""

    def height(self):
        """Metres from root to tip.

        See Also
        --------
        grow : Add centimetres to wood.
        """

    @property
    def age(self):
        """Rings counted inside."""

    def _secret(self):
        """Not for you."""


class Bush(Tree):
    """A plant without a stem."""

    def age_of(self):
        pass
''',
    "graft.py": '''
from orchard._care import water


def join(one, other):
    """Grow two plants together.

    See Also
    --------
    water : Give all plants something to drink!
    cut : Halve one stem lengthwise.
    """


def cut(stem):
    """Slice a stem in two. Then bind it."""
''',
    "broken.py": "raise ImportError('needs what is not there')",
    "tests/__init__.py": "raise SystemExit('tests are not documentation')",
}
"""A package of which every document, query and click is known."""


@pytest.fixture
def orchard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a small package that can be imported."""
    for name, text in FILES.items():
        path = tmp_path / "site" / "orchard" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    yield "orchard"
    for name in [name for name in sys.modules if name.partition(".")[0] == "orchard"]:
        del sys.modules[name]
