"""Queries that nobody labelled, for a teacher to score: from documents' titles and summaries, or from a query log."""

import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import islice
from pathlib import Path
from typing import TypeVar

from rerankkit.collection.clicks import read_clicks
from rerankkit.errors import InputError
from rerankkit.groups.overlap import fold, near_duplicates
from rerankkit.io.lines import bare_name, read_lines
from rerankkit.types import Document, Query

T = TypeVar("T")

CHUNK = 10_000
"""Texts that are compared with the held-out queries at once."""

SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n")
SITE = re.compile(r"^(.*\S)\s+[-–—|·•]\s+\S.*$", re.DOTALL)
CLICK_SUFFIXES = (".jsonl", ".json", ".tsv")
"""A log under such a name holds clicks; another, a query a line."""


def title_query(document: Document, max_words: int) -> str:
    """The document's title as a query, its first words where it is longer."""
    return " ".join(document.title.split()[:max_words])


def without_site(document: Document) -> Document:
    """The document without what follows the last dash, bar or dot between spaces of its title: on the web, the site."""
    return document._replace(title=SITE.sub(r"\1", document.title))


def summary_query(document: Document, max_words: int) -> str:
    """The first sentence of the document's text, its first words where it is longer."""
    sentence = next((part for part in SENTENCE_END.split(document.text.strip()) if part.strip()), "")
    return " ".join(sentence.split()[:max_words])


def log_queries(path: str | Path) -> list[str]:
    """A query log's queries, the most frequent first: one a line, or a clicks file, whose counts are added up.

    Of spellings that fold alike the first is taken. Raises InputError for a malformed line.
    """
    if bare_name(path).endswith(CLICK_SUFFIXES):
        asked: Iterable[tuple[str, int]] = ((click.query, click.clicks) for click in read_clicks(path))
    else:
        asked = ((text, 1) for text in _logged(path))
    counts: dict[str, int] = {}
    spelt: dict[str, str] = {}
    for text, times in asked:
        key = fold(text)
        spelt.setdefault(key, text)
        counts[key] = counts.get(key, 0) + times
    return [spelt[key] for key in sorted(counts, key=lambda key: -counts[key])]


def _logged(path: str | Path) -> Iterator[str]:
    """A query a line; InputError for a line of columns or of JSON, which is no query."""
    for number, line in read_lines(path):
        if "\t" in line.strip() or line.lstrip().startswith('{"'):
            remedy = f"Expected a query a line; clicks are in files that end in {', '.join(CLICK_SUFFIXES)}"
            raise InputError(f"not a query: {line[:80]!r}", remedy, path, number)
        yield " ".join(line.split())


class Unheard:
    """Lets through what is no near-duplicate of a held-out query, holds a letter or digit, and was not let through yet.

    `repeats` counts the near-duplicates that were kept back.
    """

    def __init__(self, held_out: Iterable[Query] = ()) -> None:
        self.held_out = list(held_out)
        self.repeats = 0
        self._seen: set[str] = set()

    def pick(self, texts: Iterable[str]) -> Iterator[str]:
        """The texts that are let through, in their order; read in chunks."""
        texts = iter(texts)
        while chunk := [Query(str(place), text) for place, text in enumerate(islice(texts, CHUNK))]:
            near = {overlap.query.qid for overlap in near_duplicates(chunk, self.held_out)} if self.held_out else set()
            self.repeats += len(near)
            for qid, text in chunk:
                key = fold(text)
                if qid not in near and key not in self._seen and any(map(str.isalnum, key)):
                    self._seen.add(key)
                    yield text


def sample(items: Iterable[T], number: int | None, seed: int) -> list[T]:
    """So many of the items (all, where None) in their order, each as likely as another; only the sample is held."""
    if number is None:
        return list(items)
    draw = random.Random(seed)
    held: list[tuple[int, T]] = []
    for place, item in enumerate(items):
        if place < number:
            held.append((place, item))
        elif (at := draw.randrange(place + 1)) < number:
            held[at] = (place, item)
    return [item for _, item in sorted(held, key=lambda one: one[0])]


def shuffled(items: Sequence[T], seed: int) -> list[T]:
    """The items in an order drawn by the seed."""
    return random.Random(seed).sample(items, len(items))


def digest(texts: Iterable[object]) -> str:
    """A hash of texts and documents, in their order."""
    hashed = hashlib.sha256()
    for text in texts:
        hashed.update(json.dumps(text).encode())
    return hashed.hexdigest()


def numbered(texts: Iterable[str], prefix: str, taken: Set[str] = frozenset()) -> dict[str, Query]:
    """Topics of the texts with the ids prefix1, prefix2, …; ids that are taken are passed over.

    Raises InputError for a prefix that is no word, and where there is no text.
    """
    if len(prefix.split()) != 1 or prefix.strip() != prefix:
        raise InputError(f"--prefix {prefix!r} is no single word", "Give letters, e.g. --prefix u")
    queries: dict[str, Query] = {}
    number = 0
    for text in texts:
        number += 1
        while f"{prefix}{number}" in taken:
            number += 1
        queries[f"{prefix}{number}"] = Query(f"{prefix}{number}", text)
    if not queries:
        raise InputError("no query is left", "Check the source, and what --held-out leaves out")
    return queries
