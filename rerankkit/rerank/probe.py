"""Texts to compare models by where the user gives none: the standard library's documentation, in lists."""

import importlib
import inspect
import random
from collections.abc import Iterable

from rerankkit.types import Candidate, Document, Group, Query

MODULES = ("argparse", "collections", "datetime", "functools", "json", "logging", "os", "random", "shutil", "string")
LISTS, DEPTH = 24, 20
"""How many lists the probe has, and how many candidates each."""

WORDS = (12, 25, 40, 60, 90, 140)
"""The lengths that its documents are cut to, by turns."""


def built_in_probe() -> list[Group]:
    """Lists of a question, its answer and others' answers, of many lengths; always the same ones in one Python."""
    found: dict[str, str] = {}
    for module in map(importlib.import_module, MODULES):
        for name, member in sorted(vars(module).items()):
            text = inspect.getdoc(member) if callable(member) and not name.startswith("_") else None
            if text and len(text.split()) > 8:
                found.setdefault(" ".join(text.split()), f"{module.__name__} {name}")
    chance = random.Random(0)
    documents = [
        Document(str(place), title, " ".join(text.split()[: WORDS[place % len(WORDS)]]))
        for place, (text, title) in enumerate(sorted(found.items()))
    ]
    asked = chance.sample(documents, LISTS)
    return [Group(_question(one), _candidates(one, documents, chance)) for one in asked]


def _question(document: Document) -> Query:
    return Query(document.docid, " ".join(document.text.split()[:8]).rstrip(".,"))


def _candidates(answer: Document, documents: list[Document], chance: random.Random) -> tuple[Candidate, ...]:
    """The answer, others with words of its own, and some at random."""
    words = set(answer.text.lower().split())
    others = [document for document in documents if document is not answer]
    near = sorted(others, key=lambda one: -len(words & set(one.text.lower().split())))[: DEPTH // 2]
    rest = chance.sample([document for document in others if document not in near], DEPTH - len(near) - 1)
    return tuple(Candidate(document, 0.0) for document in (answer, *near, *rest))


def halves(groups: Iterable[Group]) -> tuple[list[Group], list[Group]]:
    """The lists by turns: what scales are set by is not what they are judged by."""
    listed = list(groups)
    return listed[::2], listed[1::2]
