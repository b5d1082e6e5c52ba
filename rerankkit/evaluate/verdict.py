"""What in a diagnosis needs a second look, in plain words."""

import math
from collections.abc import Iterator
from itertools import pairwise

from rerankkit.evaluate.agreement import Agreement
from rerankkit.evaluate.by_grade import AgainstGrades
from rerankkit.evaluate.diagnose import Diagnosis
from rerankkit.evaluate.distribution import COLLAPSED, Distribution

FEW, MANY, MOST = 0.05, 0.2, 0.9
"""Shares from which on something is told."""
SURE = 1.0
"""Deviations between two scores from which on a teacher is taken to be sure."""
AGREED = 0.85
"""The share of such pairs that a student should order alike."""


def warnings(diagnosis: Diagnosis) -> list[str]:
    """A sentence for each thing that looks wrong; none where nothing does."""
    found = [*_teacher(diagnosis.teacher, diagnosis.borrowed)]
    if diagnosis.against_grades is not None:
        found += _grades(diagnosis.against_grades)
    if diagnosis.student is not None:
        found += _flat("student", diagnosis.student)
    if diagnosis.agreement is not None:
        found += _agreement(diagnosis.agreement)
    if diagnosis.measured is not None:
        found += [*diagnosis.measured.left_out, *diagnosis.measured.warnings]
        if diagnosis.measured.lost > 0:
            lost = f"{diagnosis.measured.lost:.1%} of the teacher's candidates are not in the other runs"
            found.append(f"{lost}: the measures are over what all runs have, and are not those of `evaluate`")
    return found


def _flat(role: str, scores: Distribution) -> Iterator[str]:
    if scores.scores.high - scores.scores.low <= COLLAPSED:
        yield f"the {role}'s scores have collapsed: all lie within {COLLAPSED:g}, so its order is chance"
    elif scores.collapsed >= FEW:
        yield f"the {role}'s scores have collapsed in {scores.collapsed:.0%} of the queries: within {COLLAPSED:g}"


def _teacher(scores: Distribution, borrowed: float) -> Iterator[str]:
    yield from _flat("teacher", scores)
    if scores.scores.high - scores.scores.low <= COLLAPSED:
        return
    if borrowed >= MOST:
        yield "the teacher's scores are the first stage's own, at most in another order: a ranking, not raw scores"
    elif scores.repeated >= MOST:
        yield f"{scores.repeated:.0%} of the queries have the same scores as another: ranks, it seems, not raw scores"
    elif not math.isnan(scores.unit_ends):
        shape = f", {scores.unit_ends:.0%} of them within .05 of an end" if scores.unit_ends >= MANY else ""
        yield f"the teacher's scores all lie in 0 to 1{shape}: probabilities (or cosines) are poor targets, give logits"
    elif scores.saturated >= MANY:
        yield f"{scores.saturated:.0%} of the teacher's scores lie at their lowest or highest value: saturated"
    if scores.tied >= MANY / 2:
        yield f"{scores.tied:.0%} of the teacher's scores are tied within their query: was it run in half precision?"
    sharp = scores.sharpness[0]
    if sharp.top >= MOST:
        yield (
            f"softmax of the teacher's scores is nearly one-hot at temperature 1 (top weight {sharp.top:.2f}): for a "
            f"loss on softmax, as KL, standardise the scores or set a temperature near {scores.scores.deviation:.2g}"
        )


def _grades(found: AgainstGrades) -> Iterator[str]:
    graded = [level for level in found.by_grade if level.grade is not None]
    for high, low in pairwise(graded):
        if high.scores.mean < low.scores.mean:
            yield (
                f"the teacher scores grade {high.grade} lower than grade {low.grade} on average "
                f"({high.scores.mean:.3f} < {low.scores.mean:.3f})"
            )
    wrong = [pairs for pairs in found.accuracy if pairs.share < 0.5]
    if wrong:
        apart = ", ".join(f"{pairs.difference} ({pairs.share:.0%} right)" for pairs in wrong)
        yield f"the teacher orders pairs worse than chance where their grades differ by {apart}: is its sign turned?"
    if found.unjudged_above > found.queries_with_positives > 0:
        a_query = found.unjudged_above / found.queries_with_positives
        yield (
            f"{found.unjudged_above} unjudged documents stand above every positive of their query ({a_query:.1f} a "
            "query): likely false negatives, which the measures count against the teacher"
        )


def _agreement(found: Agreement) -> Iterator[str]:
    sure = [pairs for pairs in found.margins if pairs.low >= SURE]
    right, wrong = sum(pairs.concordant for pairs in sure), sum(pairs.discordant for pairs in sure)
    if right + wrong and right / (right + wrong) < AGREED:
        yield (
            f"the student agrees with only {right / (right + wrong):.0%} of the pairs on which the teacher is sure "
            f"({SURE:g} deviation apart or more): it has not learnt the teacher's order"
        )
    if found.tau.count and found.tau.mean <= 0:
        yield f"the student's order has nothing of the teacher's (mean tau-b {found.tau.mean:.2f})"
    line = found.calibration
    wide = line.deviations < 0.5 or line.deviations > 2
    if wide or abs(line.offset) > found.deviation / 2 > 0:
        yield (
            f"the student's scores are not on the teacher's scale (mean difference {line.offset:.3g}, deviation "
            f"{line.deviations:.2g} times the teacher's): its order may be right, thresholds do not carry over"
        )
    if found.left_out:
        share = found.left_out / (found.left_out + found.candidates)
        lacks = f"the student lacks {found.left_out} of the teacher's candidates ({share:.1%})"
        yield f"{lacks}: they are left out of the comparison"
