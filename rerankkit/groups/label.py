"""What a loss fits: grades from people, clicks, or a teacher's scores."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from rerankkit.errors import InputError
from rerankkit.run import Run
from rerankkit.types import Group, Qrels


def by_qrels(groups: Iterable[Group], qrels: Qrels, judged_only: bool = False) -> Iterator[Group]:
    """Groups labelled with grades; an unjudged candidate counts as grade 0, or is left out.

    Queries without judgments are left out. Raises InputError where no query has any.
    """
    found = False
    for group in groups:
        grades = qrels.get(group.query.qid)
        if not grades:
            continue
        found = True
        if judged_only:
            kept = tuple(candidate for candidate in group.candidates if candidate.document.docid in grades)
            group = replace(group, candidates=kept)
        yield replace(group, labels=tuple(float(max(grades.get(c.document.docid, 0), 0)) for c in group.candidates))
    if not found:
        raise InputError("no query of the run is judged in the qrels", "Give the qrels of this run's topics")


def by_clicks(groups: Iterable[Group], clicks: Mapping[str, Mapping[str, int]]) -> Iterator[Group]:
    """Groups labelled 1 where clicked, 0 elsewhere; clicks are by query text, docid. Queries without are left out.

    Raises InputError where no query of the groups was clicked for.
    """
    found = False
    for group in groups:
        chosen = clicks.get(group.query.text)
        if not chosen:
            continue
        found = True
        yield replace(group, labels=tuple(float(c.document.docid in chosen) for c in group.candidates))
    if not found:
        raise InputError("no query of the run has a click", "Clicks are matched by the query's text")


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
