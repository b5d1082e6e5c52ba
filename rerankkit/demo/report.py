"""What the demo ends with: a table of quality and cost, significance, a picture, and where the files are."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from rerankkit.collection.lucene import LuceneCollection
from rerankkit.demo.stages import fast_dtype
from rerankkit.evaluate.measures import Evaluation, evaluate
from rerankkit.evaluate.significance import compare
from rerankkit.files import whole_file
from rerankkit.groups.build import groups_of
from rerankkit.rerank.models import known_models, load_reranker
from rerankkit.rerank.scoring import Scoring
from rerankkit.trec import read_qrels, read_run, read_topics

MEASURES = ("RR@10", "nDCG@5", "nDCG@10", "PNR")
SYSTEMS = {"bm25": "BM25", "llm-teacher": "LLM teacher", "bert-distilled": "BERT student"}
TIMED = 5
"""How many lists are timed, after one to warm up."""


@dataclass(frozen=True, slots=True)
class Row:
    """A system: its measures, the p-values of their difference from BM25, its size and its cost.

    `milliseconds` are for a query of 100 candidates, the median of several.
    """

    name: str
    depth: int
    values: Mapping[str, float]
    p: Mapping[str, float]
    parameters: int
    milliseconds: float


def measure(folder: Path, depths: Mapping[str, int]) -> list[Row]:
    """A row for each system on the test queries; first stage, teacher, student."""
    qrels = read_qrels(folder / "qrels.test.full.txt")
    sizes = {known.name: known.parameters for known in known_models(folder / "models")}
    rows: list[Row] = []
    first: Evaluation | None = None
    for name, title in SYSTEMS.items():
        result = evaluate(read_run(folder / f"run.{name}.test.txt"), qrels, MEASURES, title)
        first = first or result
        p = {} if result is first else {m: compare(result, first, m).p for m in MEASURES}
        cost = 0.0 if name == "bm25" else _milliseconds(folder, name)
        rows.append(Row(title, depths.get(name, 100), result.values, p, sizes.get(name, 0), cost))
    with whole_file(folder / "table.json") as file:
        json.dump([asdict(row) for row in rows], file, indent=1)
    return rows


def _milliseconds(folder: Path, name: str) -> float:
    """The median time to score a query's 100 candidates."""
    run = read_run(folder / "run.bm25.test.txt")
    queries = read_topics(folder / "topics.test.sample.tsv")
    deep = (group for group in groups_of(run, queries, LuceneCollection(str(folder / "index"))))
    groups = list(islice((group for group in deep if len(group.candidates) == 100), TIMED + 1))
    reranker = load_reranker(name, Scoring(dtype=fast_dtype()), folder / "models")
    times = []
    for group in groups:
        started = time.perf_counter()
        next(iter(reranker.score([group])))
        times.append(time.perf_counter() - started)
    return 1000 * sorted(times[1:])[len(times[1:]) // 2]


def table(rows: Sequence[Row]) -> str:
    """The rows as text; a star marks p < 0.05 against the first, two p < 0.01."""
    head = f"{'':13} {'depth':>5} " + "".join(f"{measure:>10}" for measure in MEASURES)
    lines = [head + f"{'parameters':>13} {'ms/query':>9}"]
    for row in rows:
        cells = "".join(f"{row.values[m]:8.3f}{_stars(row.p.get(m)):2}" for m in MEASURES)
        size = f"{row.parameters:,}" if row.parameters else "-"
        cost = f"{row.milliseconds:,.0f}" if row.milliseconds else "-"
        lines.append(f"{row.name:13} {row.depth:5} {cells}{size:>13} {cost:>9}")
    return "\n".join(lines)


def significance(rows: Sequence[Row]) -> str:
    """The p-values against the first stage, a line a system."""
    return "\n".join(
        f"{row.name} against {rows[0].name}: " + ", ".join(f"{m} p = {row.p[m]:.2g}" for m in MEASURES)
        for row in rows[1:]
    )


def _stars(p: float | None) -> str:
    return "" if p is None or not p < 0.05 else "*" if p >= 0.01 else "**"


def plot(rows: Sequence[Row], path: Path) -> None:
    """A picture of quality against cost: nDCG@10 over milliseconds a query, BM25 as the line to beat."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4), layout="constrained")
    first, *others = rows
    axes.axhline(first.values["nDCG@10"], color="0.5", linestyle="--")
    axes.annotate(
        first.name, (others[-1].milliseconds, first.values["nDCG@10"]), xytext=(0, 4), textcoords="offset points"
    )
    for row, colour in zip(others, ("tab:orange", "tab:blue"), strict=True):
        at = (row.milliseconds, row.values["nDCG@10"])
        axes.scatter(*at, s=max(20.0, row.parameters / 4e5), color=colour, alpha=0.8)
        label = f"{row.name} ({row.parameters / 1e6:.0f}M, depth {row.depth})"
        axes.annotate(label, at, xytext=(10, 8), textcoords="offset points")
    axes.set(xscale="log", xlabel="milliseconds for 100 candidates", ylabel="nDCG@10", title="Quality against cost")
    axes.margins(x=0.5, y=0.25)
    with whole_file(path, binary=True) as file:
        figure.savefig(file, dpi=150, format="png")
    pyplot.close(figure)
