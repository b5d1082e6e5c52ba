"""Query and document to token ids: cached by text, joined, and only the document is ever cut."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rerankkit.errors import InputError
from rerankkit.types import Document, Query

log = logging.getLogger(__name__)

CACHE = 200_000
"""How many documents' ids are kept."""


class Pair(NamedTuple):
    """One input: token ids, and how many of them belong to the query's segment."""

    ids: list[int]
    first: int


@dataclass(frozen=True, slots=True)
class Frame:
    """The ids around query and document, and how each is put into words.

    `query_end` is how many tokens close the query's words, and stay when it is cut.
    """

    prefix: list[int]
    middle: list[int]
    suffix: list[int]
    query_text: Callable[[Query], str]
    document_text: Callable[[Document], str]
    segments: bool = False
    query_end: int = 0


@dataclass(frozen=True, slots=True)
class Lengths:
    """Budgets in tokens: of the pair, special tokens included, and of the query (None: whole, or an error)."""

    max_length: int = 256
    max_query_tokens: int | None = None

    def __post_init__(self) -> None:
        if self.max_length < 8:
            raise InputError(f"--max-length {self.max_length} is too small", "Give at least 8 tokens")
        if self.max_query_tokens is not None and not 0 < self.max_query_tokens < self.max_length:
            raise InputError("--max-query-tokens must be between 1 and --max-length")


class PairEncoder:
    """Encodes pairs; counts how many documents it cut."""

    def __init__(self, tokenizer: Any, frame: Frame, lengths: Lengths) -> None:
        self.tokenizer, self.frame, self.lengths = tokenizer, frame, lengths
        self.pairs = self.cut = 0
        self._documents: dict[str, list[int]] = {}

    def encode(self, query: Query, documents: Sequence[Document]) -> list[Pair]:
        """The pairs of a query, `[prefix] query [middle] document [suffix]`.

        Raises InputError where the query leaves no room for a document.
        """
        frame, lengths = self.frame, self.lengths
        (asked,) = self._ids([frame.query_text(query)])
        room = lengths.max_length - len(frame.prefix) - len(frame.middle) - len(frame.suffix)
        over = len(asked) - (lengths.max_query_tokens or len(asked))
        if over > 0:
            kept = len(asked) - frame.query_end
            asked = [*asked[: kept - over], *asked[kept:]]
        if len(asked) > room - 4:
            raise InputError(
                f"query {query.qid} has {len(asked)} tokens of the {room} that a pair may have",
                "Raise --max-length, or cut queries with --max-query-tokens",
            )
        head = [*frame.prefix, *asked, *frame.middle]
        room -= len(asked)
        pairs = []
        for ids in self._document_ids(documents):
            self.pairs += 1
            self.cut += len(ids) > room
            pairs.append(Pair([*head, *ids[:room], *frame.suffix], len(head)))
        return pairs

    def tell_cuts(self) -> None:
        """Logs how many documents were cut, where any was."""
        if self.cut:
            told = (self.cut, self.pairs, self.lengths.max_length)
            log.info("%d of %d documents were cut to fit --max-length %d", *told)

    def _document_ids(self, documents: Sequence[Document]) -> Iterable[list[int]]:
        texts = [self.frame.document_text(document) for document in documents]
        if len(self._documents) > CACHE:
            self._documents.clear()
        missing = list(dict.fromkeys(text for text in texts if text not in self._documents))
        if missing:  # a few tokens more than fit tell that a document was cut
            most = self.lengths.max_length + 1
            self._documents.update(zip(missing, (ids[:most] for ids in self._ids(missing)), strict=True))
        return (self._documents[text] for text in texts)

    def _ids(self, texts: list[str]) -> list[list[int]]:
        return self.tokenizer(texts, add_special_tokens=False, truncation=False, padding=False, verbose=False)[
            "input_ids"
        ]
