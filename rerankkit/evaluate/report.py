"""Evaluations side by side, as a table, CSV or JSON."""

import json
import math
from collections.abc import Callable, Mapping, Sequence

from rerankkit.evaluate.matched import Matched
from rerankkit.evaluate.measures import Evaluation
from rerankkit.evaluate.significance import Comparison, compare
from rerankkit.io.cells import as_csv as csv_of
from rerankkit.io.cells import escaped

Tests = Mapping[tuple[str, str], Comparison]
"""(name of the run, measure) -> its comparison with the first run."""
Matches = Mapping[str, Matched]
"""Name of the run -> the run and the first one, over the documents that they are compared on."""

SIGNIFICANT = 0.05
HARM = "as a reranker of that run it does harm here"
DOUBT = "no gain over that run here, though chance alone may explain the difference"
LOWER = "the difference is significant"
OPEN = "chance alone may explain the difference"
NEUTRAL = ("Judged", "NumQ", "NumRel", "NumRet")
"""Measures of which less is no worse."""


def against_first(
    evaluations: Sequence[Evaluation], test: str = "t", seed: int = 0, matches: Matches | None = None
) -> Tests:
    """Every later run compared with the first, by every measure of which a query has both values.

    `matches` says over which documents; without, the runs are compared over their whole lists.
    """
    first, *others = evaluations
    beside = {other.name: (matches or {}).get(other.name, Matched(other, first)) for other in others}
    found = {
        (name, measure): compare(match.system, match.baseline, measure, test, seed)
        for name, match in beside.items()
        for measure in match.system.values
    }
    return {key: compared for key, compared in found.items() if compared.queries}


def table(evaluations: Sequence[Evaluation], tests: Tests, strong: Callable[[str], str] = str) -> str:
    """One line a run, its measures with four decimals, each followed by its p-value; `strong` marks the best."""
    measures = list(evaluations[0].values)
    best = {measure: max(_sortable(evaluation.values[measure]) for evaluation in evaluations) for measure in measures}
    head = ["run"] + [cell for measure in measures for cell in ([measure, "p"] if tests else [measure])]
    rows: list[list[str]] = [head]
    marked: set[tuple[int, int]] = set()
    for evaluation in evaluations:
        row = [escaped(evaluation.name)]
        for measure in measures:
            if len(evaluations) > 1 and evaluation.values[measure] == best[measure]:
                marked.add((len(rows), len(row)))
            row.append("-" if math.isnan(evaluation.values[measure]) else f"{evaluation.values[measure]:.4f}")
            if tests:
                row.append(_p_cell(tests.get((evaluation.name, measure))))
        rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = []
    for i, row in enumerate(rows):
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(strong(cell) if (i, j) in marked else cell for j, cell in enumerate(cells)).rstrip())
    return "\n".join(lines)


def _p_cell(compared: Comparison | None) -> str:
    if compared is None or math.isnan(compared.p):
        return ""
    return f"{compared.p:.4f}" if compared.p >= 5e-5 else "<.0001"


def warnings(evaluations: Sequence[Evaluation], tests: Tests, matches: Matches | None = None) -> list[str]:
    """A sentence for each run that is below the first one on a measure, naming every such measure.

    A run is called a reranking of the first one only where `matches` has its documents among those of the first.
    """
    first, *others = evaluations
    sentences = []
    for other in others:
        match = (matches or {}).get(other.name, Matched(other, first))
        worse, sure = [], False
        for measure, value in match.system.values.items():
            floor = match.baseline.values[measure]
            if measure.startswith(NEUTRAL) or not round(value, 4) < round(floor, 4):
                continue
            compared = tests.get((other.name, measure))
            # PNR is tested by queries' shares, whose mean may differ from the pooled ratio in its sign.
            known = compared is not None and compared.difference < 0 and not math.isnan(compared.p)
            p = f" ({_p(compared.p)})" if compared is not None and known else ""
            sure = sure or (compared is not None and known and compared.p < SIGNIFICANT)
            over = f" over {match.grounds[measure]}" if measure in match.grounds else ""
            worse.append(f"{measure} {value:.4f} < {floor:.4f}{over}{p}")
        if worse:
            verdict = (HARM if sure else DOUBT) if match.nested else (LOWER if sure else OPEN)
            sentences.append(f"{other.name} is below {first.name}: {', '.join(worse)}: {verdict}")
    return sentences


