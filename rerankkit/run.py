"""A run: hits by query, in the order in which evaluators see them."""

import hashlib
import math
import struct
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rerankkit.errors import InputError
from rerankkit.types import Hit

LARGEST = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
"""The largest float32."""
SMALLEST = struct.unpack("<f", b"\x00\x00\x80\x00")[0]
"""The smallest normal float32; smaller ones are taken for 0, since some processors' modes do so."""


class Run(Mapping[str, tuple[Hit, ...]]):
    """Hits by query, best first; scores are float32, as evaluators read them.

    Equal scores stand in trec_eval's order, docid descending. Built by `ranked`, a run has none: the system's own
    order is kept and every evaluator reproduces it.
    """

    def __init__(self, hits: Mapping[str, Iterable[tuple[str, float]]] | None = None, tag: str = "rerankkit") -> None:
        self.tag = tag
        self._lists: dict[str, tuple[list[str], array[float]]] = {}
        for qid, pairs in (hits or {}).items():
            docids, scores = _checked(qid, pairs)
            best = sorted(range(len(docids)), key=docids.__getitem__, reverse=True)
            best.sort(key=scores.__getitem__, reverse=True)
            self._lists[qid] = [docids[i] for i in best], array("f", (scores[i] for i in best))

    @classmethod
    def ranked(cls, hits: Mapping[str, Iterable[tuple[str, float]]], tag: str = "rerankkit") -> "Run":
        """A run in the order given: scores that do not fall in float32 are lowered by the least step that does."""
        run = cls(tag=tag)
        for qid, pairs in hits.items():
            docids, scores = _checked(qid, pairs)
            run._lists[qid] = docids, strictly_decreasing(scores)
        return run

    def __getitem__(self, qid: str) -> tuple[Hit, ...]:
        docids, scores = self._lists[qid]
        return tuple(map(Hit, docids, scores))

    def __iter__(self) -> Iterator[str]:
        return iter(self._lists)

    def __len__(self) -> int:
        return len(self._lists)

    def __contains__(self, qid: object) -> bool:
        return qid in self._lists

    def docids(self, qid: str) -> list[str]:
        """A query's docids, best first."""
        return self._lists[qid][0]

    def scores(self, qid: str) -> "array[float]":
        """A query's scores, best first."""
        return self._lists[qid][1]

    def digest(self) -> str:
        """A hash of the queries, documents and scores, in their order."""
        hashed = hashlib.sha256()
        for qid, (docids, scores) in self._lists.items():
            hashed.update("\n".join([qid, *docids, ""]).encode())
            hashed.update(scores.tobytes())
        return hashed.hexdigest()


def _checked(qid: str, pairs: Iterable[tuple[str, float]]) -> tuple[list[str], "array[float]"]:
    """Docids and their scores as float32, each finite, no docid twice."""
    docids: list[str] = []
    scores: list[float] = []
    for docid, score in pairs:
        if not math.isfinite(score):
            raise InputError(
                f"the score of query {qid}, document {docid} is {score}",
                "A run holds finite scores; look for an overflow or an empty input in the model that scored it",
            )
        docids.append(docid)
        scores.append(min(max(score, -LARGEST), LARGEST))
    if len(set(docids)) < len(docids):
        seen: set[str] = set()
        twice = next(docid for docid in docids if docid in seen or seen.add(docid))  # type: ignore[func-returns-value]
        raise InputError(f"query {qid} has document {twice} twice", "Keep each document once a query")
    return docids, array("f", scores)


def strictly_decreasing(scores: Sequence[float]) -> "array[float]":
    """The scores as float32, each lowered as little as makes it smaller than the one before."""
    out = array("f", scores)
    if all(map(float.__gt__, out, out[1:])) and (not out or min(map(abs, out)) >= SMALLEST):
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
