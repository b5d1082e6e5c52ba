"""The recipe: a committee of teachers, and a student that keeps what it and its encoder know, over three seeds.

Label-only students are the baseline. With bi-encoders, which err differently, on mwmbl an LLM and on crowdflower
BM25, they make the committee. The student learns from the bi-encoder first, over titles as queries, then from the
committee on the train queries and on titles; on mwmbl with some of the bi-encoder's lists among them, so that its
skill stays: of other collections, or, for the keeper, of texts without titles. It is measured on the dev queries of
mwmbl and crowdflower, and mwmbl's on dl19, which nobody trained on. Finished stages are kept. About six hours on two
cores.

    python scripts/recipe.py --data ../shared/data --output runs/recipe
"""

from collections.abc import Iterator
from pathlib import Path

from experiment import conduct
from judged import judged_lists, select
from seeds import Table
from unlabelled import BI_ENCODERS, SETTINGS, Unlabelled

from rerankkit.demo.resume import Stage

SEEDS = SETTINGS["seeds"]
COLLECTIONS = SETTINGS["collections"]
"""What is trained and measured on, with what is special to each."""


def of_seeds(kind: str) -> list[str]:
    """The students of a kind, by seed."""
    return [f"{kind}-{seed}" for seed in SEEDS]


def scorers(name: str, baseline: bool = False) -> list[str]:
    """Who scores a collection's lists for its committee, BM25 aside; the label-only students too as the baseline."""
    kinds = dict.fromkeys([*COLLECTIONS[name]["members"], *(["labels"] if baseline else [])])
    return [one for kind in kinds if kind != "bm25" for one in (of_seeds(kind) if "labels" in kind else [kind])]


