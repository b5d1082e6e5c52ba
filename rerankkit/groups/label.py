"""What a loss fits: grades from people, clicks, or a teacher's scores."""

import logging
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from rerankkit.errors import InputError
from rerankkit.run import Run
from rerankkit.types import Group, Qrels

log = logging.getLogger(__name__)


def by_qrels(groups: Iterable[Group], qrels: Qrels, judged_only: bool = False) -> Iterator[Group]:
    """Groups labelled with grades; an unjudged candidate counts as grade 0, or is left out.

    Queries without judgments are left out, and counted in the log. Raises InputError where no query has any.
    """
    found = total = 0
    for group in groups:
        total += 1
        grades = qrels.get(group.query.qid)
        if not grades:
            continue
        found += 1
        if judged_only:
            kept = tuple(candidate for candidate in group.candidates if candidate.document.docid in grades)
            group = replace(group, candidates=kept)
        yield replace(group, labels=tuple(float(max(grades.get(c.document.docid, 0), 0)) for c in group.candidates))
    if not found:
        raise InputError("no query of the run is judged in the qrels", "Give the qrels of this run's topics")
    if found < total:
        log.info("%d of the run's %d queries left out: not judged in the qrels", total - found, total)


def by_clicks(groups: Iterable[Group], clicks: Mapping[str, Mapping[str, float]]) -> Iterator[Group]:
    """Groups labelled with what a candidate's clicks are worth, 0 without; queries without clicks are left out.

    How many those are, and how many clicked queries the run lacks, is logged.
    `clicks` is query text -> docid -> worth, as `worth_by_query` makes it.
    Raises InputError where no query of the groups was clicked for.
    """
    total, asked = 0, 0
    found: set[str] = set()
    for group in groups:
        total += 1
        chosen = clicks.get(group.query.text)
        if not chosen:
            continue
        asked += 1
        found.add(group.query.text)
        yield replace(group, labels=tuple(float(chosen.get(c.document.docid, 0)) for c in group.candidates))
    if not found:
        raise InputError("no query of the run has a click", "Clicks are matched by the query's text")
    if asked < total:
        log.info("%d of the run's %d queries left out: no click for their text", total - asked, total)
    if len(found) < len(clicks):
        log.info("%d of %d clicked queries are not in the run, by their text", len(clicks) - len(found), len(clicks))


def by_run(groups: Iterable[Group], teacher: Run) -> Iterator[Group]:
    """Groups labelled with a teacher's scores, raw; candidates that it did not score are left out.

    Raises InputError where the teacher scored none of a query's candidates.
    """
    for group in groups:
        qid = group.query.qid
        scores = dict(zip(teacher.docids(qid), teacher.scores(qid), strict=True)) if qid in teacher else {}
        kept = tuple(c for c in group.candidates if c.document.docid in scores)
        if not kept:
            raise InputError(f"the teacher's run has no score for query {qid}", "Score it: rerankkit rerank")
        yield Group(group.query, kept, tuple(scores[c.document.docid] for c in kept))


def graded(group: Group, levels: int = 4) -> Group:
    """The group with grades from 0 to `levels` - 1 for labels, by their order alone; equal labels get equal grades.

    Each grade takes about half as many candidates as the one below it, as judges' high grades are rare: of 15 and 4
    levels 1, 2, 4 and 8. The best label always gets the top grade; equal labels are graded by the middle of their
    places. Grade whole lists before they are sampled, so that a grade means the same in every draw.
    """
    if not 2 <= levels <= 31:
        raise InputError(f"{levels} levels of grades", "Give 2 to 31")
    labels = group.labels or ()
    in_order = sorted(labels)
    return replace(group, labels=tuple(_grade(in_order, label, levels) for label in labels))


def _grade(in_order: Sequence[float], label: float, levels: int) -> float:
    """The highest grade g whose share, the first (2^(levels - g) - 1) / (2^levels - 1) of the list, has the label."""
    count, lower, upper = len(in_order), bisect_left(in_order, label), bisect_right(in_order, label)
    if upper == count:
        return levels - 1.0
    place = (count - upper) + (count - lower - 1)  # twice the middle place, from 0
    for grade in range(levels - 1, 0, -1):
        if place * (2**levels - 1) < 2 * count * (2 ** (levels - grade) - 1):
            return float(grade)
    return 0.0
