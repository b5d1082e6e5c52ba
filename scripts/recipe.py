"""The recipe: a committee of teachers, and a student that keeps what it and its encoder know, over three seeds.

Label-only students are the baseline; with a bi-encoder, and on mwmbl an LLM, which err differently, they make the
committee. The student learns from the bi-encoder first, over titles as queries, then from the committee on the train
queries; on mwmbl also on titles, with some of the bi-encoder's lists among them so that its skill stays. It is measured
on the dev queries of mwmbl and crowdflower, and mwmbl's on dl19, which nobody trained on. Finished stages are kept.
About four hours on two cores.

    python scripts/recipe.py --data ../shared/data --output runs/recipe
"""

import argparse
import json
import logging
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from judged import judged_lists, select
from seeds import Table, as_text

from rerankkit.cli import main
from rerankkit.demo.resume import Stage, go_on
from rerankkit.demo.stages import fast_dtype
from rerankkit.errors import InputError
from rerankkit.files import read_lines, whole_file
from rerankkit.run import Run
from rerankkit.trec import read_run, read_topics, write_run, write_topics

SETTINGS = tomllib.loads(Path(__file__).with_name("recipe.toml").read_text("utf-8"))
SEEDS = SETTINGS["seeds"]
COLLECTIONS = SETTINGS["collections"]
"""What is trained and measured on, with what is special to each."""


def members(name: str) -> list[str]:
    """A collection's committee."""
    return [*(["llm"] if "llm_sample" in COLLECTIONS[name] else []), "bi", *(f"labels-{seed}" for seed in SEEDS)]


