"""Runs as flat arrays: every score of every query in one, for statistics over hundreds of thousands of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from rerankkit.errors import InputError
from rerankkit.run import SMALLEST, Run
from rerankkit.types import Qrels

STEPS = 4.5
"""float32 steps between neighbours that are a tie: `Run.ranked` leaves one, more where a candidate between is gone."""
SAME_TOPICS = "Check that the runs are for the same topics"


@dataclass(frozen=True)
class Scores:
    """A run's scores, query after query, each query's best first.

    `bounds` has one more entry than there are queries: query i is `values[bounds[i]:bounds[i + 1]]`. A query without
    hits is left out.
    """

    qids: Sequence[str]
    docids: Sequence[str]
    values: np.ndarray
    bounds: np.ndarray

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Where each query begins and ends."""
        return list(pairwise(self.bounds.tolist()))

    @cached_property
    def sizes(self) -> np.ndarray:
        """How many candidates each query has."""
        return np.diff(self.bounds)

    def per_query(self, function: np.ufunc, values: np.ndarray | None = None) -> np.ndarray:
        """`function` (np.add, np.maximum, …) over each query's values, by default the scores."""
        return function.reduceat(self.values if values is None else values, self.bounds[:-1])

    def spread_out(self, values: np.ndarray) -> np.ndarray:
        """One value a query, repeated for each of its candidates."""
        return np.repeat(values, self.sizes)


def flat(run: Run) -> Scores:
    """The run's scores, with the ties that `Run.ranked` broke by the least step made ties again."""
    qids = [qid for qid in run if run.scores(qid)]
    if not qids:
        raise InputError(f"{run.tag}: the run has no hit", "Check the step that wrote it")
    bounds = np.cumsum([0, *(len(run.scores(qid)) for qid in qids)])
    values = np.concatenate([np.frombuffer(run.scores(qid), dtype=np.float32) for qid in qids])
    docids = [docid for qid in qids for docid in run.docids(qid)]
    return Scores(qids, docids, _ties_restored(values, bounds), bounds)


def _ties_restored(values: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Falling float32 scores as float64, each that is within STEPS of its neighbour made equal to it."""
    step = STEPS * np.spacing(np.abs(values[:-1])).astype(np.float64) + 2 * SMALLEST
    starts = np.ones(len(values), dtype=bool)
    starts[1:] = values[:-1].astype(np.float64) - values[1:] > step
    starts[bounds[:-1]] = True
    first = np.maximum.accumulate(np.where(starts, np.arange(len(values)), 0))
    return values[first].astype(np.float64)


def grades(scores: Scores, qrels: Qrels) -> np.ndarray:
    """The grade of each score's document; NaN where it is not judged."""
    found = np.full(len(scores.values), np.nan)
    for qid, (start, end) in zip(scores.qids, scores.spans, strict=True):
        judged = qrels.get(qid)
        if judged:
            found[start:end] = [judged.get(docid, np.nan) for docid in scores.docids[start:end]]
    return found


def cut(run: Run, depth: int, first_stage: Run | None = None) -> Run:
    """The run without its tail: what the first stage has in its first `depth`, or else the run's own first.

    Raises InputError where run and first stage have nothing in common.
    """
    leading = run if first_stage is None else first_stage
    kept = {qid: set(leading.docids(qid)[:depth]) for qid in run if qid in leading}
    if not any(not candidates.isdisjoint(run.docids(qid)) for qid, candidates in kept.items()):
        raise InputError(f"{run.tag} and {leading.tag} have no query and candidate in common", SAME_TOPICS)
    return _only(run, kept)


def shared(runs: Sequence[Run]) -> list[Run]:
    """The runs with only the queries, and of each only the candidates, that all of them have.

    Raises InputError where nothing is left.
    """
    common: dict[str, set[str]] = {}
    for qid in runs[0]:
        if all(qid in run for run in runs):
            candidates = set(runs[0].docids(qid)).intersection(*(run.docids(qid) for run in runs[1:]))
            if candidates:
                common[qid] = candidates
    if not common:
        names = " and ".join(run.tag for run in runs)
        raise InputError(f"{names} have no query and candidate in common", SAME_TOPICS)
    return [_only(run, common) for run in runs]


def _only(run: Run, kept: Mapping[str, set[str]]) -> Run:
    """The run with these queries and candidates only."""
    if all(qid in kept and kept[qid].issuperset(run.docids(qid)) for qid in run):
        return run  # the usual case
    return run.only(kept)


def paired(first: Run, second: Run) -> tuple[Scores, np.ndarray]:
    """The first run's scores of what both have, and the second's of the same candidates in the same order."""
    ours, theirs = map(flat, shared([first, second]))
    known = {
        qid: dict(zip(theirs.docids[start:end], theirs.values[start:end], strict=True))
        for qid, (start, end) in zip(theirs.qids, theirs.spans, strict=True)
    }
    scores = [
        known[qid][docid]
        for qid, (start, end) in zip(ours.qids, ours.spans, strict=True)
        for docid in ours.docids[start:end]
    ]
    return ours, np.array(scores)