def grounds(matches: Matches, tests: Tests) -> list[str]:
    """A sentence for each run and ground over which p is not that of the whole lists."""
    sentences = []
    for name, match in matches.items():
        by_ground: dict[str, list[str]] = {}
        for measure, ground in match.grounds.items():
            if (name, measure) in tests:
                values = f"{match.system.values[measure]:.4f} against {match.baseline.values[measure]:.4f}"
                by_ground.setdefault(ground, []).append(f"{measure} ({values})")
        sentences += [
            f"{name} and {match.baseline.name} have lists of different documents: p of {', '.join(measures)} is over "
            f"{ground}"
            for ground, measures in by_ground.items()
        ]
    return sentences


def _p(p: float) -> str:
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".", 1)


def as_csv(evaluations: Sequence[Evaluation], tests: Tests) -> str:
    """A line a run: its name, how many queries it lacks, its measures, and their p-values where there are several."""
    measures = list(evaluations[0].values)
    rows = [["run", "missing", *measures, *(f"p({measure})" for measure in measures if tests)]]
    for evaluation in evaluations:
        known = [evaluation.values[measure] for measure in measures]
        values = ["" if math.isnan(value) else f"{value:.6g}" for value in known]
        compared = [tests.get((evaluation.name, measure)) for measure in measures if tests]
        p = ["" if test is None or math.isnan(test.p) else f"{test.p:.6g}" for test in compared]
        rows.append([evaluation.name, str(len(evaluation.missing)), *values, *p])
    return csv_of(rows)


def queries_csv(evaluations: Sequence[Evaluation]) -> str:
    """A line a run and query, with its measures; empty where a measure says nothing of the query."""
    measures = list(evaluations[0].values)
    rows = [["run", "qid", *measures]]
    for evaluation in evaluations:
        for qid in _qids(evaluation):
            values = [evaluation.by_query[measure].get(qid, math.nan) for measure in measures]
            rows.append([evaluation.name, qid, *("" if math.isnan(value) else f"{value:.6g}" for value in values)])
    return csv_of(rows)


def queries_table(evaluations: Sequence[Evaluation]) -> str:
    """`run, qid, measure, value` by tabs, with the qid `all` for the whole run, as trec_eval prints."""
    lines = []
    for evaluation in evaluations:
        name = escaped(evaluation.name)
        for qid in _qids(evaluation):
            for measure, values in evaluation.by_query.items():
                if not math.isnan(values.get(qid, math.nan)):
                    lines.append(f"{name}\t{escaped(qid)}\t{measure}\t{values[qid]:.4f}")
        known = {measure: value for measure, value in evaluation.values.items() if not math.isnan(value)}
        lines += [f"{name}\tall\t{measure}\t{value:.4f}" for measure, value in known.items()]
    return "\n".join(lines)


def as_json(
    evaluations: Sequence[Evaluation], tests: Tests, queries: bool = False, matches: Matches | None = None
) -> str:
    """An object with a list of runs; a value that is no finite number, as a PNR without discordant pairs, is null."""
    runs = []
    for evaluation in evaluations:
        record: dict = {
            "run": evaluation.name,
            "measures": _finite(evaluation.values),
            "missing": list(evaluation.missing),
        }
        compared = {measure: tests[name, measure] for name, measure in tests if name == evaluation.name}
        if compared:
            record["baseline"] = evaluations[0].name
            record["p"] = _finite({measure: test.p for measure, test in compared.items()})
            record["p_over"] = dict(matches[evaluation.name].grounds) if matches else {}
        if queries:
            record["queries"] = {measure: _finite(values) for measure, values in evaluation.by_query.items()}
        runs.append(record)
    return json.dumps({"runs": runs}, ensure_ascii=False, indent=2)


def _qids(evaluation: Evaluation) -> list[str]:
    return sorted({qid for values in evaluation.by_query.values() for qid in values})


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {key: float(value) if math.isfinite(value) else None for key, value in values.items()}


def _sortable(value: float) -> float:
    return -math.inf if math.isnan(value) else value