class Recipe(Unlabelled):
    """The stages, in order."""

    def stages(self) -> Iterator[Stage]:
        """Everything, in order."""
        yield from self.unlabelled()
        yield from self.warm_up()
        for name in COLLECTIONS:
            yield from self.lists(name)
            yield from self.members(name)
            yield from self.committee(name)
            yield from self.students(name)
        yield from self.zero_shot()

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

    def members(self, name: str) -> Iterator[Stage]:
        """The label-only students, and the LLM where the committee has one, trained on the train queries' grades."""
        grades = ["--qrels", self.path(f"{name}.train.qrels.txt"), *self.texts(f"{name}.train.topics.tsv")]
        lists = ["sft", "--run", self.path(f"{name}.train.bm25.txt"), "--models", self.path("models"), *grades]
        starts = {"labels": ["minilm-l6", *SETTINGS["label_student"]]}
        if "warm-labels" in COLLECTIONS[name]["members"]:
            warm = [*SETTINGS["label_student"], *SETTINGS["warm_label_student"]]
            starts["warm-labels"] = [self.path("models/warm"), *warm]
        for kind, how in starts.items():
            for seed in SEEDS:
                output = ["--seed", str(seed), "--output", self.path(f"models/{name}/{kind}-{seed}")]
                yield Stage(f"{name}, {kind}, {seed}", [*lists, "--model", *how, *output])
        if "llm" in COLLECTIONS[name]["members"]:
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
            for member in scorers(name, baseline=kind.endswith("dev")):
                if shared and member == "bi":
                    continue
                few = ["--sample", str(settings["llm_sample"])] if (kind, member) == (f"{name}.train", "llm") else []
                yield self.scored(kind, member if member in BI_ENCODERS else f"{name}/{member}", run, [*how, *few])
            yield from self.fused(name, kind)

    def fused(self, name: str, kind: str) -> Iterator[Stage]:
        """The committee of a list's runs; the warmed-up label-only students have one voice, their own."""
        voices = COLLECTIONS[name]["members"]
        if "warm-labels" in voices:
            runs = [self.path(f"{kind}.{one}.txt") for one in of_seeds("warm-labels")]
            yield Stage(f"{kind}, warm labels", ["fuse", *runs, "--output", self.path(f"{kind}.warm-labels.txt")])
        else:
            voices = scorers(name)
        runs = [self.path(f"{kind}.{voice}.txt") for voice in voices]
        yield Stage(f"{kind}, committee", ["fuse", *runs, "--output", self.path(f"{kind}.committee.txt")])

    def warm_up(self) -> Iterator[Stage]:
        """A student of the bi-encoder, over titles and then over passages too."""
        texts = ["--collection", self.path("docs.jsonl"), "--models", self.path("models")]
        lists = [
            option for name in SETTINGS["titles"] for option in self.taught(f"{name}.titles.bi", f"{name}.titles.tsv")
        ]
        how = ["--model", "minilm-l6", *SETTINGS["warm_up"], "--output", self.path("models/warm")]
        yield Stage("warm-up", ["distill", *lists, *texts, *how])
        lists = self.taught("passages.bi", "passages.tsv")
        how = ["--model", self.path("models/warm"), *SETTINGS["more_warm_up"], "--output"]
        yield Stage("warm-up on passages", ["distill", *lists, *texts, *how, self.path("models/warm-passages")])

    def students(self, name: str) -> Iterator[Stage]:
        """The committee's students, and their runs on dev."""
        settings = COLLECTIONS[name]
        lists = self.taught(f"{name}.train.committee", f"{name}.train.topics.tsv")
        if "committee_titles" in settings:
            lists += self.taught(f"{name}.share.committee", f"{name}.share.tsv")
        texts = ["--collection", self.path("docs.jsonl"), "--models", self.path("models")]
        size = ["--group-size", str(settings["group_size"])]
        for kind, how in settings["students"].items():
            kept = [
                option for other in how["keeps"] for option in self.taught(f"{other}.kept.scaled", f"{other}.kept.tsv")
            ]
            start = ["--model", self.path(f"models/{how['start']}"), *SETTINGS["student"], *size]
            for seed in SEEDS:
                output = ["--seed", str(seed), "--output", self.path(f"models/{name}/{kind}-{seed}")]
                yield Stage(f"{name}, {kind}, {seed}", ["distill", *lists, *kept, *texts, *start, *output])
                dev = self.texts(f"{name}.dev.topics.tsv")
                yield self.scored(f"{name}.dev", f"{name}/{kind}-{seed}", self.path(f"{name}.dev.bm25.txt"), dev)

    def zero_shot(self) -> Iterator[Stage]:
        """dl19 by all that came of mwmbl."""
        dl19 = self.data / "dl19"
        how = ["--topics", str(dl19 / "queries.tsv"), "--collection", str(dl19 / "docs.jsonl")]
        for model in (
            "bi",
            "bi-large",
            "warm-passages",
            *(f"mwmbl/{kind}-{seed}" for kind in ("labels", "student", "keeper") for seed in SEEDS),
        ):
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
            if "bi-large" in COLLECTIONS[name]["members"]:
                rows["larger bi-encoder, as it is"] = one(dev, "bi-large")
                rows["labels only, from the warm-up"] = seeds(dev, "warm-labels")
            if "llm" in COLLECTIONS[name]["members"]:
                rows["LLM teacher"] = one(dev, "llm")
            rows |= {"committee": one(dev, "committee"), "student of the committee": seeds(dev, "student")}
            if "keeper" in COLLECTIONS[name]["students"]:
                rows["student that keeps more"] = seeds(dev, "keeper")
            found[f"{name}, dev queries"] = Table(self.out / f"{dev}.qrels.txt", rows)
        rows = {"BM25, no reranking": [self.data / "dl19/run.bm25.txt"], "labels only": seeds("dl19", "labels")}
        rows |= {"bi-encoder, as it is": one("dl19", "bi")}
        rows |= {"larger bi-encoder, as it is": one("dl19", "bi-large")}
        rows |= {"student after the warm-up": one("dl19", "warm-passages")}
        rows |= {
            "student of the committee": seeds("dl19", "student"),
            "student that keeps more": seeds("dl19", "keeper"),
        }
        found["dl19, zero-shot"] = Table(self.data / "dl19/qrels.txt", rows)
        return found


def needed(data: Path) -> list[Path]:
    """The files that must be there."""
    wanted = ("docs.jsonl", "queries.tsv", "qrels.txt")
    files = [data / name / file for name in (*COLLECTIONS, "dl19") for file in wanted]
    files += [data / name / "docs.jsonl" for name in SETTINGS["titles"]]
    files += [data / name / f"split.{split}.txt" for name in COLLECTIONS for split in ("train", "dev")]
    return [*files, data / "dl19/run.bm25.txt"]


if __name__ == "__main__":
    conduct(Recipe, needed, __doc__, "runs/recipe")
