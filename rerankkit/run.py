"""A run: hits by query, in the order in which evaluators see them."""

import hashlib
import math
import struct
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import compress
from operator import gt
from typing import AnyStr

from rerankkit.errors import InputError
from rerankkit.types import Hit

LARGEST = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
"""The largest float32."""
SMALLEST = struct.unpack("<f", b"\x00\x00\x80\x00")[0]
"""The smallest normal float32; smaller ones are taken for 0, since some processors' modes do so."""


class Run(Mapping[str, tuple[Hit, ...]]):
    """Hits by query, best first; scores are float32, as evaluators read them.

    Equal scores stand in trec_eval's order, docid descending. Built by `ranked`, a run has none: the system's own
    order is kept and every evaluator reproduces it. A query's docids are kept as one text and its scores as one array,
    so that millions of hits fit in memory: a hit is an object only where it is asked for.
    """

    def __init__(self, hits: Mapping[str, Iterable[tuple[str, float]]] | None = None, tag: str = "rerankkit") -> None:
        self.tag = tag
        self._lists: dict[str, tuple[bytes | list[str], array[float]]] = {}
        for qid, pairs in (hits or {}).items():
            docids, scores = _best_first(*_checked(qid, pairs))
            self._lists[qid] = _joined(docids), scores

    @classmethod
    def ranked(cls, hits: Mapping[str, Iterable[tuple[str, float]]], tag: str = "rerankkit") -> "Run":
        """A run in the order given: scores that do not fall in float32 are lowered by the least step that does."""
        run = cls(tag=tag)
        for qid, pairs in hits.items():
            docids, scores = _checked(qid, pairs)
            run._lists[qid] = _joined(docids), strictly_decreasing(scores)
        return run

    @classmethod
    def of_columns(cls, columns: Iterable[tuple[str, bytes, "array[float]"]], tag: str = "rerankkit") -> "Run":
        """A run of each query's qid, docids (UTF-8, a line each) and scores in any order.

        Raises InputError as the others do.
        """
        run = cls(tag=tag)
        for qid, text, scores in columns:
            docids = text[:-1].split(b"\n")
            _check(qid, docids, scores)
            best, falling = _best_first(docids, scores)
            run._lists[qid] = text[:-1] if best is docids else b"\n".join(best), falling
        return run

    def __getitem__(self, qid: str) -> tuple[Hit, ...]:
        return tuple(map(Hit, self.docids(qid), self._lists[qid][1]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._lists)

    def __len__(self) -> int:
        return len(self._lists)

    def __contains__(self, qid: object) -> bool:
        return qid in self._lists

    def docids(self, qid: str) -> list[str]:
        """A query's docids, best first; made anew from the text at each call: for their number ask `scores`."""
        docids, scores = self._lists[qid]
        if isinstance(docids, list):
            return docids
        return docids.decode().split("\n") if scores else []

    def first_docids(self, qid: str, count: int) -> list[str]:
        """The first `count` docids of a query, without the work for the others."""
        docids, scores = self._lists[qid]
        if isinstance(docids, list):
            return docids[:count]
        return [docid.decode() for docid in docids.split(b"\n", count)[:count]] if scores else []

    def docid_text(self, qid: str) -> bytes:
        """A query's docids, best first, in UTF-8 with a line break between two, as arrays want them.

        Raises InputError for a docid that holds a line break, or what UTF-8 lacks.
        """
        docids = self._lists[qid][0]
        if isinstance(docids, list):
            odd = next(docid for docid in docids if isinstance(_joined([docid]), list))
            raise InputError(
                f"a docid that no line of UTF-8 can hold, of query {qid}: {odd!r}", "Rename it in one word"
            )
        return docids

    def scores(self, qid: str) -> "array[float]":
        """A query's scores, best first."""
        return self._lists[qid][1]

    def only(self, kept: Mapping[str, AbstractSet[str]]) -> "Run":
        """The run with these queries, and of each these documents alone, their scores and order as they are."""
        run = Run(tag=self.tag)
        for qid, (_, scores) in self._lists.items():
            if qid in kept:
                docids = self.docids(qid)
                held = [docid in kept[qid] for docid in docids]
                run._lists[qid] = _joined(list(compress(docids, held))), array("f", compress(scores, held))
        return run

    def digest(self) -> str:
        """A hash of the queries, documents and scores, in their order."""
        hashed = hashlib.sha256()
        for qid, (docids, scores) in self._lists.items():
            text = "\n".join(docids).encode() if isinstance(docids, list) else docids
            hashed.update(qid.encode() + b"\n" + text + b"\n" * bool(scores))
            hashed.update(scores.tobytes())
        return hashed.hexdigest()


def _joined(docids: list[str]) -> bytes | list[str]:
    """The docids as one text; as they are where one of them holds a line break, or what UTF-8 lacks."""
    try:
        text = "\n".join(docids).encode()
    except UnicodeEncodeError:
        return docids
    return docids if text.count(b"\n") >= max(len(docids), 1) else text


def _checked(qid: str, pairs: Iterable[tuple[str, float]]) -> tuple[list[str], "array[float]"]:
    """Docids and their scores as float32, each finite, no docid twice."""
    docids: list[str] = []
    scores = array("f")
    for docid, score in pairs:
        docids.append(docid)
        scores.append(score if -LARGEST <= score <= LARGEST else within_float32(score))
    _check(qid, docids, scores)
    return docids, scores


def within_float32(score: float) -> float:
    """The score, a finite one no farther from 0 than the largest float32."""
    return min(max(score, -LARGEST), LARGEST) if math.isfinite(score) else score


def _check(qid: str, docids: "list[str] | list[bytes]", scores: "array[float]") -> None:
    """Raises InputError for a score that is no finite number, and for a docid that stands twice."""
    if not math.isfinite(sum(scores)):  # a sum of float32 does not leave the doubles
        place = next(place for place, score in enumerate(scores) if not math.isfinite(score))
        raise InputError(
            f"the score of query {qid}, document {_text(docids[place])} is {scores[place]}",
            "A run holds finite scores; look for an overflow or an empty input in the model that scored it",
        )
    if len(set(docids)) < len(docids):
        seen: set[str | bytes] = set()
        twice = next(docid for docid in docids if docid in seen or seen.add(docid))  # type: ignore[func-returns-value]
        raise InputError(f"query {qid} has document {_text(twice)} twice", "Keep each document once a query")


def _text(docid: str | bytes) -> str:
    return docid if isinstance(docid, str) else docid.decode()


def _best_first(docids: list[AnyStr], scores: "array[float]") -> tuple[list[AnyStr], "array[float]"]:
    """By score falling, then docid falling, of which UTF-8 keeps the order; what falls already as it is."""
    if all(map(gt, scores, scores[1:])):
        return docids, scores
    best = sorted(zip(scores, docids, strict=True), reverse=True)
    return [docid for _, docid in best], array("f", (score for score, _ in best))


def strictly_decreasing(scores: Sequence[float]) -> "array[float]":
    """The scores as float32, each lowered as little as makes it smaller than the one before."""
    out = array("f", scores)
    if all(map(gt, out, out[1:])) and (not out or min(map(abs, out)) >= SMALLEST):
        return out
    for i, score in enumerate(out):
        score = score if abs(score) >= SMALLEST else 0.0
        out[i] = score if i == 0 else min(score, _below(out[i - 1]))
    if out and out[-1] < -LARGEST:  # the list ran into the floor of float32: lift it from below
        out[-1] = -LARGEST
        for i in range(len(out) - 2, -1, -1):
            out[i] = max(out[i], -_below(-out[i + 1]))
    return out


def _below(value: float) -> float:
    """The next smaller float32, subnormal numbers left out."""
    if value == 0:
        return -SMALLEST
    if value == SMALLEST:
        return 0.0
    if value <= -LARGEST:
        return -math.inf
    (bits,) = struct.unpack("<i", struct.pack("<f", value))
    return struct.unpack("<f", struct.pack("<i", bits - 1 if bits > 0 else bits + 1))[0]
