"""Why a distillation went as it did, read from runs alone: teacher, student, first stage and qrels."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from rerankkit.evaluate.agreement import Agreement, agreement
from rerankkit.evaluate.by_grade import AgainstGrades, against_grades
from rerankkit.evaluate.distribution import Distribution, distribution
from rerankkit.evaluate.flat import cut, flat, shared
from rerankkit.evaluate.gap import Measured, measured
from rerankkit.run import Run
from rerankkit.types import Qrels

MEASURES = ("nDCG@5", "nDCG@10", "PNR")


@dataclass(frozen=True)
class Given:
    """What is diagnosed: a teacher's run of raw scores, and what there is beside it.

    With a `depth`, only the first so many candidates of each query count: the first stage's first where it is given,
    else each run's own; what was appended below them without being scored is left out.
    """

    teacher: Run
    student: Run | None = None
    first_stage: Run | None = None
    qrels: Qrels | None = None
    depth: int | None = None

    def to_depth(self) -> "Given":
        """The same with every run cut to the depth."""
        if self.depth is None:
            return self
        student = None if self.student is None else cut(self.student, self.depth, self.first_stage)
        first_stage = None if self.first_stage is None else cut(self.first_stage, self.depth)
        return Given(cut(self.teacher, self.depth, self.first_stage), student, first_stage, self.qrels)


@dataclass(frozen=True)
class Diagnosis:
    """What is known of a teacher and its student; None where what it needs was not given.

    `borrowed` is the share of queries in which the teacher's scores are the first stage's own, in whatever order.
    """

    teacher: Distribution
    student: Distribution | None = None
    against_grades: AgainstGrades | None = None
    agreement: Agreement | None = None
    measured: Measured | None = None
    borrowed: float = math.nan


def diagnose(given: Given, measures: Iterable[str] = MEASURES) -> Diagnosis:
    """The diagnosis of what is given; InputError where two of them have nothing in common."""
    given = given.to_depth()
    teacher, student, first_stage, qrels = given.teacher, given.student, given.first_stage, given.qrels
    scores = flat(teacher)
    return Diagnosis(
        teacher=distribution(scores),
        student=None if student is None else distribution(flat(student)),
        against_grades=None if qrels is None else against_grades(scores, qrels),
        agreement=None if student is None else agreement(teacher, student),
        measured=None if qrels is None else measured(teacher, student, first_stage, qrels, measures),
        borrowed=math.nan if first_stage is None else _borrowed(teacher, first_stage),
    )


def _borrowed(run: Run, first_stage: Run) -> float:
    """The share of queries with the first stage's scores; InputError where nothing is in common."""
    shared([first_stage, run])
    known = [qid for qid in run if qid in first_stage and len(run.scores(qid)) > 1]
    return sum(run.scores(qid) == first_stage.scores(qid) for qid in known) / len(known) if known else math.nan
