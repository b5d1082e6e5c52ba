"""Likely false negatives: unjudged candidates that a teacher finds as relevant as what people chose.

A suspect stands above at least half of its query's positives by the teacher's scores. The lowest-scored positive would
be too low a bar: one stray click or one error of the teacher's, and all hard negatives were suspects. The highest would
be too high, and the higher, the more positives there are. Only the order of the teacher's scores counts, not their
scale. What people judged as not relevant is never a suspect.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from rerankkit.errors import InputError
from rerankkit.run import Run
from rerankkit.types import Group

log = logging.getLogger(__name__)

NAMED = 5
"""How many suspects the report names."""


def suspects(group: Group, scores: Mapping[str, float], grades: Mapping[str, float]) -> list[int]:
    """The indices of the candidates without a grade that the teacher scores above at least half of the positives.

    `scores` are the teacher's, by docid, `grades` those of the query; the positives need not be candidates, but those
    that the teacher did not score do not count. Without any, nobody is suspected.
    """
    positives = sorted(scores[docid] for docid, grade in grades.items() if grade > 0 and docid in scores)
    if not positives:
        return []
    bar = positives[(len(positives) - 1) // 2]
    docids = [candidate.document.docid for candidate in group.candidates]
    return [
        index for index, docid in enumerate(docids) if docid not in grades and docid in scores and scores[docid] > bar
    ]


def examined(
    groups: Iterable[Group], teacher: Run, judged: Mapping[str, Mapping[str, float]], drop: bool
) -> Iterator[Group]:
    """The groups, without their suspects where `drop` says so; how many there are is logged after the last.

    `judged` is qid -> docid -> grade, or what its clicks are worth.
    Raises InputError where the teacher's run has none of the queries.
    """
    total, known, found, count = 0, 0, 0, 0
    named: list[str] = []
    for group in groups:
        total += 1
        qid = group.query.qid
        if qid in teacher:
            known += 1
            scores = dict(zip(teacher.docids(qid), teacher.scores(qid), strict=True))
            suspected = suspects(group, scores, judged.get(qid, {}))
            count += len(suspected)
            found += bool(suspected)
            docids = (group.candidates[index].document.docid for index in suspected)
            named += [f"{qid} {docid}" for docid in docids][: NAMED - len(named)]
            if drop and suspected:
                group = _without(group, set(suspected))
        yield group
    if total and not known:
        raise InputError("the run of --suspects has none of the queries", "Score them: rerankkit rerank --no-tail")
    log.log(
        logging.WARNING if count else logging.INFO,
        "%d likely false negatives in %d of %d queries that %s scored%s%s",
        *(count, found, known, teacher.tag, ", left out" if drop and count else ""),
        f": {', '.join(named)}{', …' if count > len(named) else ''}" if count else "",
    )


def _without(group: Group, gone: set[int]) -> Group:
    kept = [index for index in range(len(group.candidates)) if index not in gone]
    labels = None if group.labels is None else tuple(group.labels[index] for index in kept)
    return replace(group, candidates=tuple(group.candidates[index] for index in kept), labels=labels)
