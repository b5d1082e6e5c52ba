"""The recipe: a committee of teachers, and a student that keeps what it and its encoder know, over three seeds.

On mwmbl: label-only students are the baseline; with an LLM and a bi-encoder, which err differently, they make the
committee. The student learns from the bi-encoder first, over titles as queries, then from the committee on the train
queries and on titles, with some of the bi-encoder's lists among them so that its skill stays. It is measured on mwmbl's
dev queries, and on dl19, which nobody trained on. Finished stages are kept. About four hours on two cores.

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
MEMBERS = ("llm", "bi", *(f"labels-{seed}" for seed in SEEDS))


class Recipe:
    """The stages, and where their files lie."""

    def __init__(self, data: Path, out: Path) -> None:
        self.data, self.out = data, out

    def path(self, name: str) -> str:
        """A file of ours."""
        return str(self.out / name)

    def checkpoint(self, member: str) -> str:
        """The model behind a member of the committee."""
        return "minilm-l6" if member == "bi" else self.path(f"models/{member}")

    def stages(self) -> Iterator[Stage]:
        """Everything, in order."""
        for name in SETTINGS["titles"]:
            yield from self.titles(name)
        yield from self.lists()
        yield from self.members()
        yield from self.committee()
        yield from self.students()
        yield from self.measured()

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

    def scored(self, lists: str, member: str, run: str, how: list[str]) -> Stage:
        """A member's run over candidates."""
        model = ["--model", self.checkpoint(member), "--models", self.path("models"), "--dtype", fast_dtype()]
        done = ["--run", run, *how, "--output", self.path(f"{lists}.{member}.txt")]
        return Stage(f"{lists} by {member}", ["rerank", *model, *done])

    def lists(self) -> Iterator[Stage]:
        """mwmbl's judged lists in BM25's order, the texts of all collections in one file, the shares of titles."""
        source = self.data / "mwmbl"
        yield Stage("mwmbl train", lambda: select(source, "train", self.out, "mwmbl.train"))
        topics = ["--topics", str(source / "queries.tsv"), "--hits", "40000", "--output", self.path("deep.txt")]
        yield Stage("bm25", ["retrieve", "--index", self.path("mwmbl.index"), *topics])
        for split in ("train", "dev"):
            yield Stage(
                f"{split} lists", lambda split=split: judged_lists(self.out / "deep.txt", self.out, f"mwmbl.{split}")
            )
        yield Stage("texts", self.join_texts)
        yield Stage("mwmbl share", lambda: self.share("mwmbl", SETTINGS["committee_titles"]))
        for name, count in SETTINGS["kept_titles"].items():
            yield Stage(f"{name} share", lambda name=name, count=count: self.share(name, count))

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

    def members(self) -> Iterator[Stage]:
        """The label-only students and the LLM, trained on the train queries' grades."""
        grades = ["--qrels", self.path("mwmbl.train.qrels.txt"), *self.texts("mwmbl.train")]
        lists = ["--run", self.path("mwmbl.train.bm25.txt"), "--models", self.path("models")]
        for seed in SEEDS:
            how = ["--model", "minilm-l6", *SETTINGS["label_student"], "--seed", str(seed)]
            yield Stage(
                f"labels, {seed}", ["sft", *lists, *grades, *how, "--output", self.path(f"models/labels-{seed}")]
            )
        how = ["--model", "smollm2-135m", *SETTINGS["llm_teacher"]]
        yield Stage("llm", ["sft", *lists, *grades, *how, "--output", self.path("models/llm")])

    def texts(self, topics: str) -> list[str]:
        """The options that name topics and the texts of all collections."""
        return ["--topics", self.path(f"{topics}.topics.tsv"), "--collection", self.path("docs.jsonl")]

    def committee(self) -> Iterator[Stage]:
        """Each member's scores of the train lists, the dev lists and the titles, and their committee."""
        titles = ["--topics", self.path("mwmbl.share.tsv"), "--collection", self.path("docs.jsonl")]
        for member in MEMBERS:
            for split in ("mwmbl.train", "mwmbl.dev"):
                few = ["--sample", str(SETTINGS["llm_sample"])] if (split, member) == ("mwmbl.train", "llm") else []
                yield self.scored(split, member, self.path(f"{split}.bm25.txt"), [*self.texts(split), *few])
            if member != "bi":
                yield self.scored("mwmbl.share", member, self.path("mwmbl.share.bi.txt"), titles)
        for lists in ("mwmbl.train", "mwmbl.dev", "mwmbl.share"):
            runs = [self.path(f"{lists}.{member}.txt") for member in MEMBERS]
            yield Stage(f"{lists}, committee", ["fuse", *runs, "--output", self.path(f"{lists}.committee.txt")])
        for name in SETTINGS["kept_titles"]:  # one scale for all that teach
            how = [self.path(f"{name}.share.bi.txt"), "--output", self.path(f"{name}.share.scaled.txt")]
            yield Stage(f"{name} share, scaled", ["fuse", *how])

    def students(self) -> Iterator[Stage]:
        """A warm-up by the bi-encoder's lists, then the committee's, once a seed."""
        texts = ["--collection", self.path("docs.jsonl"), "--models", self.path("models")]
        lists = [
            option for name in SETTINGS["titles"] for option in self.taught(f"{name}.titles.bi", f"{name}.titles.tsv")
        ]
        how = ["--model", "minilm-l6", *SETTINGS["warm_up"], "--output", self.path("models/warm")]
        yield Stage("warm-up", ["distill", *lists, *texts, *how])
        lists = self.taught("mwmbl.train.committee", "mwmbl.train.topics.tsv")
        lists += self.taught("mwmbl.share.committee", "mwmbl.share.tsv")
        for name in SETTINGS["kept_titles"]:
            lists += self.taught(f"{name}.share.scaled", f"{name}.share.tsv")
        for seed in SEEDS:
            how = ["--model", self.path("models/warm"), *SETTINGS["student"], "--seed", str(seed)]
            output = ["--output", self.path(f"models/student-{seed}")]
            yield Stage(f"student, {seed}", ["distill", *lists, *texts, *how, *output])

    def taught(self, run: str, topics: str) -> list[str]:
        """The options of a teacher's run and its topics."""
        return ["--run", self.path(f"{run}.txt"), "--topics", self.path(topics)]

    def measured(self) -> Iterator[Stage]:
        """Students on mwmbl's dev queries, and all on dl19."""
        dl19 = self.data / "dl19"
        asked = ["--topics", str(dl19 / "queries.tsv"), "--collection", str(dl19 / "docs.jsonl")]
        for seed in SEEDS:
            yield self.scored("mwmbl.dev", f"student-{seed}", self.path("mwmbl.dev.bm25.txt"), self.texts("mwmbl.dev"))
        for member in ("bi", "warm", *(f"{kind}-{seed}" for kind in ("labels", "student") for seed in SEEDS)):
            yield self.scored("dl19", member, str(dl19 / "run.bm25.txt"), asked)

    def tables(self) -> dict[str, Table]:
        """The two tables: runs by name, one a seed."""

        def seeds(lists: str, kind: str) -> list[Path]:
            return [self.out / f"{lists}.{kind}-{seed}.txt" for seed in SEEDS]

        def one(lists: str, member: str) -> list[Path]:
            return [self.out / f"{lists}.{member}.txt"]

        dev, dl19 = "mwmbl.dev", "dl19"
        return {
            "mwmbl, dev queries": Table(
                self.out / "mwmbl.dev.qrels.txt",
                {
                    "BM25, no reranking": one(dev, "bm25"),
                    "labels only": seeds(dev, "labels"),
                    "bi-encoder, as it is": one(dev, "bi"),
                    "LLM teacher": one(dev, "llm"),
                    "committee": one(dev, "committee"),
                    "student of the committee": seeds(dev, "student"),
                },
            ),
            "dl19, zero-shot": Table(
                self.data / "dl19" / "qrels.txt",
                {
                    "BM25, no reranking": [self.data / "dl19" / "run.bm25.txt"],
                    "labels only": seeds(dl19, "labels"),
                    "bi-encoder, as it is": one(dl19, "bi"),
                    "student after the warm-up": one(dl19, "warm"),
                    "student of the committee": seeds(dl19, "student"),
                },
            ),
        }


def run(data: Path, out: Path) -> None:
    """Runs the stages that are not done yet, then writes and prints the tables."""
    wanted = ("docs.jsonl", "queries.tsv", "qrels.txt")
    needed = [data / name / file for name in ("mwmbl", "dl19") for file in wanted]
    needed += [data / name / "docs.jsonl" for name in SETTINGS["titles"]]
    needed += [data / "mwmbl/split.train.txt", data / "mwmbl/split.dev.txt", data / "dl19/run.bm25.txt"]
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
