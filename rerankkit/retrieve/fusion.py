"""Several runs of the same queries made one: a committee of teachers, or fused first stages."""

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from rerankkit.errors import InputError
from rerankkit.retrieve.normalisation import NORMS, Listed, Scores, normalised, unfound
from rerankkit.run import Run

log = logging.getLogger(__name__)


def committee(runs: Sequence[Run], weights: Sequence[float] | None = None) -> Run:
    """The weighted mean of standardised scores: a teacher better than each member, where their errors differ.

    Each run is standardised by one mean and deviation over all its scores, never per query, so that its scores stay
    comparable across queries. Candidates that every member scored are kept; weights are made to sum to 1. A committee
    of one is its run standardised: teachers of different queries are so brought to one scale.
    Raises InputError where a member lacks a query, shares no candidate, or says the same of everything.
    """
    shares = _shares(runs, weights)
    scales = [_scale(run, place) for place, run in enumerate(runs, 1)]
    hits = {}
    total = 0
    for qid in dict.fromkeys(qid for run in runs for qid in run):
        lists = [_scores(run, qid, place) for place, run in enumerate(runs, 1)]
        common = [docid for docid in lists[0] if all(docid in scores for scores in lists[1:])]
        if not common:
            raise InputError(f"the members scored no document of query {qid} in common", "Rerank the same run by each")
        total += len(set().union(*lists))
        members = list(zip(lists, scales, shares, strict=True))
        hits[qid] = [
            (docid, math.fsum(w * (scores[docid] - mean) / deviation for scores, (mean, deviation), w in members))
            for docid in common
        ]
    if lacking := total - sum(map(len, hits.values())):
        log.info("%d of %d candidates left out: not every run has scored them", lacking, total)
    return _ranked(hits, "committee")


def rrf(runs: Sequence[Run], weights: Sequence[float] | None = None, k: float = 60) -> Run:
    """Reciprocal rank fusion, `sum w / (k + rank)`: Cormack, Clarke and Buettcher 2009."""
    if not (math.isfinite(k) and k >= 0):
        raise InputError(f"k is {k}", "Give a number of at least 0; 60 is usual")

    def share(listed: Listed) -> tuple[Scores, float]:
        return {docid: 1 / (k + rank) for rank, docid in enumerate(listed.docids, 1)}, 0.0

    return _of_shares(runs, weights or [1.0] * len(runs), share, "rrf")


def interpolation(
    runs: Sequence[Run], weights: Sequence[float] | None = None, alpha: float = 0.5, norm: str = "none"
) -> Run:
    """`alpha` of the first run's score and `1 - alpha` of the second's: Pyserini's, of scores as they are."""
    if len(runs) != 2 or weights:
        raise InputError(
            f"interpolation takes two runs and no weights, not {len(runs)} runs", "Give --alpha, or sum them: combsum"
        )
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha is {alpha}", "Give a number from 0 to 1, the first run's share")
    return _summed(runs, [alpha, 1 - alpha], norm, "interpolation")


def combsum(runs: Sequence[Run], weights: Sequence[float] | None = None, norm: str = "min-max") -> Run:
    """The weighted sum of scores, each query's brought to one scale (Fox and Shaw 1994)."""
    return _summed(runs, weights or [1.0] * len(runs), norm, "combsum")


def combmnz(runs: Sequence[Run], weights: Sequence[float] | None = None, norm: str = "min-max") -> Run:
    """CombSUM times the number of runs that found the document: Fox and Shaw 1994."""
    return _summed(runs, weights or [1.0] * len(runs), norm, "combmnz", by_count=True)


METHODS: Mapping[str, Callable[..., Run]] = {
    "committee": committee,
    "rrf": rrf,
    "interpolation": interpolation,
    "combsum": combsum,
    "combmnz": combmnz,
}
"""What `rerankkit fuse --method` knows."""


def _summed(runs: Sequence[Run], weights: Sequence[float], norm: str, tag: str, by_count: bool = False) -> Run:
    """The union of the runs' queries and documents, each with the weighted sum of its normalised scores."""
    if norm not in NORMS:
        raise InputError(f"no normalisation named {norm!r}", f"Known: {', '.join(NORMS)}")

    def share(listed: Listed) -> tuple[Scores, float]:
        return normalised(listed, norm), unfound(listed, norm)

    return _of_shares(runs, weights, share, tag, by_count)


def _of_shares(
    runs: Sequence[Run],
    weights: Sequence[float],
    share: Callable[[Listed], tuple[Scores, float]],
    tag: str,
    by_count: bool = False,
) -> Run:
    """The weighted sums of what each run's list gives to the documents it holds, and to those it lacks."""
    if len(runs) < 2:
        raise InputError("one run is nothing to combine", "Give two or more")
    _shares(runs, weights)
    hits: dict[str, list[tuple[str, float]]] = {}
    for qid in dict.fromkeys(qid for run in runs for qid in run):
        held = [(run, weight) for run, weight in zip(runs, weights, strict=True) if qid in run]
        counts = Counter(docid for run, _ in held for docid in run.docids(qid))
        sums = dict.fromkeys(counts, 0.0)
        for run, weight in held:
            given, otherwise = share(Listed.of(run, qid, len(counts)))
            for docid in sums if otherwise else given:
                sums[docid] += weight * given.get(docid, otherwise)
        hits[qid] = [(docid, value * (counts[docid] if by_count else 1)) for docid, value in sums.items()]
    return _ranked(hits, tag)


def _ranked(hits: Mapping[str, Iterable[tuple[str, float]]], tag: str) -> Run:
    """A run by falling score; equal ones stand as they came, the first run's order first."""
    return Run.ranked({qid: sorted(pairs, key=lambda pair: -pair[1]) for qid, pairs in hits.items()}, tag)


def _shares(runs: Sequence[Run], weights: Sequence[float] | None) -> list[float]:
    """The weights, made to sum to 1."""
    given = list(weights) if weights else [1.0] * len(runs)
    if len(given) != len(runs):
        raise InputError(f"{len(given)} weights for {len(runs)} runs", "Give one weight a run, in the runs' order")
    if not all(math.isfinite(w) and w >= 0 for w in given) or not any(given):
        raise InputError(f"the weights are {given}", "Give numbers of at least 0, not all 0")
    return [weight / math.fsum(given) for weight in given]


def _scale(run: Run, place: int) -> tuple[float, float]:
    """Mean and deviation of all scores of a run."""
    scores = [score for qid in run for score in run.scores(qid)]
    mean = math.fsum(scores) / max(len(scores), 1)
    deviation = math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / max(len(scores), 1))
    if deviation < 1e-6 * max(1.0, abs(mean)):
        raise InputError(
            f"the scores of run {place} ({run.tag}) are all the same", "It has nothing to say: leave it out"
        )
    return mean, deviation


def _scores(run: Run, qid: str, place: int) -> Scores:
    if qid not in run:
        raise InputError(f"run {place} ({run.tag}) lacks query {qid}", "Rerank the same run by each member")
    return dict(zip(run.docids(qid), run.scores(qid), strict=True))
