"""What a student keeps of its teacher's worth: the share of the gap between first stage and teacher that it closes."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rerankkit.evaluate.flat import shared
from rerankkit.evaluate.marks import Judgments
from rerankkit.evaluate.matched import Matched
from rerankkit.evaluate.measure_names import parse_measures
from rerankkit.evaluate.measures import Evaluation, evaluate
from rerankkit.evaluate.report import against_first, warnings
from rerankkit.evaluate.significance import compare
from rerankkit.evaluate.undefined import told, undefined, without
from rerankkit.run import Run
from rerankkit.types import Qrels


@dataclass(frozen=True)
class Worth:
    """One measure of teacher, first stage and student; NaN where a run is not given.

    `closed` is (student - first stage) / (teacher - first stage), and NaN unless the teacher is above the first stage;
    `kept` is student / teacher. The p-values are the paired t-test's.
    """

    measure: str
    teacher: float
    first_stage: float = math.nan
    student: float = math.nan
    p_teacher_first: float = math.nan
    p_student_first: float = math.nan
    p_student_teacher: float = math.nan

    @property
    def closed(self) -> float:
        """The share of the gap that the student closes."""
        gap = self.teacher - self.first_stage
        return (self.student - self.first_stage) / gap if gap > 0 and math.isfinite(gap) else math.nan

    @property
    def kept(self) -> float:
        """The share of the teacher's value that the student has."""
        return self.student / self.teacher if self.teacher > 0 and math.isfinite(self.teacher) else math.nan


@dataclass(frozen=True)
class Measured:
    """The runs' worth over the judged queries and the candidates that all of them have.

    `lost` is the share of the teacher's candidates in judged queries that another run lacks, `warnings` name the runs
    that are below the first stage, `left_out` tells which measures have no value here.
    """

    queries: int
    lost: float
    worth: tuple[Worth, ...]
    warnings: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def measured(
    teacher: Run, student: Run | None, first_stage: Run | None, qrels: Qrels, measures: Iterable[str]
) -> Measured:
    """The runs' measures side by side; InputError where no query that all have is judged."""
    roles = {"first stage": first_stage, "teacher": teacher, "student": student}
    given = {role: run for role, run in roles.items() if run is not None}
    alike = dict(zip(given, shared(list(given.values())), strict=True))
    # Queries that only some of the runs have would count as zero in the others.
    judged = {qid: grades for qid, grades in qrels.items() if qid in alike["teacher"]} or qrels
    named = {role: f"the {role} ({run.tag})" for role, run in alike.items()}
    wanted = parse_measures(measures)
    names = [one.name for one in wanted]
    results = {role: evaluate(run, judged, names, named[role]) for role, run in alike.items()}
    gone = undefined(list(results.values()), wanted)
    results = {role: without(evaluation, gone) for role, evaluation in results.items()}
    worth = tuple(_worth(measure, results) for measure in results["teacher"].values)
    before, after = (sum(len(run.scores(qid)) for qid in run if qid in qrels) for run in (teacher, alike["teacher"]))
    floor = list(results.values()) if first_stage is not None else []  # the first stage stands first
    same = {one.name: Matched(one, floor[0], nested=True) for one in floor}  # over what all of them have
    below = tuple(warnings(floor, against_first(floor), same)) if floor else ()
    return Measured(len(judged), 1 - after / before, worth, below, tuple(told(gone, Judgments.of(judged))))


def _worth(measure: str, results: Mapping[str, Evaluation]) -> Worth:
    def value(role: str) -> float:
        return float(results[role].values[measure]) if role in results else math.nan

    def p(system: str, baseline: str) -> float:
        both = system in results and baseline in results
        return compare(results[system], results[baseline], measure).p if both else math.nan

    return Worth(
        measure,
        teacher=value("teacher"),
        first_stage=value("first stage"),
        student=value("student"),
        p_teacher_first=p("teacher", "first stage"),
        p_student_first=p("student", "first stage"),
        p_student_teacher=p("student", "teacher"),
    )