class Recipe:
    """The stages, and where their files lie."""

    def __init__(self, data: Path, out: Path) -> None:
        self.data, self.out = data, out

    def path(self, name: str) -> str:
        """A file of ours."""
        return str(self.out / name)

    def stages(self) -> Iterator[Stage]:
        """Everything, in order."""
        for name in SETTINGS["titles"]:
            yield from self.titles(name)
        yield Stage("texts", self.join_texts)
        yield self.warm_up()
        for name in COLLECTIONS:
            yield from self.lists(name)
            yield from self.members(name)
            yield from self.committee(name)
            yield from self.students(name)
        yield from self.zero_shot()

    def titles(self, name: str) -> Iterator[Stage]:
        """A collection's titles as queries, and the bi-encoder's scores of a dozen candidates of each."""
        docs, index = str(self.data / name / "docs.jsonl"), ["--index", self.path(f"{name}.index")]
        topics, found = self.path(f"{name}.titles.tsv"), self.path(f"{name}.titles.bm25.txt")
        yield Stage(f"{name} index", ["index", "--input", docs, *index])
        made = ["--number", str(SETTINGS["titles"][name]), "--prefix", f"{name}-", "--output", topics]
        if (self.data / name / "split.dev.txt").is_file():
            yield Stage(f"{name} dev", lambda: select(self.data / name, "dev", self.out, f"{name}.dev"))
            made += ["--held-out", self.path(f"{name}.dev.topics.tsv")]
        yield Stage(f"{name} titles", ["queries", "--from-titles", "--strip-site", "--collection", docs, *made])
        search = ["retrieve", *index, "--topics", topics, "--hits", "50", "--output", found]
        yield Stage(f"{name} titles' lists", search)
        how = ["--topics", topics, "--collection", docs, "--sample", "12", "--max-length", "128"]
        yield self.scored(f"{name}.titles", "bi", found, how)

    def scored(self, lists: str, model: str, run: str, how: list[str]) -> Stage:
        """A model's run over candidates, named after both; `bi` is the bi-encoder as pip installs it."""
        given = "minilm-l6" if model == "bi" else self.path(f"models/{model}")
        asked = ["--model", given, "--models", self.path("models"), "--dtype", fast_dtype(), "--run", run, *how]
        output = ["--output", self.path(f"{lists}.{model.rpartition('/')[2]}.txt")]
        return Stage(f"{lists} by {model}", ["rerank", *asked, *output])

    def lists(self, name: str) -> Iterator[Stage]:
        """A collection's judged lists in BM25's order, and the share of the titles that its student sees again."""
        source, deep = self.data / name, self.out / f"{name}.deep.txt"
        yield Stage(f"{name} train", lambda: select(source, "train", self.out, f"{name}.train"))
        topics = ["--topics", str(source / "queries.tsv"), "--hits", "40000", "--output", str(deep)]
        yield Stage(f"{name} bm25", ["retrieve", "--index", self.path(f"{name}.index"), *topics])
        for lists in (f"{name}.train", f"{name}.dev"):
            yield Stage(f"{lists} lists", lambda lists=lists: judged_lists(deep, self.out, lists))
        if count := COLLECTIONS[name].get("committee_titles"):
            yield Stage(f"{name} share", lambda: self.share(name, count))
        for other, count in COLLECTIONS[name].get("kept_titles", {}).items():
            yield Stage(f"{other} share", lambda other=other, count=count: self.share(other, count))
            how = [self.path(f"{other}.share.bi.txt"), "--output", self.path(f"{other}.share.scaled.txt")]
            yield Stage(f"{other} share, scaled", ["fuse", *how])  # one scale for all that teach

    def join_texts(self) -> None:
        """The documents of all collections in one file."""
        with whole_file(self.out / "docs.jsonl") as file:
            for name in SETTINGS["titles"]:
                file.writelines(f"{line}\n" for _, line in read_lines(self.data / name / "docs.jsonl"))

    def share(self, name: str, count: int) -> None:
        """The first so many of a collection's titles, and the bi-encoder's run of them."""
        queries, run = read_topics(self.path(f"{name}.titles.tsv")), read_run(self.path(f"{name}.titles.bi.txt"))
        kept = [qid for qid in queries if qid in run][:count]
        write_topics({qid: queries[qid] for qid in kept}, self.path(f"{name}.share.tsv"))
        write_run(Run({qid: run[qid] for qid in kept}, run.tag), self.path(f"{name}.share.bi.txt"))

    def texts(self, topics: str) -> list[str]:
        """The options that name topics and the texts of all collections."""
        return ["--topics", self.path(topics), "--collection", self.path("docs.jsonl")]

    def members(self, name: str) -> Iterator[Stage]:
        """The label-only students, and the LLM where the committee has one, trained on the train queries' grades."""
        grades = ["--qrels", self.path(f"{name}.train.qrels.txt"), *self.texts(f"{name}.train.topics.tsv")]
        lists = ["sft", "--run", self.path(f"{name}.train.bm25.txt"), "--models", self.path("models"), *grades]
        for seed in SEEDS:
            how = ["--model", "minilm-l6", *SETTINGS["label_student"], "--seed", str(seed)]
            output = ["--output", self.path(f"models/{name}/labels-{seed}")]
            yield Stage(f"{name}, labels, {seed}", [*lists, *how, *output])
        if "llm" in members(name):
            how = ["--model", "smollm2-135m", *SETTINGS["llm_teacher"], "--output", self.path(f"models/{name}/llm")]
            yield Stage(f"{name}, llm", [*lists, *how])

    def committee(self, name: str) -> Iterator[Stage]:
        """Each member's scores of the train lists, the dev lists and the shared titles, and their committee."""
        settings = COLLECTIONS[name]
        kinds = [f"{name}.train", f"{name}.dev", *([f"{name}.share"] if "committee_titles" in settings else [])]
        for kind in kinds:
            shared = kind.endswith("share")
            run = self.path(f"{kind}.bi.txt" if shared else f"{kind}.bm25.txt")
            how = self.texts(f"{kind}.tsv" if shared else f"{kind}.topics.tsv")
            for member in members(name):
                if shared and member == "bi":
                    continue
                few = ["--sample", str(settings["llm_sample"])] if (kind, member) == (f"{name}.train", "llm") else []
                yield self.scored(kind, member if member == "bi" else f"{name}/{member}", run, [*how, *few])
            runs = [self.path(f"{kind}.{member}.txt") for member in members(name)]
            yield Stage(f"{kind}, committee", ["fuse", *runs, "--output", self.path(f"{kind}.committee.txt")])

    def warm_up(self) -> Stage:
        """A student of the bi-encoder, over titles."""
        texts = ["--collection", self.path("docs.jsonl"), "--models", self.path("models")]
        lists = [
            option for name in SETTINGS["titles"] for option in self.taught(f"{name}.titles.bi", f"{name}.titles.tsv")
        ]
        how = ["--model", "minilm-l6", *SETTINGS["warm_up"], "--output", self.path("models/warm")]
        return Stage("warm-up", ["distill", *lists, *texts, *how])

    def students(self, name: str) -> Iterator[Stage]:
        """The committee's students, and their runs on dev."""
        settings = COLLECTIONS[name]
        lists = self.taught(f"{name}.train.committee", f"{name}.train.topics.tsv")
        if "committee_titles" in settings:
            lists += self.taught(f"{name}.share.committee", f"{name}.share.tsv")
        for other in settings.get("kept_titles", {}):
            lists += self.taught(f"{other}.share.scaled", f"{other}.share.tsv")
        texts = ["--collection", self.path("docs.jsonl"), "--models", self.path("models")]
        for seed in SEEDS:
            how = [
                "--model",
                self.path("models/warm"),
                *SETTINGS["student"],
                "--group-size",
                str(settings["group_size"]),
            ]
            output = ["--seed", str(seed), "--output", self.path(f"models/{name}/student-{seed}")]
            yield Stage(f"{name}, student, {seed}", ["distill", *lists, *texts, *how, *output])
            dev = self.texts(f"{name}.dev.topics.tsv")
            yield self.scored(f"{name}.dev", f"{name}/student-{seed}", self.path(f"{name}.dev.bm25.txt"), dev)

    def taught(self, run: str, topics: str) -> list[str]:
        """The options of a teacher's run and its topics."""
        return ["--run", self.path(f"{run}.txt"), "--topics", self.path(topics)]

    def zero_shot(self) -> Iterator[Stage]:
        """dl19 by all that came of mwmbl."""
        dl19 = self.data / "dl19"
        how = ["--topics", str(dl19 / "queries.tsv"), "--collection", str(dl19 / "docs.jsonl")]
        for model in ("bi", "warm", *(f"mwmbl/{kind}-{seed}" for kind in ("labels", "student") for seed in SEEDS)):
            yield self.scored("dl19", model, str(dl19 / "run.bm25.txt"), how)

    def tables(self) -> dict[str, Table]:
        """A table a collection: runs by name, one a seed."""

        def seeds(lists: str, kind: str) -> list[Path]:
            return [self.out / f"{lists}.{kind}-{seed}.txt" for seed in SEEDS]

        def one(lists: str, member: str) -> list[Path]:
            return [self.out / f"{lists}.{member}.txt"]

        found = {}
        for name in COLLECTIONS:
            dev = f"{name}.dev"
            rows = {"BM25, no reranking": one(dev, "bm25"), "labels only": seeds(dev, "labels")}
            rows["bi-encoder, as it is"] = one(dev, "bi")
            if "llm" in members(name):
                rows["LLM teacher"] = one(dev, "llm")
            rows |= {"committee": one(dev, "committee"), "student of the committee": seeds(dev, "student")}
            found[f"{name}, dev queries"] = Table(self.out / f"{dev}.qrels.txt", rows)
        rows = {"BM25, no reranking": [self.data / "dl19/run.bm25.txt"], "labels only": seeds("dl19", "labels")}
        rows |= {"bi-encoder, as it is": one("dl19", "bi"), "student after the warm-up": one("dl19", "warm")}
        rows["student of the committee"] = seeds("dl19", "student")
        found["dl19, zero-shot"] = Table(self.data / "dl19/qrels.txt", rows)
        return found


