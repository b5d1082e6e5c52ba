"""Two curves of students on labels and of distilled ones: nDCG@10 over the learning rate, and over the train queries.

The folder, the sizes, the teacher and all other settings are those of `ablation.py`; the settings below are the places
on the curves. Smaller shares of the queries lie in larger ones. Writes `table.md`, `table.json` and `curves.png`, and
goes on where it was stopped.

    python scripts/curves.py --data ../shared/data/mwmbl --output runs/curves/mwmbl --size minutes
    python scripts/curves.py --data ../shared/data/mwmbl --output runs/curves/committee --teacher runs/committee.txt
"""

import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ablation import SETTINGS, Plan, lists, plan_of, trained
from experiment import told_in_words
from seeds import Table, write_tables

from rerankkit.cli import main
from rerankkit.demo.resume import Stage, go_on
from rerankkit.errors import InputError
from rerankkit.files import whole_file
from rerankkit.run import Run
from rerankkit.trec import read_run, write_run

RATES = ("3e-5", "1e-4", "3e-4")
SHARES = ("1/4", "1/2", "1")
KINDS = ("labels", "hybrid 0.2/1")
"""Cells of the ablation."""
USUAL = "1e-4"
"""The ablation's own learning rate, at which shares are compared."""


@dataclass(frozen=True)
class Place:
    """A student's place on the curves."""

    kind: str
    rate: str
    share: str

    @property
    def row(self) -> str:
        """What its row is called."""
        return f"{self.kind}, learning rate {self.rate}, {self.share} of the queries"

    def name(self, seed: int) -> str:
        """What its files are called."""
        return f"{self.kind} {self.rate} {self.share} {seed}".replace(" ", "-").replace("/", "-")


AROUND = ((USUAL, "1"), *((rate, "1") for rate in RATES if rate != USUAL), *((USUAL, share) for share in SHARES[:-1]))
PLACES = tuple(Place(kind, rate, share) for kind in KINDS for rate, share in AROUND)
"""All of them, the place that both curves share first."""


def stages(plan: Plan) -> Iterator[Stage]:
    """The ablation's lists and teacher, the shares of the queries, and a student of each place and seed."""
    yield from lists(plan)
    for share in SHARES:
        yield Stage(f"{share} of the train queries", lambda share=share: part(plan, share))
    for seed in plan.seeds:
        for place in PLACES:
            yield from student(plan, place, seed)


def teacher_of(plan: Plan) -> Path:
    """The run that teaches."""
    return next(iter(plan.teachers.values()))


def shared(plan: Plan, what: str, share: str) -> Path:
    """Where a share of the train queries' lists lies."""
    return plan.out / f"train.{what}.{share.replace('/', '-')}.txt"


def part(plan: Plan, share: str) -> None:
    """The first so many of the train queries, shuffled once, of BM25's lists and the teacher's."""
    bm25, teacher = read_run(plan.out / "train.bm25.txt"), read_run(teacher_of(plan))
    qids = sorted(set(bm25) & set(teacher))
    random.Random(0).shuffle(qids)
    kept = set(qids[: max(1, int(len(qids) * Fraction(share)))])
    for what, run in (("bm25", bm25), ("teacher", teacher)):
        write_run(Run({qid: run[qid] for qid in run if qid in kept}, run.tag), shared(plan, what, share))


def student(plan: Plan, place: Place, seed: int) -> Iterator[Stage]:
    """The student of one place, and its run on dev."""
    cell = next(cell for cell in SETTINGS["cells"] if cell["name"] == place.kind)
    taught = shared(plan, "bm25" if place.kind == "labels" else "teacher", place.share)
    called = f"{place.row}, seed {seed}", plan.out / "models" / place.name(seed), dev_run(plan, place, seed)
    yield from trained(plan, cell, taught, seed, called, "--learning-rate", place.rate)


def dev_run(plan: Plan, place: Place, seed: int) -> Path:
    """Where a student's dev run lies."""
    return plan.out / f"dev.{place.name(seed)}.txt"


def beside(place: Place) -> list[Place]:
    """What a place is tested against: the one that its curves share, and its like of the labels."""
    others = [Place(place.kind, *AROUND[0]), Place(KINDS[0], place.rate, place.share)]
    return [other for other in dict.fromkeys(others) if other != place]


def table(plan: Plan) -> Table:
    """BM25, then each place, one run a seed."""
    rows = {"BM25, no reranking": [plan.out / "dev.bm25.txt"]}
    rows |= {place.row: [dev_run(plan, place, seed) for seed in plan.seeds] for place in PLACES}
    others = {place.row: [other.row for other in beside(place)] for place in PLACES}
    return Table(plan.out / "dev.qrels.txt", rows, others)


def draw(rows: Mapping[str, Mapping[str, Any]], queries: int, path: Path) -> None:
    """Writes the picture: both curves, mean and deviation over the seeds, BM25 as a line."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.8), layout="constrained")
    by_rate, by_share = figure.subplots(1, 2, sharey=True)
    for kind in KINDS:
        rates = [(float(rate), rows[Place(kind, rate, "1").row]) for rate in RATES]
        shares = [(float(queries * Fraction(share)), rows[Place(kind, USUAL, share).row]) for share in SHARES]
        for axes, points in ((by_rate, rates), (by_share, shares)):
            values = [row["nDCG@10"] for _, row in points]
            spread = [value["deviation"] or 0.0 for value in values]
            places = [place for place, _ in points]
            axes.errorbar(places, [value["mean"] for value in values], spread, marker="o", capsize=3, label=kind)
    ticks = [float(rate) for rate in RATES], [float(queries * Fraction(share)) for share in SHARES]
    told = RATES, [f"{place:.0f}" for place in ticks[1]]
    for axes, label, at, words in zip(
        (by_rate, by_share), ("learning rate", "train queries"), ticks, told, strict=True
    ):
        axes.axhline(rows["BM25, no reranking"]["nDCG@10"]["mean"], color="0.5", linestyle="--", label="BM25")
        axes.set(xlabel=label, xscale="log")
        axes.set_xticks(at, words)
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    by_rate.set_ylabel("nDCG@10 on dev")
    by_rate.legend()
    with whole_file(path, binary=True) as file:
        figure.savefig(file, format="png", dpi=120)


def run(plan: Plan) -> None:
    """Runs the stages that are not done yet, then writes and prints the table, and draws the picture."""
    plan.out.mkdir(parents=True, exist_ok=True)
    go_on(plan.out, stages(plan), lambda args: main(args, standalone_mode=False))
    curves = table(plan)
    write_tables({f"{plan.data.name}, dev queries, size {plan.size}": curves}, plan.out)
    queries = len(read_run(shared(plan, "bm25", "1")))
    draw({str(row["name"]): row for row in curves.rows()}, queries, plan.out / "curves.png")


if __name__ == "__main__":
    with told_in_words():
        planned = plan_of(sys.argv[1:], __doc__)
        if len(planned.teachers) > 1:
            raise InputError("the curves are of one teacher", "Leave --displayed and --clicks-from-grades out")
        run(planned)
