"""What the page's scripts draw from, as one record of plain numbers and texts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rerankkit.evaluate.diagnose import Given
from rerankkit.evaluate.page.curves import LEVELS, Curves, curves, depths_to
from rerankkit.evaluate.page.distilled import finite, is_same, of_student, of_teacher
from rerankkit.evaluate.page.lists import Ranking, lists, most_changed, ranking, texts
from rerankkit.evaluate.page.material import Material
from rerankkit.evaluate.significance import testable
from rerankkit.evaluate.study import Study
from rerankkit.progress import progress
from rerankkit.run import Run

Record = dict[str, Any]


@dataclass
class Gathered:
    """What one pass over the runs leaves."""

    curves: list[Curves] = field(default_factory=list)
    rankings: list[Ranking] = field(default_factory=list)
    teacher: Record | None = None
    students: dict[int, Record] = field(default_factory=dict)
    deepest: int = 1


def payload(material: Material) -> Record:
    """The record; without texts where there is no collection, without a teacher where none is given."""
    study = material.study
    qids = list(material.qrels)
    chosen = most_changed(changes(study), material.limits.queries)
    gathered = gather(material, chosen)
    record = {
        "systems": [evaluation.name for evaluation in study.evaluations],
        "measures": list(study.baseline.values),
        "labels": [_label(measure, study) for measure in study.baseline.values],
        "means": [[float(one.values[measure]) for one in study.evaluations] for measure in study.baseline.values],
        "qids": qids,
        "queries": None if material.queries is None else [_query(material, qid) for qid in qids],
        "values": [
            [_values(one.by_query[measure], qids) for one in study.evaluations] for measure in study.baseline.values
        ],
        "there": [
            [_there(study, i, measure, qids) for i in range(len(study.evaluations))]
            for measure in study.baseline.values
        ],
        "outcomes": _outcomes(study),
        "curves": _curves(gathered),
        "timings": [
            {"system": i, **material.timings[one.name]._asdict()}
            for i, one in enumerate(study.evaluations)
            if one.name in material.timings
        ],
        "teacher": _teacher(material, gathered),
        "learning": list(material.learning),
        **_lists(material, gathered, {qid: i for i, qid in enumerate(qids)}),
    }
    return finite(record)


def gather(material: Material, chosen: Sequence[str]) -> Gathered:
    """Curves, the lists of the chosen queries and the students' diagnoses, from one pass over the runs."""
    found = Gathered()
    first: Run | None = None
    for i, run in enumerate(progress(material.runs(), "Reading lists for the report", len(material.study.evaluations))):
        if first is None:
            first = run
            found.teacher = None if material.teacher is None else of_teacher(given(material, run))
        found.curves.append(curves(run, material.qrels, material.study.settings.rel))
        found.rankings.append(ranking(run, chosen))
        found.deepest = max(found.deepest, *(len(run.scores(qid)) for qid in run), 1)
        if i and material.teacher is not None and not is_same(run, material.teacher):
            found.students[i] = of_student(given(material, first, run), material.study.baseline.values)
    return found


def given(material: Material, first: Run, student: Run | None = None) -> Given:
    """What is known of a student of the teacher."""
    assert material.teacher is not None
    return Given(material.teacher, student, first, material.qrels, material.teacher_depth)


def changes(study: Study) -> dict[str, float]:
    """qid -> the largest difference from the baseline, of any system, by the first measure."""
    measure = next(iter(study.baseline.values))
    found = dict.fromkeys(study.baseline.by_query[measure], 0.0)
    for match in map(study.beside, study.systems):
        base = match.baseline.by_query[measure]
        for qid, value in match.system.by_query[measure].items():
            change = testable(value) - testable(base.get(qid, math.nan))
            if abs(change) > abs(found.get(qid, 0.0)):
                found[qid] = change
    return found


def _label(measure: str, study: Study) -> str:
    named = next((one.tested for one in study.outcomes if one.measure == measure and one.tested), "")
    return f"{measure} ({named})" if named else measure


def _query(material: Material, qid: str) -> str:
    assert material.queries is not None
    return material.queries[qid].text if qid in material.queries else ""


def _values(by_query: Mapping[str, float], qids: Sequence[str]) -> list[float]:
    return [round(testable(by_query[qid]), 5) if qid in by_query else math.nan for qid in qids]


def _there(study: Study, system: int, measure: str, qids: Sequence[str]) -> list[list[float]] | None:
    """The baseline's and the system's values over the documents that they are compared on; None for the whole lists."""
    match = study.matches.get(study.evaluations[system].name)
    if match is None or measure not in match.grounds:
        return None
    return [_values(one.by_query[measure], qids) for one in (match.baseline, match.system)]


def _outcomes(study: Study) -> list[Record]:
    place = {evaluation.name: i for i, evaluation in enumerate(study.evaluations)}
    return [{**asdict(outcome), "system": place[outcome.system]} for outcome in study.outcomes]


def _curves(gathered: Gathered) -> Record:
    depths = depths_to(gathered.deepest)
    runs = [
        {"precision": [round(x, 5) for x in one.precision], "ndcg": [round(x, 5) for x in one.ndcg[: len(depths)]]}
        for one in gathered.curves
    ]
    return {"depths": depths, "levels": list(LEVELS), "runs": runs}


def _lists(material: Material, gathered: Gathered, place: Mapping[str, int]) -> Record:
    """The chosen queries' documents, each text once, and what was left out, in words."""
    limits = material.limits
    found = lists(gathered.rankings, material.qrels, limits)
    docids = dict.fromkeys(docid for rows in found.values() for docid, _, _ in rows)
    collection = None if material.documents is None or not docids else material.documents(set(docids))
    known = texts(collection, docids, limits)
    number = {docid: i for i, docid in enumerate(docids)}
    every = len(found) == len(material.qrels)
    which = (
        "every query" if every else f"the {len(found):,} {'query' if len(found) == 1 else 'queries'} that changed most"
    )
    shown = f"the first {limits.documents} documents of each run"
    missing = f" {len(docids) - len(known):,} have no text in the collection." if collection is not None else ""
    return {
        "lists": {
            place[qid]: [[number[docid], grade, ranks] for docid, grade, ranks in rows] for qid, rows in found.items()
        },
        "documents": [[docid, *known.get(docid, ("", ""))] for docid in docids],
        "shown": limits.documents,
        "notes": {
            "lists": f"The page holds {shown} for {which}; titles and texts are cut."
            + ("" if material.documents else " Texts were not given, only docids are shown.")
            + (missing if len(known) < len(docids) else ""),
            "documents": f"Shown are {shown}; ranks are those of the whole runs.",
            "unlisted": f"The page holds the documents of {which} only; --report-queries sets how many.",
        },
    }


def _teacher(material: Material, gathered: Gathered) -> Record | None:
    if material.teacher is None or gathered.teacher is None:
        return None
    scores, queries = gathered.teacher["scores"], gathered.teacher["queries"]
    told = (
        f"The teacher is {material.teacher.tag}: {scores:,} scores of {queries:,} queries, among the first "
        f"{material.teacher_depth} candidates that {material.study.baseline.name} has of each."
    )
    return {**gathered.teacher, "told": told, "students": gathered.students}