def run(data: Path, out: Path) -> None:
    """Runs the stages that are not done yet, then writes and prints the tables."""
    wanted = ("docs.jsonl", "queries.tsv", "qrels.txt")
    needed = [data / name / file for name in (*COLLECTIONS, "dl19") for file in wanted]
    needed += [data / name / "docs.jsonl" for name in SETTINGS["titles"]]
    needed += [data / name / f"split.{split}.txt" for name in COLLECTIONS for split in ("train", "dev")]
    needed.append(data / "dl19/run.bm25.txt")
    for path in needed:
        if not path.is_file():
            raise InputError("no such file", "See scripts/README.md for what the folders hold", path)
    out.mkdir(parents=True, exist_ok=True)
    recipe = Recipe(data, out)
    go_on(out, recipe.stages(), lambda args: main(args, standalone_mode=False))
    results = {name: table.rows() for name, table in recipe.tables().items()}
    with whole_file(out / "table.json") as file:
        json.dump(results, file, indent=1)
    text = "\n".join(f"{name}\n\n{as_text(rows)}" for name, rows in results.items())
    with whole_file(out / "table.md") as file:
        file.write(text)
    print(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the collections")
    parser.add_argument("--output", type=Path, default=Path("runs/recipe"), help="where everything goes")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        run(given.data, given.output)
    except InputError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
