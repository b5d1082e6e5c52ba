"""Query and document to token ids: cached by text, joined, and cut to the pair's length.

The document is what is cut. A query is cut only where it is longer than --max-query-tokens, or where it would leave
a document fewer than LEAST_ROOM tokens: then it keeps at most half of the room, unless that was to be an error.
"""

import hashlib
import json
import logging
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from rerankkit.errors import InputError
from rerankkit.rerank.cuts import Tally
from rerankkit.types import Document, Query

log = logging.getLogger(__name__)

CACHE = 20_000
"""How many documents' ids are kept: a dozen megabytes, however long the texts are and however many pairs there are."""
PLAIN = {"add_special_tokens": False, "truncation": False, "padding": False, "verbose": False}
"""The tokenizer's options for a text that nothing is put around, whole."""
PLURAL = {"query": "queries", "title": "titles"}
LEAST_ROOM = 4
"""Tokens that a query must leave a document; a longer query is too long for its pairs."""
CUT, ERROR = "cut", "error"
LONG_QUERIES = (CUT, ERROR)
"""What may be done with a query that is too long for its pairs."""


class Pair(NamedTuple):
    """One input: token ids, and how many of them belong to the query's segment."""

    ids: list[int]
    first: int


@dataclass(frozen=True, slots=True)
class Frame:
    """The ids around query and document, and how each is put into words.

    `query_end` is how many tokens close the query's words, and stay when it is cut. A `separator` stands between
    title and text that are encoded apart; without one they are one text, `document_text`.
    """

    prefix: list[int]
    middle: list[int]
    suffix: list[int]
    query_text: Callable[[Query], str]
    document_text: Callable[[Document], str]
    segments: bool = False
    query_end: int = 0
    separator: list[int] | None = None

    def digest(self) -> str:
        """A hash of the ids, and of the words around sample texts: another template has another one."""
        documents = (Document("", "title", "text"), Document("", "title", ""), Document("", "", "text"))
        words = [self.query_text(Query("", "query")), *map(self.document_text, documents)]
        ids = [self.prefix, self.middle, self.suffix, self.separator, self.segments, self.query_end]
        return hashlib.blake2b(json.dumps([words, ids]).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Lengths:
    """Budgets in tokens: of the pair, special tokens included, of the query, of the title.

    A longer title is cut before it is joined with the text. `long_queries` says what happens to a query that is too
    long for its pairs; it belongs to a job, not to a checkpoint, and is not saved.
    """

    max_length: int = 256
    max_query_tokens: int | None = None
    max_title_tokens: int | None = None
    long_queries: str = CUT

    def __post_init__(self) -> None:
        if self.long_queries not in LONG_QUERIES:
            raise InputError(f"unknown --long-queries {self.long_queries!r}", f"Known: {', '.join(LONG_QUERIES)}")
        if self.max_length < 8:
            raise InputError(f"--max-length {self.max_length} is too small", "Give at least 8 tokens")
        for name, most in (("query", self.max_query_tokens), ("title", self.max_title_tokens)):
            if most is not None and not 0 < most < self.max_length:
                raise InputError(f"--max-{name}-tokens must be between 1 and --max-length")

    def record(self) -> dict[str, int | None]:
        """The budgets, as a checkpoint keeps them."""
        return {name: value for name, value in asdict(self).items() if name != "long_queries"}


class Encoded(NamedTuple):
    """A text's first ids, one more than fit at the most, and how many it has altogether."""

    ids: Sequence[int]
    length: int


class PairEncoder:
    """Encodes pairs; counts what it cut: documents to the pair's length, queries and titles to theirs."""

    def __init__(self, tokenizer: Any, frame: Frame, lengths: Lengths) -> None:
        self.tokenizer, self.frame, self.lengths = tokenizer, frame, lengths
        self._count_anew()
        self._documents: dict[bytes, Encoded] = {}
        self._titles: dict[str, tuple[str, int]] = {}

    def _count_anew(self) -> None:
        self.documents, self.queries, self.titles, self.long_queries = Tally(), Tally(), Tally(), Tally()

    @contextmanager
    def apart(self, lengths: Lengths) -> Iterator[None]:
        """Encodes by other lengths in the block; what is cut there is not counted."""
        kept, counts = self.lengths, (self.documents, self.queries, self.titles, self.long_queries)
        self.lengths = lengths
        self._count_anew()
        try:
            yield
        finally:
            self.lengths = kept
            self.documents, self.queries, self.titles, self.long_queries = counts

    def encode(self, query: Query, documents: Sequence[Document]) -> list[Pair]:
        """The pairs of a query, `[prefix] query [middle] document [suffix]`.

        Raises InputError where a pair has no room for query and document, and for a query that is too long where that
        was to be an error.
        """
        frame, lengths = self.frame, self.lengths
        (asked,) = self._ids([frame.query_text(query)])
        room = self._room()
        over = len(asked) - (lengths.max_query_tokens or len(asked))
        asked = self._kept(asked, len(asked) - over)
        fitting = len(asked) <= room - LEAST_ROOM
        if not fitting:
            self._check_long(query, len(asked), room)
        beyond = 0 if fitting else len(asked) - self._most(room)
        asked = self._kept(asked, len(asked) - beyond)
        if documents:
            self.queries.count(over)
            self.long_queries.count(beyond)
        head = [*frame.prefix, *asked, *frame.middle]
        room -= len(asked)
        pairs = []
        for ids, length in self._document_ids(documents):
            self.documents.count(length - room)
            pairs.append(Pair([*head, *ids[:room], *frame.suffix], len(head)))
        return pairs

    def _room(self) -> int:
        """Tokens that query and document have together."""
        frame = self.frame
        return self.lengths.max_length - len(frame.prefix) - len(frame.middle) - len(frame.suffix)

    def _kept(self, asked: list[int], most: int) -> list[int]:
        """A query's first tokens and those that close its words, `most` in all."""
        end = len(asked) - self.frame.query_end
        return asked if most >= len(asked) else [*asked[: max(0, most - self.frame.query_end)], *asked[end:]]

    @staticmethod
    def _most(room: int) -> int:
        """Tokens that a query keeps which is too long for its pairs: half of the room, or what LEAST_ROOM leaves."""
        return min(room // 2, room - LEAST_ROOM)

    def _check_long(self, query: Query, tokens: int, room: int) -> None:
        """Raises InputError for a query that is too long and cannot, or must not, be cut."""
        most = self.lengths.max_length
        if self._most(room) <= self.frame.query_end:
            needed = self.frame.query_end + max(self.frame.query_end + 2, LEAST_ROOM + 1)
            raise InputError(
                f"--max-length {most} leaves query and document {max(room, 0)} tokens beside the model's own",
                f"Give at least {most - room + needed}",
            )
        if self.lengths.long_queries == ERROR:
            raise InputError(
                f"query {query.qid} has {tokens} tokens of the {room} that a pair may have",
                "Raise --max-length, or cut queries with --max-query-tokens or --long-queries cut",
            )

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Where each token of each text lies in it, from character to character; special tokens have no place."""
        return self.tokenizer(list(texts), return_offsets_mapping=True, **PLAIN)["offset_mapping"]

    def forget(self) -> None:
        """Drops the ids that were kept: the next pairs are encoded as a new process would."""
        self._documents.clear()
        self._titles.clear()

    def traits(self) -> dict[str, Any]:
        """What tells its pairs from those of another encoder with the same tokenizer."""
        strict = {"long_queries": ERROR} if self.lengths.long_queries == ERROR else {}
        return {**self.lengths.record(), **strict, "template": self.frame.digest()}

    def tell_cuts(self) -> None:
        """Logs how many pairs were cut and by how many tokens, and the queries and titles that were."""
        lengths = self.lengths
        told = [self.documents.told("pairs", f"--max-length {lengths.max_length}")] if self.documents.texts else []
        for tally, name in ((self.queries, "query"), (self.titles, "title")):
            if tally.cut:
                most = getattr(lengths, f"max_{name}_tokens")
                told.append(tally.told(PLURAL[name], f"--max-{name}-tokens {most}"))
        if self.long_queries.cut:
            most = f"{self._most(self._room())} tokens to leave room in --max-length {lengths.max_length}"
            told.append(self.long_queries.told("queries", most))
        if told:
            log.info("%s", "; ".join(told))

    def _document_ids(self, documents: Sequence[Document]) -> Iterable[Encoded]:
        if self.lengths.max_title_tokens is not None:
            titles = self._cut_titles([document.title for document in documents], self.lengths.max_title_tokens)
            documents = [one._replace(title=title) for one, title in zip(documents, titles, strict=True)]
        if self.frame.separator is None:
            return self._cached([self.frame.document_text(document) for document in documents])
        apart = self._cached([text for one in documents for text in (one.title, one.text)])
        return [self._beside(title, text) for title, text in zip(apart[::2], apart[1::2], strict=True)]

    def _beside(self, title: Encoded, text: Encoded) -> Encoded:
        """Title and text with the separator between them, where both are there."""
        between = (self.frame.separator or []) if title.ids and text.ids else []
        return Encoded([*title.ids, *between, *text.ids], title.length + len(between) + text.length)

    def _cut_titles(self, titles: Sequence[str], most: int) -> list[str]:
        """The titles up to the end of their first so many tokens: what is cut is the text, so that it joins as ever."""
        if len(self._titles) > CACHE:
            self._titles.clear()
        missing = list(dict.fromkeys(title for title in titles if title not in self._titles))
        if missing:
            for title, of_tokens in zip(missing, self.spans(missing), strict=True):
                cut = title if len(of_tokens) <= most else title[: of_tokens[most][0]].rstrip()
                self._titles[title] = cut, len(of_tokens) - most
        for title in titles:
            if title:
                self.titles.count(self._titles[title][1])
        return [self._titles[title][0] for title in titles]

    def _cached(self, texts: Sequence[str]) -> list[Encoded]:
        if len(self._documents) > CACHE:
            self._documents.clear()
        keys = [_key(text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._documents}
        if missing:
            most = self.lengths.max_length + 1
            encoded = (Encoded(array("i", ids[:most]), len(ids)) for ids in self._ids(list(missing.values())))
            self._documents.update(zip(missing, encoded, strict=True))
        return [self._documents[key] for key in keys]

    def _ids(self, texts: list[str]) -> list[list[int]]:
        return self.tokenizer(texts, **PLAIN)["input_ids"]


def _key(text: str) -> bytes:
    """What stands for a text, and is short."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
