"""Each part of the method on its own: {labels only, point, margin, hybrid} x {without, with CPT} x seeds, beside BM25.

Needs a folder with one collection whose lists are judged: `docs.jsonl`, `queries.tsv`, `qrels.txt`, `split.train.txt`,
`split.dev.txt` (scripts/README.md). Students learn from the train queries and are measured on the dev queries' judged
lists. Finished stages are kept, so a killed script goes on where it stopped.

    python scripts/ablation.py --data ../shared/data/mwmbl --output runs/ablation/mwmbl --size minutes
    python scripts/ablation.py --data ../shared/data/mwmbl --output runs/ablation/committee --teacher runs/committee.txt
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiment import told_in_words
from judged import judged_lists, select
from seeds import Table, as_text

from rerankkit.cli import main
from rerankkit.demo.resume import Stage, go_on
from rerankkit.demo.stages import fast_dtype
from rerankkit.errors import InputError
from rerankkit.files import whole_file
from rerankkit.trec import read_qrels, read_run, read_topics

SETTINGS = tomllib.loads(Path(__file__).with_name("ablation.toml").read_text("utf-8"))
WITHOUT, WITH = "without CPT", "with CPT"


@dataclass(frozen=True)
class Plan:
    """What is run: on which collection, how large, with which seeds, whose teacher, and what is trained."""

    data: Path
    out: Path
    size: str
    seeds: tuple[int, ...]
    teacher: Path | None
    displayed: Path | None
    student: str = "minilm-l6"
    llm: str = "smollm2-135m"
    graded_clicks: bool = False

    @property
    def teachers(self) -> dict[str, Path]:
        """The teachers' runs by name: one that is given, or our own without and, where there are clicks, with CPT."""
        if self.teacher:
            return {"given": self.teacher}
        names = [WITHOUT, WITH] if self.displayed or self.graded_clicks else [WITHOUT]
        return {name: self.out / f"train.teacher.{name.replace(' ', '-')}.txt" for name in names}

    def lists(self, split: str) -> list[str]:
        """The options that name a split's candidates and their texts."""
        files = ["--run", str(self.out / f"{split}.bm25.txt"), "--topics", str(self.out / f"{split}.topics.tsv")]
        return [*files, "--collection", str(self.data / "docs.jsonl"), "--models", str(self.out / "models")]

    def options(self, kind: str) -> list[str]:
        """The settings of students, teacher or cpt at this size."""
        return [*SETTINGS.get(kind, []), *SETTINGS["sizes"][self.size][kind]]


def stages(plan: Plan) -> Iterator[Stage]:
    """Lists, teachers, and every cell with every seed."""
    yield from lists(plan)
    for seed in plan.seeds:
        for cell, teacher in cells(plan):
            yield from student(plan, cell, teacher, seed)


def lists(plan: Plan) -> Iterator[Stage]:
    """The judged lists of both splits, and the teachers where none is given."""
    out, index = plan.out, ["--index", str(plan.out / "index")]
    for split in ("train", "dev"):
        yield Stage(f"{split} topics of {plan.data}", lambda split=split: select(plan.data, split, out, split))
    yield Stage("index", ["index", "--input", str(plan.data / "docs.jsonl"), *index])
    topics = ["--topics", str(plan.data / "queries.tsv")]
    yield Stage("bm25", ["retrieve", *index, *topics, "--hits", "40000", "--output", str(out / "deep.txt")])
    for split in ("train", "dev"):
        yield Stage(f"{split} lists", lambda split=split: judged_lists(out / "deep.txt", out, split))
    if not plan.teacher:
        yield from teachers(plan)


