"""What a page tells of a teacher and its students: the diagnosis, with the scores themselves in cells."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from rerankkit.evaluate import verdict
from rerankkit.evaluate.diagnose import Diagnosis, Given, diagnose
from rerankkit.evaluate.distribution import BINS
from rerankkit.evaluate.flat import flat, grades, paired
from rerankkit.evaluate.gap import Worth
from rerankkit.run import Run

CELLS = 40
"""Cells on each side of the picture of a student's scores over its teacher's."""
Record = dict[str, Any]


def of_teacher(given: Given) -> Record:
    """The histogram of the teacher's scores, by grade where there are qrels; unjudged ones under the grade None."""
    scores = flat(given.to_depth().teacher)
    edges = np.histogram_bin_edges(scores.values, 2 * BINS)
    grade = grades(scores, given.qrels or {})
    levels: list[tuple[int | None, np.ndarray]] = [
        (int(level), grade == level) for level in np.unique(grade[~np.isnan(grade)])[::-1]
    ]
    levels.append((None, np.isnan(grade)))
    bars = [
        {"grade": level, "counts": np.histogram(scores.values[chosen], edges)[0].tolist()}
        for level, chosen in levels
        if chosen.any()
    ]
    return {"edges": edges.tolist(), "bars": bars, "scores": len(scores.values), "queries": len(scores.qids)}


def of_student(given: Given, measures: Iterable[str]) -> Record:
    """How the student follows its teacher: cells of score pairs, the fitted line, order by margin, gap, warnings."""
    if np.isnan(grades(flat(given.to_depth().teacher), given.qrels or {})).all():
        given = replace(given, qrels=None)  # none of the candidates is judged
    diagnosis = diagnose(given, measures)
    agreement = diagnosis.agreement
    assert agreement is not None
    line = agreement.calibration
    return {
        "cells": _cells(given.to_depth()),
        "line": {"slope": line.slope, "intercept": line.intercept, "r": line.pearson, "within": line.pearson_within},
        "tau": agreement.tau.mean,
        "candidates": agreement.candidates,
        "margins": [
            {"low": one.low, "high": one.high, "tau": one.tau, "share": one.share, "pairs": one.pairs}
            for one in agreement.margins
        ],
        "worth": [_worth(one) for one in diagnosis.measured.worth] if diagnosis.measured else [],
        "queries": diagnosis.measured.queries if diagnosis.measured else 0,
        "warnings": _warnings(diagnosis),
    }


def is_same(one: Run, other: Run) -> bool:
    """Whether both are the same lists with the same scores."""
    return one is other or (len(one) == len(other) and one.digest() == other.digest())


def _cells(given: Given) -> Record:
    """Counts over a grid of the teacher's (x) and the student's (y) scores, only the cells that hold any."""
    assert given.student is not None
    teacher, student = paired(given.teacher, given.student)
    counts, x, y = np.histogram2d(teacher.values, student, CELLS)
    filled = np.argwhere(counts)
    cells = [[int(i), int(j), int(counts[i, j])] for i, j in filled]
    return {"x": [float(x[0]), float(x[-1])], "y": [float(y[0]), float(y[-1])], "side": CELLS, "counts": cells}


def _worth(worth: Worth) -> Record:
    fields = ("measure", "first_stage", "teacher", "student", "closed", "kept", "p_student_first", "p_student_teacher")
    return {name: getattr(worth, name) for name in fields}


def _warnings(diagnosis: Diagnosis) -> list[str]:
    return [warning[:1].upper() + warning[1:] for warning in verdict.warnings(diagnosis)]


def finite(value: Any) -> Any:
    """The value with None for each number that is not finite, through lists and dictionaries: JSON has no others."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return value if not isinstance(value, float) or math.isfinite(value) else None
