"""A system beside its baseline on what both can be compared on: where one list ends earlier, not on what it lacks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rerankkit.evaluate.marks import Judgments, Marks, marks_of
from rerankkit.evaluate.measure_names import Measure
from rerankkit.evaluate.measures import Evaluation, checked_marks, measured
from rerankkit.evaluate.undefined import without
from rerankkit.run import Run
from rerankkit.types import Qrels

COMMON = "the documents that both runs have"
COUNTS = ("NumRet", "NumQ", "NumRel")
"""Measures that count documents or queries: a shorter list has less, which is no fault to correct."""


@dataclass(frozen=True)
class Side:
    """A run with its judged hits and its measures."""

    run: Run
    qrels: Qrels
    marks: Marks
    evaluation: Evaluation

    @classmethod
    def of(cls, name: str, run: Run, qrels: Qrels, measures: Sequence[Measure], judgments: Judgments) -> "Side":
        """The run's side; InputError where it has none of the judged queries."""
        marks = checked_marks(run, qrels, name, judgments)
        return cls(run, qrels, marks, measured(marks, measures, name))


@dataclass(frozen=True)
class Matched:
    """The evaluations of a system and its baseline, each measure over what both are compared on.

    `grounds` names that for the measures that are not compared over the whole lists. `nested` says whether the system's
    documents of every judged query are among the baseline's: only then can it be a reranking of that run. `outside` is
    the share of its documents that are not.
    """

    system: Evaluation
    baseline: Evaluation
    nested: bool = False
    outside: float = 0.0
    grounds: Mapping[str, str] = field(default_factory=dict)

    def without(self, measures: Sequence[Measure]) -> "Matched":
        """The same without some measures."""
        gone = {one.name for one in measures}
        return replace(
            self,
            system=without(self.system, measures),
            baseline=without(self.baseline, measures),
            grounds={name: ground for name, ground in self.grounds.items() if name not in gone},
        )


def matched(system: Side, baseline: Side, measures: Sequence[Measure]) -> Matched:
    """The system beside its baseline.

    A measure that depends on the lists' length (PNR, recall, AP, any whose cut-off lies below the end of a list) is
    compared over the documents that both runs have, where the system's are among the baseline's; else down to the depth
    of the shorter run, and PNR over the judged documents of both. A query that one of them lacks stays as it is.
    """
    overlap = Overlap.of(system, baseline)
    found = Matched(system.evaluation, baseline.evaluation, overlap.nested, overlap.outside)
    if overlap.nested:
        return _within(found, system, baseline, overlap, [one for one in measures if overlap.moves(one)])
    pairs = [one for one in measures if one.kind == "PNR"]
    depths = [int(side.marks.lengths.max(initial=0)) for side in (system, baseline)]
    others = [one for one in measures if one.kind != "PNR" and depths[0] != depths[1] and _reaches(one, min(depths))]
    return _to_depth(_over_pairs(found, system, baseline, pairs), system, baseline, others)


@dataclass(frozen=True)
class Overlap:
    """How a system's lists lie in the baseline's, over the judged queries.

    `shortest` is the length of the system's shortest list that ends before the baseline's, None where none does;
    `leading` says whether they all are the first documents of the baseline's.
    """

    nested: bool
    outside: float
    shortest: int | None
    leading: bool

    @classmethod
    def of(cls, system: Side, baseline: Side) -> "Overlap":
        """The overlap of both runs."""
        count = lacking = 0
        shortest: int | None = None
        leading = True
        for qid in system.marks.judgments.qids:
            if qid not in system.run:
                continue
            theirs = baseline.run.docids(qid) if qid in baseline.run else []
            ours = set(system.run.docids(qid))
            count += len(ours)
            outside = len(ours.difference(theirs))
            lacking += outside
            if not outside and len(ours) < len(theirs):
                shortest = len(ours) if shortest is None else min(shortest, len(ours))
                leading = leading and ours.issuperset(theirs[: len(ours)])
        return cls(not lacking, lacking / count if count else 0.0, shortest, leading)

    def moves(self, measure: Measure) -> bool:
        """Whether the measure sees what the system's lists lack."""
        return self.shortest is not None and (measure.kind == "PNR" or _reaches(measure, self.shortest))


def _reaches(measure: Measure, depth: int) -> bool:
    """Whether a measure sees what lies below a depth."""
    if measure.name.startswith(COUNTS) or measure.kind == "PNR":
        return False
    cutoff = re.search(r"@([0-9]+)$", measure.name)
    return cutoff is None or measure.judged_only or int(cutoff[1]) > depth


def _within(found: Matched, system: Side, baseline: Side, overlap: Overlap, measures: list[Measure]) -> Matched:
    """The measures with the baseline's lists without what the system lacks."""
    if not measures:
        return found
    kept = {
        qid: frozenset((system.run if qid in system.run else baseline.run).docids(qid))
        for qid in baseline.marks.judgments.qids
        if qid in baseline.run
    }
    marks = marks_of(baseline.run.only(kept), baseline.qrels, baseline.marks.judgments)
    ground = COMMON
    if overlap.leading:
        ground += f", the first {int(system.marks.lengths.max())} of {baseline.evaluation.name}"
    grounds = dict.fromkeys((one.name for one in measures), ground)
    theirs = measured(marks, measures, baseline.evaluation.name)
    return replace(found, baseline=_with(found.baseline, theirs), grounds=grounds)


def _over_pairs(found: Matched, system: Side, baseline: Side, measures: list[Measure]) -> Matched:
    """The measures over pairs of documents that both runs have."""
    if not measures:
        return found
    ours, theirs = system.marks, baseline.marks
    if any(one.unjudged is not None for one in measures):
        judgments = theirs.judgments
        both = {
            qid: frozenset(system.run.docids(qid)).intersection(baseline.run.docids(qid))
            for qid in judgments.qids
            if qid in system.run and qid in baseline.run
        }
        ours, theirs = (marks_of(side.run.only(both), side.qrels, judgments) for side in (system, baseline))
    else:
        ours, theirs = ours.among(theirs), theirs.among(ours)
    return _replaced(found, measured(ours, measures, ""), measured(theirs, measures, ""), COMMON)


def _to_depth(found: Matched, system: Side, baseline: Side, measures: list[Measure]) -> Matched:
    """The measures over the lists down to the depth that both runs reach."""
    if not measures:
        return found
    depth = min(int(side.marks.lengths.max()) for side in (system, baseline))
    ours, theirs = (measured(side.marks.to_depth(depth), measures, "") for side in (system, baseline))
    return _replaced(found, ours, theirs, f"the first {depth} documents of both runs")


def _replaced(found: Matched, ours: Evaluation, theirs: Evaluation, ground: str) -> Matched:
    return replace(
        found,
        system=_with(found.system, ours),
        baseline=_with(found.baseline, theirs),
        grounds={**found.grounds, **dict.fromkeys(ours.values, ground)},
    )


def _with(evaluation: Evaluation, other: Evaluation) -> Evaluation:
    """The evaluation with the values of another in the place of its own."""
    return replace(
        evaluation,
        values={**evaluation.values, **other.values},
        by_query={**evaluation.by_query, **other.by_query},
    )