def teachers(plan: Plan) -> Iterator[Stage]:
    """An LLM fine-tuned on the train queries' grades, and the run that it teaches by; the same after CPT."""
    models = plan.out / "models"
    for name, run in plan.teachers.items():
        start, folder = plan.llm, models / f"teacher-{name.replace(' ', '-')}"
        if name == WITH:
            start = str(models / "cpt")
            yield from cpt(plan, start)
        grades = ["--qrels", str(plan.out / "train.qrels.txt"), "--seed", "0"]
        how = [*plan.options("teacher"), "--model", start, "--output", str(folder)]
        yield Stage(f"teacher {name}", ["sft", *plan.lists("train"), *grades, *how])
        score = ["rerank", "--model", str(folder), "--dtype", fast_dtype()]
        yield Stage(
            f"teacher's run {name}", [*score, *plan.lists("train"), *plan.options("teacher_run"), "--output", str(run)]
        )
        yield Stage(f"teacher on dev {name}", [*score, *plan.lists("dev"), "--output", str(dev_run(plan, name))])


def cpt(plan: Plan, output: str) -> Iterator[Stage]:
    """The LLM's pre-training on clicks, or on what stands in for them."""
    clicked = ["--displayed", str(plan.displayed), "--topics", str(plan.out / "train.topics.tsv")]
    clicked += ["--clicked-top", str(SETTINGS["clicked"])]
    if plan.graded_clicks:
        clicked = ["--clicks", str(plan.out / "clicks.jsonl")]
        yield Stage(f"clicks on {SETTINGS['clicked']}", lambda: clicks_by_grade(plan.out))
    texts = ["--collection", str(plan.data / "docs.jsonl"), "--models", str(plan.out / "models")]
    how = [*plan.options("cpt"), "--seed", "0", "--model", plan.llm, "--output", output]
    yield Stage("cpt", ["cpt", *clicked, *texts, *how])


def clicks_by_grade(out: Path) -> None:
    """`clicks.jsonl`: each train query's best graded documents, as if clicked; BM25's order among equals."""
    run, queries = read_run(out / "train.bm25.txt"), read_topics(out / "train.topics.tsv")
    with whole_file(out / "clicks.jsonl") as file:
        for qid, grades in read_qrels(out / "train.qrels.txt").items():
            liked = sorted((d for d in run.docids(qid) if grades.get(d, 0) > 0), key=lambda d: -grades[d])
            for docid in liked[: SETTINGS["clicked"]]:
                file.write(json.dumps({"query": queries[qid].text, "docid": docid}) + "\n")


