"""Where a run has the judged documents, in arrays: all that a measure of relevance needs to know of it."""

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rerankkit.errors import InputError
from rerankkit.run import Run
from rerankkit.types import Qrels

Arrangement = Callable[["Marks"], "Marks"]
"""Another order of the same hits."""
NO_DEPTH = np.iinfo(np.int64).max
LARGEST_GRADE = 2**31
"""Above it, the tools behind ir_measures overflow."""


@dataclass(frozen=True)
class Judgments:
    """Qrels as arrays: `query` numbers the judged queries in their order, `grade` has a judgment each."""

    qids: tuple[str, ...]
    query: np.ndarray
    grade: np.ndarray

    @classmethod
    def of(cls, qrels: Qrels) -> "Judgments":
        """The judgments of all queries; InputError for a grade that is no whole number below LARGEST_GRADE."""
        counts = np.fromiter(map(len, qrels.values()), np.int64, len(qrels))
        try:
            grade = np.array(array("q", (grade for grades in qrels.values() for grade in grades.values())), np.int64)
        except (TypeError, OverflowError):
            grade = None
        if grade is None or (len(grade) and np.abs(grade).max() >= LARGEST_GRADE):
            raise _odd_grade(qrels)
        return cls(tuple(qrels), np.repeat(np.arange(len(qrels)), counts), grade)

    @cached_property
    def ideal(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Query, grade, and rank from 0 of all judgments, the highest grades first."""
        order = np.lexsort((-self.grade, self.query))
        return self.query[order], self.grade[order], places(self.query[order])


@dataclass(frozen=True)
class Marks:
    """The hits of a run that are judged, by query and rank; each array has one number a hit but `lengths`.

    `rank` counts from 0. `first` to `end` are the ranks that the hit could have, were equal scores ordered otherwise.
    `judgment` is the hit's place among the judgments. `lengths` has the number of all hits of each judged query, 0 for
    one that the run lacks.
    """

    judgments: Judgments
    lengths: np.ndarray
    query: np.ndarray
    rank: np.ndarray
    grade: np.ndarray
    first: np.ndarray
    end: np.ndarray
    judgment: np.ndarray

    @property
    def missing(self) -> tuple[str, ...]:
        """The judged queries of which the run has no hit."""
        return tuple(self.judgments.qids[query] for query in np.flatnonzero(self.lengths == 0))

    @property
    def tied(self) -> bool:
        """Whether a judged hit could have another rank."""
        return bool((self.end - self.first > 1).any())

    def regraded(self, gains: Mapping[int, int]) -> "Marks":
        """With other grades in the place of some."""
        levels, place = np.unique(self.judgments.grade, return_inverse=True)
        grade = np.array([gains.get(int(level), int(level)) for level in levels], np.int64)[place]
        return replace(self, judgments=replace(self.judgments, grade=grade), grade=grade[self.judgment])

    def judged_only(self) -> "Marks":
        """Without the documents that are not judged, to which trec_eval counts those below grade 0."""
        kept = self.chosen(self.grade >= 0)
        return replace(kept, rank=places(kept.query))

    def to_depth(self, depth: int) -> "Marks":
        """Without the hits below a depth."""
        kept = self.chosen(self.rank < depth)
        return replace(kept, lengths=np.minimum(self.lengths, depth), end=np.minimum(kept.end, depth))

    def among(self, others: "Marks") -> "Marks":
        """Only the hits that the other marks have too, which keep their ranks: enough for pairs of judged documents.

        A query that the others lack keeps its hits.
        """
        return self.chosen(np.isin(self.judgment, others.judgment) | (others.lengths == 0)[self.query])

    def chosen(self, which: np.ndarray) -> "Marks":
        """Some of the hits, which keep their ranks."""
        names = ("query", "rank", "grade", "first", "end", "judgment")
        return replace(self, **{name: getattr(self, name)[which] for name in names})


def _odd_grade(qrels: Qrels) -> InputError:
    qid, docid, grade = next(
        (qid, docid, grade)
        for qid, grades in qrels.items()
        for docid, grade in grades.items()
        if not isinstance(grade, int | np.integer) or abs(grade) >= LARGEST_GRADE
    )
    return InputError(
        f"the grade of query {qid}, document {docid} is {str(grade)[:40]}",
        f"A grade is a whole number below {LARGEST_GRADE}, as a rule from 0 to 4",
    )


def marks_of(run: Run, qrels: Qrels, judgments: Judgments | None = None) -> Marks:
    """The run's judged hits; `judgments` are those of the qrels, where they are at hand."""
    judgments = judgments or Judgments.of(qrels)
    lengths, counts = np.zeros(len(qrels), np.int64), np.zeros(len(qrels), np.int64)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    before = 0
    for number, (qid, grades) in enumerate(qrels.items()):
        if qid in run:
            docids = run.docids(qid)
            lengths[number] = len(docids)
            place = {docid: before + i for i, docid in enumerate(grades)}
            found = [(rank, place[docid]) for rank, docid in enumerate(docids) if docid in place]
            counts[number] = len(found)
            if found:
                rank, judgment = np.array(found).T
                parts.append((rank, judgment, *_tied(np.frombuffer(run.scores(qid), np.float32), rank)))
        before += len(grades)
    query = np.repeat(np.arange(len(qrels)), counts)
    nothing = np.zeros(0, np.int64)
    rank, judgment, first, end = map(np.concatenate, zip(*parts, strict=True)) if parts else (nothing,) * 4
    return Marks(judgments, lengths, query, rank, judgments.grade[judgment], first, end, judgment)


def _tied(scores: np.ndarray, rank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and one past the last rank that have the same score as each of these ranks."""
    falling = -scores
    return np.searchsorted(falling, falling[rank], "left"), np.searchsorted(falling, falling[rank], "right")


def places(group: np.ndarray) -> np.ndarray:
    """Each member's place, from 0, within its run of equal numbers; the numbers are sorted."""
    return np.arange(len(group)) - np.searchsorted(group, group, "left")


def as_it_is(marks: Marks) -> Marks:
    """The order of the run, equal scores as trec_eval orders them."""
    return marks


def best_ties(marks: Marks) -> Marks:
    """Of equal scores the highest grades first and the unjudged last."""
    order = np.lexsort((-marks.grade, marks.first, marks.query))
    moved = marks.chosen(order)
    return replace(moved, rank=moved.first + _places_in_ties(moved))


def worst_ties(marks: Marks) -> Marks:
    """Of equal scores the unjudged first and the highest grades last."""
    order = np.lexsort((-marks.grade, marks.first, marks.query))
    moved = marks.chosen(order)
    late = replace(moved, rank=moved.end - 1 - _places_in_ties(moved))
    return late.chosen(np.lexsort((late.rank, late.query)))


def best_reranking(marks: Marks, depth: int = NO_DEPTH) -> Marks:
    """The highest grades first among the hits down to a depth: what no reranking of them can pass."""
    rank = np.arange(len(marks.rank))
    order = np.lexsort((rank, np.where(marks.rank < depth, -marks.grade, 0), marks.rank >= depth, marks.query))
    moved = marks.chosen(order)
    within = moved.rank < depth
    counts = np.bincount(moved.query[within], minlength=len(moved.lengths))
    behind = counts[moved.query] - places(moved.query)  # those below grade 0 stand behind the unjudged
    last = np.minimum(moved.lengths, depth)[moved.query] - behind
    rank = np.where(within, np.where(moved.grade < 0, last, places(moved.query)), moved.rank)
    return replace(moved, rank=rank, first=rank, end=rank + 1)


def _places_in_ties(marks: Marks) -> np.ndarray:
    """Each hit's place among the judged hits that it is tied with, in their order here."""
    new = np.ones(len(marks.query), bool)
    new[1:] = (marks.query[1:] != marks.query[:-1]) | (marks.first[1:] != marks.first[:-1])
    return places(np.cumsum(new))
