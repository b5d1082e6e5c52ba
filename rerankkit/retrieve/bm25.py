"""BM25 by Lucene, as Pyserini runs it: Anserini's searcher, without Pyserini's import."""

import logging
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rerankkit.collection.jvm import MEMORY, java_class, java_exception, java_words, start_java
from rerankkit.collection.lucene import NOTE, index_folder, index_language, known_language, open_searcher
from rerankkit.errors import InputError
from rerankkit.progress import progress
from rerankkit.run import Run
from rerankkit.types import Query

PARAMETERS = {
    **dict.fromkeys(
        ("msmarco-passage", "msmarco-v1-passage", "msmarco-v1-passage-slim", "msmarco-v1-passage-full"), (0.82, 0.68)
    ),
    **dict.fromkeys(
        ("msmarco-v1-passage-d2q-t5", "msmarco-v1-passage.d2q-t5", "msmarco-v1-passage.d2q-t5-docvectors"), (2.18, 0.86)
    ),
    **dict.fromkeys(("msmarco-v1-doc", "msmarco-v1-doc-slim", "msmarco-v1-doc-full"), (4.46, 0.82)),
    **dict.fromkeys(
        ("msmarco-v1-doc-segmented", "msmarco-v1-doc-segmented-slim", "msmarco-v1-doc-segmented-full"), (2.16, 0.61)
    ),
    **dict.fromkeys(("msmarco-v1-doc.d2q-t5", "msmarco-v1-doc.d2q-t5-docvectors"), (4.68, 0.87)),
    **dict.fromkeys(("msmarco-v1-doc-segmented.d2q-t5", "msmarco-v1-doc-segmented.d2q-t5-docvectors"), (2.56, 0.59)),
}
"""Pyserini's k1 and b by prebuilt index, tuned by its authors; all others have 0.9 and 0.4."""
PARSERS = {
    **dict.fromkeys(("msmarco-v1-passage", "msmarco-v1-doc", "msmarco-v1-doc-segmented"), "JsonCollection"),
    **dict.fromkeys(("msmarco-v2-passage", "msmarco-v2-passage-augmented"), "MsMarcoV2PassageCollection"),
    **dict.fromkeys(("msmarco-v2-doc", "msmarco-v2-doc-segmented"), "MsMarcoV2DocCollection"),
}
"""What parses the raw text for feedback where a prebuilt index has no document vectors."""
HELD = 32_000
"""How many hits Java holds at once where the batch size is left open; each carries its document's raw text."""
NAMED = 10
"""How many topics without hits are named."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bm25:
    """Pyserini's settings by Pyserini's names; `fields` is field -> weight, in place of `contents` alone.

    Without `k1` and `b` the index's own values are taken, without `language` the one it was made for; `batch_size` 0
    is as many as fit. Raises InputError for values that Lucene would misread.
    """

    k1: float | None = None
    b: float | None = None
    rm3: bool = False
    rocchio: bool = False
    threads: int = 1
    batch_size: int = 0
    fields: Mapping[str, float] = field(default_factory=dict)
    language: str | None = None
    remove_query: bool = False

    def __post_init__(self) -> None:
        if (self.k1 is None) != (self.b is None):
            raise InputError("k1 and b go together", "Give both, or neither for the index's own values")
        if self.k1 is not None and self.b is not None and not (self.k1 >= 0 and 0 <= self.b <= 1):
            raise InputError(f"k1 {self.k1}, b {self.b}", "k1 is at least 0, b between 0 and 1")
        if self.rm3 and self.rocchio:
            raise InputError("RM3 and Rocchio are alternatives", "Choose one")
        if self.threads < 1 or self.batch_size < 0:
            raise InputError(f"{self.threads} threads, batches of {self.batch_size}", "Give positive numbers")
        if any(not weight > 0 for weight in self.fields.values()):
            raise InputError(f"weights {dict(self.fields)}", "A field's weight is more than 0")
        if self.language is not None:
            known_language(self.language)


Settings = Bm25


def retriever(index: str | Path, settings: Bm25 | None = None) -> "Bm25Retriever":
    """BM25 over an index folder or a prebuilt index's name."""
    settings = settings or Bm25()
    name = str(index)
    folder = index_folder(index)
    searcher = open_searcher(folder)
    language = settings.language or index_language(folder)
    if language != "en":
        searcher.set_language(language)
    k1, b = PARAMETERS.get(name, (0.9, 0.4)) if settings.k1 is None else (settings.k1, settings.b)
    searcher.set_bm25(k1, b)
    if settings.rm3 or settings.rocchio:
        vectors = searcher.reader.getTermVectors(0) is not None
        parser = None if vectors else PARSERS.get(name)
        if not vectors and parser is None:
            raise InputError("no document vectors for feedback", "Index with rerankkit, or leave it out", folder)
        if settings.rm3:
            searcher.set_rm3(parser, 10, 10, 0.5, False, True)
        else:
            searcher.set_rocchio(parser, 10, 10, 10, 10, 1.0, 0.75, 0.0, False, False)
    if settings.fields:
        known = set(java_class("org.apache.lucene.index.FieldInfos").getIndexedFields(searcher.reader).toArray())
        known |= {"title"} if (folder / NOTE).exists() else set()  # ours has it, though no document may have one
        unknown = set(settings.fields) - known
        if unknown:
            raise InputError(f"no field {', '.join(sorted(unknown))}", f"Known: {', '.join(sorted(known))}", folder)
    return Bm25Retriever(searcher, settings)