def cells(plan: Plan) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Each loss with each teacher; labels have none."""
    for cell in SETTINGS["cells"]:
        if cell["name"] == "labels":
            yield cell, ""
        else:
            for teacher in plan.teachers:
                yield cell, teacher


def title(cell: Mapping[str, Any], teacher: str) -> str:
    """What a row is called."""
    return f"{cell['name']}, {teacher}" if teacher else str(cell["name"])


def dev_run(plan: Plan, name: str, seed: int | None = None) -> Path:
    """Where a reranked dev run lies."""
    plain = name.replace(" ", "-").replace("/", "-").replace(",", "")
    return plan.out / (f"dev.{plain}.txt" if seed is None else f"dev.{plain}.{seed}.txt")


def student(plan: Plan, cell: Mapping[str, Any], teacher: str, seed: int) -> Iterator[Stage]:
    """One student of one cell, and its run on dev."""
    name = title(cell, teacher)
    run = dev_run(plan, name, seed)
    folder = plan.out / "models" / run.name.removeprefix("dev.").removesuffix(".txt")
    taught = plan.teachers[teacher] if teacher else plan.out / "train.bm25.txt"
    yield from trained(plan, cell, taught, seed, (f"{name}, seed {seed}", folder, run))


def trained(
    plan: Plan, cell: Mapping[str, Any], taught: Path, seed: int, called: tuple[str, Path, Path], *more: str
) -> Iterator[Stage]:
    """A student of a run, by its scores or, where a cell is of labels, by its candidates' grades; and its run on dev.

    `called` are the stage's name, the folder and the run.
    """
    name, folder, run = called
    lists = ["--run", str(taught), *plan.lists("train")[2:]]
    how = ["--model", plan.student, "--loss", cell["loss"], *plan.options("student"), *more, "--seed", str(seed)]
    how += [f"--{option}={cell[option]}" for option in ("alpha", "beta") if option in cell]
    grades = ["--qrels", str(plan.out / "train.qrels.txt"), "--judged-only"]
    start = ["sft", *lists, *grades] if cell["name"] == "labels" else ["distill", *lists]
    yield Stage(name, [*start, *how, "--output", str(folder)])
    score = ["rerank", "--model", str(folder), "--dtype", fast_dtype(), "--output", str(run)]
    yield Stage(f"{name}, on dev", [*score, *plan.lists("dev")])


def table(plan: Plan) -> Table:
    """BM25, students of labels only, the teachers, each cell, one run a seed.

    With CPT is tested against without, and each loss against the cells before it, whose teacher is the same.
    """
    rows = {"BM25, no reranking": [plan.out / "dev.bm25.txt"]}
    done = {title(*cell): [dev_run(plan, title(*cell), seed) for seed in plan.seeds] for cell in cells(plan)}
    rows["labels"] = done["labels"]
    rows.update({f"LLM teacher, {name}": [dev_run(plan, name)] for name in plan.teachers if not plan.teacher})
    others = {name: [name.replace(WITH, WITHOUT)] if name.endswith(WITH) else [] for name in (*rows, *done)}
    for teacher in plan.teachers:
        taught = [title(cell, of) for cell, of in cells(plan) if of == teacher]
        for place, name in enumerate(taught):
            others[name] += taught[:place]
    return Table(plan.out / "dev.qrels.txt", {**rows, **done}, others)


def plan_of(arguments: list[str], told: str | None = __doc__) -> Plan:
    """What the command line asks for, `told` being its help; InputError for a file that is not there."""
    parser = argparse.ArgumentParser(description=told, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of one collection")
    parser.add_argument("--output", type=Path, default=Path("runs/ablation"), help="where everything goes")
    parser.add_argument("--size", choices=list(SETTINGS["sizes"]), default="minutes", help="of every training")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the students")
    parser.add_argument("--teacher", type=Path, help="a run on the train queries that teaches instead of our own LLM")
    parser.add_argument("--displayed", type=Path, help="a run as users saw it: its top stands in for clicks in CPT")
    parser.add_argument("--clicks-from-grades", action="store_true", help="the best graded train documents stand in")
    parser.add_argument("--student", default="minilm-l6", help="where students start: minilm-l6, or another --model")
    parser.add_argument("--llm", default="smollm2-135m", help="where our own teacher starts, likewise")
    given = parser.parse_args(arguments)
    needed = [given.data / name for name in ("docs.jsonl", "queries.tsv", "qrels.txt")]
    needed += [given.data / f"split.{split}.txt" for split in ("train", "dev")]
    if given.displayed and given.clicks_from_grades:
        raise InputError("two sources of clicks", "Give --displayed or --clicks-from-grades")
    for path in [*needed, *filter(None, (given.teacher, given.displayed))]:
        if not path.is_file():
            raise InputError("no such file", "See scripts/README.md for what the folder holds", path)
    seeds = tuple(dict.fromkeys(given.seeds))
    options = given.size, seeds, given.teacher, given.displayed, given.student, given.llm, given.clicks_from_grades
    return Plan(given.data, given.output, *options)


def run(plan: Plan) -> None:
    """Runs the stages that are not done yet, then writes and prints the table."""
    plan.out.mkdir(parents=True, exist_ok=True)
    go_on(plan.out, stages(plan), lambda args: main(args, standalone_mode=False))
    rows = table(plan).rows()
    with whole_file(plan.out / "table.json") as file:
        json.dump({"size": plan.size, "rows": rows}, file, indent=1)
    with whole_file(plan.out / "table.md") as file:
        file.write(as_text(rows))
    print(as_text(rows))


if __name__ == "__main__":
    with told_in_words():
        run(plan_of(sys.argv[1:]))
