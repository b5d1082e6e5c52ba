"""Candidates from several first stages: what one misses, another may find."""

from collections.abc import Sequence

from rerankkit.run import Run


def union(runs: Sequence[Run]) -> Run:
    """Several runs as one: of a query that several hold, each document once, at its best rank.

    Equal ranks stand in the order of the runs, so that the lists are interleaved; the scores of such a query are one
    over the best rank, since those of different first stages cannot be compared. A query of one run keeps its scores.
    """
    if len(runs) == 1:
        return runs[0]
    holders: dict[str, list[Run]] = {}
    for run in runs:
        for qid in run:
            holders.setdefault(qid, []).append(run)
    hits = {
        qid: _interleaved([run.docids(qid) for run in held])
        if len(held) > 1
        else list(zip(held[0].docids(qid), held[0].scores(qid), strict=True))
        for qid, held in holders.items()
    }
    return Run.ranked(hits, "+".join(dict.fromkeys(run.tag for run in runs)))


def _interleaved(lists: Sequence[Sequence[str]]) -> list[tuple[str, float]]:
    best: dict[str, int] = {}
    for docids in lists:
        for rank, docid in enumerate(docids, 1):
            best[docid] = min(rank, best.get(docid, rank))
    order = sorted((rank, place) for place, docids in enumerate(lists) for rank in range(1, len(docids) + 1))
    found = dict.fromkeys(lists[place][rank - 1] for rank, place in order)
    return [(docid, 1 / best[docid]) for docid in found]