class Bm25Retriever:
    """A first stage over Anserini's SimpleSearcher."""

    def __init__(self, searcher: Any, settings: Bm25) -> None:
        self._searcher, self._settings = searcher, settings
        self._fields = None
        if settings.fields:
            weight = java_class("java.lang.Float")
            self._fields = java_class("java.util.HashMap")()
            for name, boost in settings.fields.items():
                self._fields.put(name, weight(float(boost)))

    def retrieve(self, queries: Iterable[Query], depth: int) -> Run:
        """The `depth` best hits of each query in Lucene's order; a query without any is left out and named."""
        start_java()  # refuses a forked process, where the search would hang
        queries = list(queries)
        found: dict[str, Iterable[tuple[str, float]]] = {}
        without = []
        for query, hits in progress(self._searched(queries, depth), "retrieving", len(queries)):
            docids, scores = [hit.docid.strip() for hit in hits], array("f", [hit.score for hit in hits])
            if self._settings.remove_query and query.qid in docids:
                at = docids.index(query.qid)
                del docids[at], scores[at]
            if docids:
                found[query.qid] = zip(docids, scores, strict=True)
            else:
                without.append(query.qid)
        if without:
            names = ", ".join(without[:NAMED]) + (", …" if len(without) > NAMED else "")
            logger.warning("no hits for %d of %d topics: %s", len(without), len(queries), names)
        return Run.ranked(found, tag="bm25")

    def _searched(self, queries: Sequence[Query], depth: int) -> Iterator[tuple[Query, Sequence[Any]]]:
        threads = self._settings.threads
        size = self._settings.batch_size or (1 if threads == 1 else max(threads, HELD // depth))
        if size == 1:
            yield from ((query, self._search(query, depth)) for query in queries)
            return
        for start in range(0, len(queries), size):
            yield from self._batch(queries[start : start + size], depth)

    def _search(self, query: Query, depth: int) -> Sequence[Any]:
        try:
            if self._fields is None:
                return self._searcher.search(_sendable(query.text), depth)
            return self._searcher.search_fields(_sendable(query.text), self._fields, depth)
        except java_exception() as error:
            remedy = f"Shorten it, or raise {MEMORY} where memory is short"
            raise InputError(f"Lucene refuses query {query.qid}: {java_words(error)}", remedy) from error

    def _batch(self, queries: Sequence[Query], depth: int) -> Iterator[tuple[Query, Sequence[Any]]]:
        texts, numbers = java_class("java.util.ArrayList")(), java_class("java.util.ArrayList")()
        for number, query in enumerate(queries):
            texts.add(_sendable(query.text))
            numbers.add(str(number))
        rest = (depth, self._settings.threads)
        try:
            if self._fields is None:
                results = self._searcher.batch_search(texts, numbers, *rest)
            else:
                results = self._searcher.batch_search_fields(texts, numbers, *rest, self._fields)
        except java_exception():  # says how many queries failed, not which
            yield from ((query, self._search(query, depth)) for query in queries)
            return
        yield from ((query, results.get(str(number))) for number, query in enumerate(queries))


def _sendable(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON can hold and Java's encoding cannot."""
    return text.encode("utf-8", "replace").decode()
