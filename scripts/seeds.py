"""A table of runs, several seeds a row: mean and deviation, and paired tests of the seeds' mean by query."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from rerankkit.evaluate.measures import Evaluation, evaluate
from rerankkit.evaluate.significance import compare
from rerankkit.files import whole_file
from rerankkit.trec import read_qrels, read_run

MEASURES = ("nDCG@5", "nDCG@10", "PNR")


@dataclass(frozen=True)
class Table:
    """Runs by the name of their row; the first row is the first stage, the second the label-only student.

    `also` names other rows that a row is tested against.
    """

    qrels: Path
    runs: Mapping[str, Sequence[Path]]
    also: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def rows(self) -> list[dict[str, Any]]:
        """Each row's values, and p of nDCG against the first two rows and its others."""
        qrels = read_qrels(self.qrels)
        found = {name: [evaluate(read_run(path), qrels, MEASURES) for path in runs] for name, runs in self.runs.items()}
        of_each = {name: list(dict.fromkeys([*list(found)[:2], *self.also.get(name, ())])) for name in found}
        averages = {name: averaged(evaluations) for name, evaluations in found.items()}
        return [_row(name, found[name], {other: averages[other] for other in of_each[name]}) for name in found]


def _row(name: str, found: Sequence[Evaluation], baselines: Mapping[str, Evaluation]) -> dict[str, Any]:
    line: dict[str, Any] = {"name": name, "seeds": len(found)}
    for measure in MEASURES:
        values = [evaluation.values[measure] for evaluation in found]
        spread = stdev(values) if len(values) > 1 and not any(map(isnan, values)) else None
        line[measure] = {"mean": mean(values), "deviation": spread}
        if measure != "PNR":
            others = {other: baseline for other, baseline in baselines.items() if other != name}
            line[measure]["p"] = {other: compare(averaged(found), it, measure).p for other, it in others.items()}
    return line


def averaged(found: Sequence[Evaluation]) -> Evaluation:
    """Each query's mean over the seeds; PNR, a ratio of counts, is left out."""
    by_query = {
        measure: {qid: mean(e.by_query[measure][qid] for e in found) for qid in found[0].by_query[measure]}
        for measure in MEASURES
        if measure != "PNR"
    }
    return Evaluation(found[0].name, {}, by_query)


def write_tables(tables: Mapping[str, Table], out: Path) -> None:
    """Writes the tables as JSON and Markdown, and prints them."""
    results = {name: table.rows() for name, table in tables.items()}
    with whole_file(out / "table.json") as file:
        json.dump(results, file, indent=1)
    text = "\n".join(f"{name}\n\n{as_text(rows)}" for name, rows in results.items())
    with whole_file(out / "table.md") as file:
        file.write(text)
    print(text)


def as_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table in Markdown."""
    against = [row["name"] for row in rows[:2]]
    more = any(set(row["nDCG@10"]["p"]) - set(against) for row in rows)
    head = ["run", "seeds", *MEASURES, *(f"p against {name}" for name in against), *(["p against"] * more)]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        chances = row["nDCG@10"]["p"]
        told = [_chance(chances.get(name)) for name in against]
        if more:
            others = [f"{_chance(p)} ({name})" for name, p in chances.items() if name not in against]
            told.append(", ".join(others))
        lines.append([row["name"], str(row["seeds"]), *(_cell(row[measure]) for measure in MEASURES), *told])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\np: paired t-test of nDCG@10, seeds averaged.\n"


def _chance(p: float | None) -> str:
    return "" if p is None or isnan(p) else "< .0001" if p < 1e-4 else f"{p:.4f}"


def _cell(values: Mapping[str, Any]) -> str:
    spread = values["deviation"]
    if isnan(values["mean"]):
        return ""  # PNR where nothing is judged irrelevant
    return f"{values['mean']:.4f}" + ("" if spread is None else f" ± {spread:.4f}")
