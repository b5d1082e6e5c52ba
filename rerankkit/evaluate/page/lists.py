"""What a page tells of single queries: the documents before and after, with rank, grade, title and snippet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rerankkit.run import Run
from rerankkit.types import Collection, Qrels

Ranking = Mapping[str, Sequence[str]]
"""qid -> docids, best first."""


@dataclass(frozen=True)
class Limits:
    """How much of the lists a page holds: the first `documents` of each run for `queries` queries, their texts cut."""

    documents: int = 10
    queries: int = 500
    title: int = 120
    snippet: int = 240


def most_changed(differences: Mapping[str, float], limit: int) -> list[str]:
    """The qids of the largest differences, whatever their sign; the first of equal ones."""
    return sorted(differences, key=lambda qid: -abs(differences[qid]))[:limit]


def ranking(run: Run, qids: Iterable[str]) -> dict[str, list[str]]:
    """The run's docids for these queries; none where it lacks one."""
    return {qid: run.docids(qid) if qid in run else [] for qid in qids}


def lists(rankings: Sequence[Ranking], qrels: Qrels, limits: Limits) -> dict[str, list[tuple[str, int | None, list]]]:
    """qid -> (docid, grade, rank in each run), for each document that a run has among its first.

    A rank is from 1, and 0 where the run lacks the document; the grade is None where nobody judged.
    """
    found = {}
    for qid in rankings[0]:
        ranks = [{docid: rank for rank, docid in enumerate(one[qid], 1)} for one in rankings]
        shown = dict.fromkeys(docid for one in rankings for docid in one[qid][: limits.documents])
        grades = qrels.get(qid, {})
        found[qid] = [(docid, grades.get(docid), [one.get(docid, 0) for one in ranks]) for docid in shown]
    return found


def texts(collection: Collection | None, docids: Iterable[str], limits: Limits) -> dict[str, tuple[str, str]]:
    """docid -> title and snippet, of those documents that the collection has."""
    if collection is None:
        return {}
    fetch: Any = getattr(collection, "fetch", None)  # an index reads many at once
    wanted = list(docids)
    found = fetch(wanted) if fetch else {docid: collection[docid] for docid in wanted if docid in collection}
    return {
        docid: (shortened(document.title, limits.title), shortened(document.text, limits.snippet))
        for docid, document in found.items()
    }


def shortened(text: str, limit: int) -> str:
    """The text in one line, cut at a word where it is longer than the limit."""
    text = " ".join(text[: 4 * limit + 1000].split())
    if len(text) <= limit:
        return text
    cut = text[:limit]
    whole = cut.rpartition(" ")[0] if " " in cut[limit // 2 :] else cut  # Chinese has no spaces
    return whole.rstrip(" ,;:.–—-") + "…"
