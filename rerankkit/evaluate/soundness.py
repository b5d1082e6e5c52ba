"""What a reader of a comparison should doubt, in plain words."""

import math
from collections.abc import Iterator, Sequence

from rerankkit.evaluate import report
from rerankkit.evaluate.measure_names import PARAMETERS, Measure
from rerankkit.evaluate.measures import some
from rerankkit.evaluate.significance import Comparison
from rerankkit.evaluate.study import Study
from rerankkit.evaluate.views import View

FEW_QUERIES = 25
"""Below so many a single query may decide."""
UNJUDGED = 0.05
"""The share of the first ranks that may be unjudged, untold."""
FOUND = 0.9
"""The share of positives that a first stage should find."""
VISIBLE = 5e-5
"""A difference that four decimals show."""


def doubts(study: Study, views: Sequence[View], measures: Sequence[Measure]) -> Iterator[str]:
    """A sentence for each thing that makes the comparison unsound; the baseline's view stands first."""
    yield from _queries(study, views)
    yield from _depths(views, measures)
    yield from _grounds(study)
    yield from _unjudged(study, views, measures)
    yield from _candidates(study)
    yield from _ties(study)
    yield from _below(study)


def _queries(study: Study, views: Sequence[View]) -> Iterator[str]:
    marks = views[0].marks
    count = len(marks.judgments.qids)
    lacking = [view for view in views if view.marks.missing]
    for view in lacking:
        missing = view.marks.missing
        yield f"{view.name} lacks {len(missing)} of {count} judged queries, which count as 0 in it: {some(missing)}"
    if len({view.marks.missing for view in views}) > 1:
        shared = count - len({qid for view in lacking for qid in view.marks.missing})
        yield (
            f"the runs are of different queries: {shared} of the {count} judged ones are in all of them; "
            "compare over those alone (--topics) to tell a worse ranking from a lacking one"
        )
    empty = count - len(set(marks.judgments.query[marks.judgments.grade >= study.settings.rel].tolist()))
    if empty:
        yield f"{empty} of {count} judged queries have no positive: they tell no run from another, and lower the means"
    if count < FEW_QUERIES:
        yield f"few judged queries ({count}): a single one may decide, and only large differences can be found"


def _depths(views: Sequence[View], measures: Sequence[Measure]) -> Iterator[str]:
    shortest = min(views, key=lambda view: view.depth)
    deepest = max(views, key=lambda view: view.depth)
    cut = [
        m.name
        for m in measures
        if m.kind not in ("PNR", "NumRet", "Judged", "") and (m.cutoff or math.inf) > shortest.depth
    ]
    if shortest.depth < deepest.depth and cut:
        yield (
            f"{shortest.name} ends at rank {shortest.depth}, {deepest.name} at {deepest.depth}: the means of "
            f"{', '.join(cut)} count what lies deeper as not found; differences and tests do not"
        )


def _grounds(study: Study) -> Iterator[str]:
    """Over which documents the differences are, where not over the whole lists."""
    for name, match in study.matches.items():
        by_ground: dict[str, list[str]] = {}
        for measure, ground in match.grounds.items():
            by_ground.setdefault(ground, []).append(measure)
        for ground, measures in by_ground.items():
            yield f"{name} is compared with {study.baseline.name} by {', '.join(measures)} over {ground}"


def _unjudged(study: Study, views: Sequence[View], measures: Sequence[Measure]) -> Iterator[str]:
    base, *others = views
    condensed = next((one for one in measures if "judged_only" in PARAMETERS.get(one.kind, ())), None)
    for depth in study.settings.judged_at:
        floor = 1 - study.judged[base.name][depth]
        for view in others:
            unjudged = 1 - study.judged[view.name][depth]
            if max(unjudged, floor) < UNJUDGED:
                continue
            yield (
                f"{unjudged:.1%} of {view.name}'s first {depth} are not judged, {floor:.1%} of {base.name}'s: "
                "they count as not relevant" + ("" if condensed is None else f". {_condensed(condensed, base, view)}")
            )


def _condensed(measure: Measure, base: View, system: View) -> str:
    ours, theirs = system.judged_only(measure), base.judged_only(measure)
    return f"Over judged documents alone {measure.name} is {ours:.4f} against {theirs:.4f}"


def _candidates(study: Study) -> Iterator[str]:
    stage, name = study.first_stage, study.baseline.name
    if stage.positives and stage.recall < FOUND:
        most = ", ".join(f"{measure} {value:.4f}" for measure, value in study.ceiling.items() if math.isfinite(value))
        yield (
            f"{name} has {stage.found} of {stage.positives} positives (R@{stage.depth} {stage.recall:.4f}): what it "
            f"never found no reranking brings back" + (f"; at most {most}" if most else "")
        )
    others = [f"{system} ({share:.1%} of its documents)" for system, share in study.outside.items() if share]
    if others:
        yield (
            f"not rerankings of {name}, which lacks some of their documents: {', '.join(others)}; the ceiling is not "
            "theirs"
        )


def _ties(study: Study) -> Iterator[str]:
    for one in study.evaluations:
        moved = {}
        for measure in one.values:
            low, high = study.tie_intervals[one.name, measure]
            floor, top = study.tie_intervals[study.baseline.name, measure]
            if high - low > VISIBLE:
                open_ = one is not study.baseline and low <= top and floor <= high
                moved[measure] = f"{measure} {low:.4f} to {high:.4f}" + " (above or below the baseline)" * open_
        if moved:
            told = f"equal scores of {one.name} leave open its {', '.join(moved.values())}"
            yield f"{told}: its figures are by trec_eval's order of docids"


def _below(study: Study) -> Iterator[str]:
    rerankings = [system for system in study.systems if study.beside(system).nested]
    tests = {(one.system, one.measure): Comparison(one.difference, one.p_t, one.queries) for one in study.outcomes}
    yield from report.warnings([study.baseline, *rerankings], tests, study.matches)
    for system in study.systems:
        outcomes = [one for one in study.outcomes if one.system == system.name]
        if not any(one.queries for one in outcomes):
            yield f"no query has a value of {system.name} and of {study.baseline.name}: nothing compares them"
        elif all(one.wins == one.losses == 0 for one in outcomes):
            what = "order" if any(one.ground for one in outcomes) else "run"
            yield f"no query's measures tell {system.name} from {study.baseline.name}: is it the same {what}?"
