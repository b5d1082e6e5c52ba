"""The common measures of all queries at once, as trec_eval defines them; all else is left to ir_measures."""

import numpy as np

from rerankkit.errors import InputError
from rerankkit.evaluate.marks import NO_DEPTH, Arrangement, Judgments, Marks, as_it_is, places
from rerankkit.evaluate.measure_names import Measure
from rerankkit.evaluate.pair_ratio import PairRatio, count_pairs

LARGEST_POWER = 1000
"""2 to this power, a thousand million times over, is a float still."""


def values(measure: Measure, marks: Marks, arranged: Arrangement = as_it_is) -> np.ndarray:
    """The measure's value for each judged query, in the order arranged; of PNR they are `PairRatio`s."""
    if measure.gains:
        marks = marks.regraded(dict(measure.gains))
    marks = arranged(marks)
    return CALCULATIONS[measure.kind](measure, marks.judged_only() if measure.judged_only else marks)


def aggregated(measure: Measure, found: np.ndarray) -> float:
    """The measure of a run, from the values of its queries."""
    if measure.kind == "NumRet":
        return float(found.sum())
    if measure.kind != "PNR":
        return float(found.mean())
    if measure.mean:
        ratios = [ratio.concordant / max(ratio.discordant, 1) for ratio in found if ratio == ratio]
        return sum(ratios) / len(ratios) if ratios else float("nan")
    return float(PairRatio(sum(ratio.concordant for ratio in found), sum(ratio.discordant for ratio in found)))


def _ndcg(measure: Measure, marks: Marks) -> np.ndarray:
    def gains(grade: np.ndarray) -> np.ndarray:
        grade = np.maximum(grade, 0)
        if measure.exponential and len(grade) and grade.max() > LARGEST_POWER:
            raise InputError(
                f"grade {grade.max()} is too large for {measure}: 2 to the power of a grade over {LARGEST_POWER} "
                "exceeds a float",
                "Give the grades smaller numbers, or use nDCG without dcg='exp-log2'",
            )
        return np.exp2(grade) - 1 if measure.exponential else grade.astype(float)

    def dcg(query: np.ndarray, grade: np.ndarray, rank: np.ndarray) -> np.ndarray:
        gained = np.where(rank < _cutoff(measure), gains(grade) / np.log2(rank + 2), 0)
        return np.bincount(query, gained, len(marks.lengths))

    return _share(dcg(marks.query, marks.grade, marks.rank), dcg(*marks.judgments.ideal))


def _reciprocal_rank(measure: Measure, marks: Marks) -> np.ndarray:
    relevant = _relevant(measure, marks)
    first = relevant.chosen(places(relevant.query) == 0)
    found = np.where(first.rank < _cutoff(measure), 1 / (first.rank + 1), 0)
    return np.bincount(first.query, found, len(marks.lengths))


def _average_precision(measure: Measure, marks: Marks) -> np.ndarray:
    relevant = _relevant(measure, marks)
    precision = (places(relevant.query) + 1) / (relevant.rank + 1)
    found = np.bincount(relevant.query, np.where(relevant.rank < _cutoff(measure), precision, 0), len(marks.lengths))
    return _share(found, _positives(measure, marks.judgments))


def _precision(measure: Measure, marks: Marks) -> np.ndarray:
    return _found(measure, marks) / measure.cutoff


def _recall(measure: Measure, marks: Marks) -> np.ndarray:
    return _share(_found(measure, marks), _positives(measure, marks.judgments))


def _success(measure: Measure, marks: Marks) -> np.ndarray:
    return (_found(measure, marks) > 0).astype(float)


def _judged(measure: Measure, marks: Marks) -> np.ndarray:
    counts = _counts(marks, marks.rank < _cutoff(measure))
    return _share(counts, np.minimum(marks.lengths, _cutoff(measure)))


def _retrieved(measure: Measure, marks: Marks) -> np.ndarray:
    return (marks.lengths if measure.counts_all else _found(measure, marks)).astype(float)


def _pairs(measure: Measure, marks: Marks) -> np.ndarray:
    ratios = np.empty(len(marks.lengths), object)
    ratios[:] = [PairRatio(0, 0)] * len(ratios)
    bounds = np.flatnonzero(np.diff(marks.query, prepend=-1, append=len(ratios)))
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        grade, first = marks.grade[start:end], marks.first[start:end]
        query = marks.query[start]
        if end - start > 1 and (grade != grade[0]).any():
            ratios[query] = count_pairs(-first, grade)
        if measure.unjudged is not None:
            higher, lower = _unjudged(first, marks.end[start:end], int(marks.lengths[query]))
            right, wrong = (np.where(grade > measure.unjudged, *two) for two in ((lower, higher), (higher, lower)))
            other = grade != measure.unjudged
            concordant, discordant = ratios[query].concordant, ratios[query].discordant
            ratios[query] = PairRatio(concordant + int(right[other].sum()), discordant + int(wrong[other].sum()))
    return ratios


def _unjudged(first: np.ndarray, end: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """How many unjudged hits of a query score higher, and how many lower, than each of its judged ones."""
    rising = np.sort(first)  # another arrangement of equal scores may have moved them
    higher = first - np.searchsorted(rising, first, "left")
    return higher, length - end - (len(first) - np.searchsorted(rising, first, "right"))


def _relevant(measure: Measure, marks: Marks) -> Marks:
    return marks.chosen(marks.grade >= measure.rel)


def _positives(measure: Measure, judgments: Judgments) -> np.ndarray:
    return np.bincount(judgments.query[judgments.grade >= measure.rel], minlength=len(judgments.qids))


def _found(measure: Measure, marks: Marks) -> np.ndarray:
    return _counts(marks, (marks.rank < _cutoff(measure)) & (marks.grade >= measure.rel))


def _counts(marks: Marks, which: np.ndarray) -> np.ndarray:
    return np.bincount(marks.query[which], minlength=len(marks.lengths))


def _cutoff(measure: Measure) -> int:
    return measure.cutoff or NO_DEPTH


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, and 0 where there is no whole."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


CALCULATIONS = {
    "nDCG": _ndcg,
    "RR": _reciprocal_rank,
    "AP": _average_precision,
    "P": _precision,
    "R": _recall,
    "Success": _success,
    "Judged": _judged,
    "NumRet": _retrieved,
    "PNR": _pairs,
}
