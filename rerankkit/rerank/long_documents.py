"""Long documents: windows of them are scored as pairs of their own, and a document has their best score or their sum.

Dai and Callan 2019, "Deeper Text Understanding for IR with Contextual Neural Language Modeling", arXiv 1905.09217.
"""

import logging
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from rerankkit.errors import InputError
from rerankkit.roles import Reranker, Splitting
from rerankkit.types import Document, Group

log = logging.getLogger(__name__)

FIRSTP = "firstp"
"""What fits of a document is its score; nothing is to be done."""
AGGREGATES: dict[str, Callable[[Iterable[float]], float]] = {"maxp": max, "sump": math.fsum}
CACHE = 5_000
"""How many documents' windows are kept."""


@dataclass(frozen=True, slots=True)
class Windows:
    """How documents are cut: tokens of the text in a window, and from one's start to the next one's."""

    how: str
    window: int
    stride: int

    def __post_init__(self) -> None:
        if self.how not in AGGREGATES:
            raise InputError(f"unknown --long-docs {self.how!r}", f"Known: {FIRSTP}, {', '.join(AGGREGATES)}")
        if self.window < 1:
            raise InputError(f"--window {self.window} is not positive")
        if not 0 < self.stride <= self.window:
            raise InputError(
                f"--stride {self.stride} would leave text out between windows of {self.window} tokens",
                "Give at most --window",
            )

    @classmethod
    def of(cls, how: str, window: int | None, stride: int | None, reranker: Reranker) -> "Windows":
        """Settings for a reranker; by default half of what it reads at once, and half of that from one to the next.

        Raises InputError where it cannot tell a text's tokens, and for a window that it cannot read at once.
        """
        if not isinstance(reranker, Splitting):
            raise InputError(f"--long-docs {how} needs a model that reads tokens", f"Use --long-docs {FIRSTP}")
        window = reranker.max_length // 2 if window is None else window
        if window >= reranker.max_length:
            raise InputError(
                f"--window {window} leaves no room for the query in --max-length {reranker.max_length}",
                "Make the window smaller, or raise --max-length",
            )
        return cls(how, window, max(1, window // 2) if stride is None else stride)

    def starts(self, tokens: int) -> range:
        """The first token of each window; the last window holds the text's last token."""
        return range(0, max(tokens - self.window, 0) + self.stride, self.stride)

    def of_document(self, document: Document, spans: Sequence[tuple[int, int]]) -> list[Document]:
        """The document's windows, the title with each of them; a document that is no longer than one stays as it is."""
        if len(spans) <= self.window:
            return [document]
        texts = [document.text[spans[at][0] : self._end(at, spans)].strip() for at in self.starts(len(spans))]
        return [document._replace(text=text) for text in texts if text] or [document]

    def _end(self, start: int, spans: Sequence[tuple[int, int]]) -> int | None:
        return spans[start + self.window - 1][1] if start + self.window < len(spans) else None


class LongDocuments:
    """A Reranker of documents by a Reranker of their windows, whose batches hold those of several documents.

    Behind a store, `reranker` is the stored one: a window's score is found again by the window's own text, so that
    the settings need no place in an identity. `splitter` tells the tokens.
    """

    def __init__(self, reranker: Reranker, splitter: Splitting, settings: Windows) -> None:
        self.reranker, self.splitter, self.settings = reranker, splitter, settings
        self.documents = self.windows = 0
        self._kept: dict[Document, list[Document]] = {}

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        """One list of scores a group, in order."""
        counts: deque[list[int]] = deque()
        aggregate = AGGREGATES[self.settings.how]
        for scores in self.reranker.score(self._cut(groups, counts)):
            of_windows = iter(scores)
            yield [aggregate(islice(of_windows, count)) for count in counts.popleft()]
        told = (self.documents, self.windows, self.settings.window, self.settings.stride)
        log.info("%d documents were scored by %d windows of %d tokens, stride %d", *told)

    def _cut(self, groups: Iterable[Group], counts: deque[list[int]]) -> Iterator[Group]:
        """The groups with windows for candidates; `counts` is told how many each candidate has."""
        for group in groups:
            windows = self._windows([candidate.document for candidate in group.candidates])
            counts.append([len(of_document) for of_document in windows])
            self.documents += len(windows)
            self.windows += sum(counts[-1])
            candidates = tuple(
                candidate._replace(document=window)
                for candidate, of_document in zip(group.candidates, windows, strict=True)
                for window in of_document
            )
            yield replace(group, candidates=candidates, labels=None)

    def _windows(self, documents: Sequence[Document]) -> list[list[Document]]:
        if len(self._kept) > CACHE:
            self._kept.clear()
        missing = list(dict.fromkeys(document for document in documents if document not in self._kept))
        if missing:
            spans = self.splitter.spans([document.text for document in missing])
            for document, of_tokens in zip(missing, spans, strict=True):
                self._kept[document] = self.settings.of_document(document, of_tokens)
        return [self._kept[document] for document in documents]

    def forget(self) -> None:
        """Drops the windows that were kept."""
        self._kept.clear()
