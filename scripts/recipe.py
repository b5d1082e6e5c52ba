"""The recipe: for claims, web pages and products a student each that keeps what its encoder knew, over three seeds.

All start from one student of a bi-encoder, warmed up on titles and on the train queries asked of short passages
without titles. Each then learns from its collection's committee: people's grades have a voice beside the bi-encoder,
with them on mwmbl label-only students and an LLM, on scifact BM25, on crowdflower BM25 and a larger bi-encoder.
Measured are scifact's test claims (BM25's top 100), the dev queries of mwmbl and crowdflower, and, for all, vaswani and
dl19, from which nobody learnt; beside label-only students. One student for all is a mean of mwmbl's and crowdflower's;
mwmbl's dev queries decide the shares. Finished stages are kept.

    python scripts/recipe.py --data ../shared/data --output runs/recipe
"""

import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean

from experiment import conduct
from judged import judged_lists
from passages import BI_ENCODERS, COLLECTIONS, SETTINGS, Passages
from seeds import Table

from rerankkit.demo.resume import Stage
from rerankkit.evaluate.measures import evaluate
from rerankkit.files import whole_folder
from rerankkit.run import Run
from rerankkit.trec import read_qrels, read_run, read_topics, write_run, write_topics

SEEDS, SHARES = SETTINGS["seeds"], SETTINGS["shares"]
MEASURED = {"scifact": ("dev", "test"), "mwmbl": ("dev",), "crowdflower": ("dev",)}
JUDGED = ("mwmbl", "crowdflower")
"""Collections whose lists are judged whole."""
ELSEWHERE = ("vaswani", "dl19")
"""Collections that nobody learns from."""
TOLD = {
    "labels": "labels only",
    "more-labels": "labels only, as many pairs as the student",
    "warm-labels": "labels only, after the warm-up",
    "llm": "LLM teacher",
}
"""What the tables call who is fitted to people's grades."""
AS_IT_IS = {"bi": "bi-encoder, as it is", "bi-large": "larger bi-encoder, as it is"}


def thin(docids: Sequence[str], size: int, qid: str) -> set[str]:
    """A committee's first two, which a claim's own abstract is among, and others drawn: half from its first quarter."""
    chance, quarter = random.Random(qid), max(len(docids) // 4, size)
    hard, rest = docids[2:quarter], docids[quarter:]
    wanted = min((size - 2) // 2, len(hard))
    drawn = chance.sample(hard, wanted)
    return {*docids[:2], *drawn, *chance.sample(rest, min(size - 2 - wanted, len(rest)))}


class Recipe(Passages):
    """The stages, in order."""

    def stages(self) -> Iterator[Stage]:
        """Everything, in order."""
        yield from self.splits()
        yield from self.lists()
        yield from self.elsewhere()
        for name in COLLECTIONS:
            yield from self.candidates(name)
        yield from self.warm_up()
        for name in COLLECTIONS:
            yield from self.members(name)
            yield from self.committee(name)
        for seed in SEEDS:
            for name in COLLECTIONS:
                yield from self.student(name, seed)
        yield from self.mean()

    def elsewhere(self) -> Iterator[Stage]:
        """BM25's lists of vaswani; dl19's come with it. The bi-encoder's scores of both."""
        index = ["--index", self.path("vaswani.index")]
        yield Stage("vaswani index", ["index", "--input", str(self.data / "vaswani/docs.jsonl"), *index])
        topics = ["--topics", str(self.data / "vaswani/queries.tsv"), "--hits", "100"]
        yield Stage("vaswani bm25", ["retrieve", *index, *topics, "--output", self.path("vaswani.bm25.txt")])
        yield from self.zero_shot("bi")

    def candidates(self, name: str) -> Iterator[Stage]:
        """BM25's lists of a collection's splits and the bi-encoders' scores: scifact's top 100, else judged lists."""
        index, hits = ["--index", self.path(f"{name}.index")], "100" if name == "scifact" else "40000"
        yield Stage(f"{name} index", ["index", "--input", str(self.data / name / "docs.jsonl"), *index])
        for split in ("train", *MEASURED[name]):
            lists = f"{name}.{split}"
            topics, deep = ["--topics", self.path(f"{lists}.topics.tsv")], self.path(f"{lists}.deep.txt")
            yield Stage(f"{lists} bm25", ["retrieve", *index, *topics, "--hits", hits, "--output", deep])
            yield Stage(f"{lists} lists", lambda lists=lists: self.shortlist(lists))
            length = ["--max-length", "256" if name == "scifact" else "128"]
            docs = ["--collection", str(self.data / name / "docs.jsonl")]
            for member in self.bi_encoders(name):
                yield self.scored(lists, member, self.path(f"{lists}.bm25.txt"), [*topics, *docs, *length])

    def bi_encoders(self, name: str) -> list[str]:
        """The smaller one, and the larger one where it is in the committee."""
        return [one for one in BI_ENCODERS if one == "bi" or one in SETTINGS["members"][name]]

    def shortlist(self, lists: str) -> None:
        """The candidates; of scifact's train claims also the relevant abstracts that BM25 missed, at the end."""
        deep = self.out / f"{lists}.deep.txt"
        if not lists.startswith("scifact"):
            judged_lists(deep, self.out, lists)
            return
        run, qrels = read_run(deep), read_qrels(self.path(f"{lists}.qrels.txt"))
        hits = {qid: list(zip(run.docids(qid), run.scores(qid), strict=True)) for qid in run}
        if lists.endswith("train"):
            for qid, found in hits.items():
                missed = sorted(set(qrels[qid]) - {docid for docid, _ in found})
                found += [(docid, found[-1][1]) for docid in missed]
        write_run(Run.ranked(hits, "bm25"), self.path(f"{lists}.bm25.txt"))

    def members(self, name: str) -> Iterator[Stage]:
        """Who is fitted to the train queries' grades: label-only students, baseline and members, and the LLM."""
        for kind, how in SETTINGS["fitted"][name].items():
            grades = ["--run", self.path(f"{name}.train.bm25.txt"), "--qrels", self.path(f"{name}.train.qrels.txt")]
            texts = [*self.texts(f"{name}.train.topics.tsv"), "--models", self.path("models")]
            start = self.path("models/warm") if how["from"] == "warm" else how["from"]
            for seed in SEEDS if "labels" in kind else (None,):
                model = f"{name}-{kind}" if seed is None else f"{name}-{kind}-{seed}"
                output = ["--model", start, "--seed", str(seed or 0), "--output", self.path(f"models/{model}")]
                yield Stage(f"fit {model}", ["sft", *grades, *texts, *how["options"], *output])
                for split in MEASURED[name]:
                    yield self.reranked(f"{name}.{split}", model)
                if (name, kind) == ("mwmbl", "labels"):
                    yield from self.zero_shot(model)
                if kind in SETTINGS["members"][name]:
                    yield self.reranked(f"{name}.train", model)

    def committee(self, name: str) -> Iterator[Stage]:
        """Who teaches on the train queries, and what it is worth on others, where it has no grades to go by."""
        lists = f"{name}.train"
        yield Stage(f"{lists} grades", lambda: self.grades(lists))
        voices = SETTINGS["members"][name]
        yield self.fused(lists, self.by_seed(name, voices))
        for split in MEASURED[name]:
            heard = {member: weight for member, weight in voices.items() if member != "grades"}
            yield self.fused(f"{name}.{split}", self.by_seed(name, heard))
        yield Stage(f"{name} taught", lambda: self.teach(name))

    def by_seed(self, name: str, voices: Mapping[str, float]) -> dict[str, float]:
        """The members with their weights, label-only students each by its seed."""
        return {one: weight for member, weight in voices.items() for one in self.runs_of(name, member)}

    def runs_of(self, name: str, member: str) -> list[str]:
        """What a member's runs are called: its model's name, a seed each for label-only students; else its own."""
        if "labels" in member:
            return [f"{name}-{member}-{seed}" for seed in SEEDS]
        return [f"{name}-{member}"] if member in SETTINGS["fitted"][name] else [member]

    def grades(self, lists: str) -> None:
        """People's grades as a run of the same candidates; an unjudged one has none."""
        run, qrels = read_run(self.path(f"{lists}.bm25.txt")), read_qrels(self.path(f"{lists}.qrels.txt"))
        hits = {qid: [(docid, float(qrels[qid].get(docid, 0))) for docid in run.docids(qid)] for qid in run}
        best_first = {qid: sorted(graded, key=lambda hit: -hit[1]) for qid, graded in hits.items()}
        write_run(Run.ranked(best_first, "grades"), self.path(f"{lists}.grades.txt"))

    def warm_up(self) -> Iterator[Stage]:
        """A student of the bi-encoder, on the lists of passages."""
        unlabelled = [f"{name}.{kind}" for name in COLLECTIONS for kind in ("titles", "asked")]
        lists = [option for one in unlabelled for option in self.taught(one)]
        texts = ["--collection", self.path("docs.jsonl"), "--models", self.path("models")]
        how = ["--model", "minilm-l6", *SETTINGS["warm_up"], *self.held_out(), "--drop-overlap"]
        yield Stage("warm-up", ["distill", *lists, *texts, *how, "--output", self.path("models/warm")])
        for name in JUDGED:
            yield self.reranked(f"{name}.dev", "warm")
        yield from self.zero_shot("warm")

    def teach(self, name: str) -> None:
        """`NAME.taught`: a collection's committee lists, a few of each claim's, as often as they are drawn from."""
        lists = f"{name}.train"
        queries, run = read_topics(self.path(f"{lists}.topics.tsv")), read_run(self.path(f"{lists}.committee.txt"))
        topics, taught = {}, {}
        for qid in run:
            hits = list(zip(run.docids(qid), run.scores(qid), strict=True))
            if name == "scifact":
                few = thin([docid for docid, _ in hits], SETTINGS["claim_sample"], qid)
                hits = [hit for hit in hits if hit[0] in few]
            for again in range(SETTINGS["draws"][name]):
                unique = f"{name}-{again}-{qid}"
                topics[unique], taught[unique] = queries[qid]._replace(qid=unique), hits
        write_topics(topics, self.path(f"{name}.taught.topics.tsv"))
        write_run(Run.ranked(taught, "committee"), self.path(f"{name}.taught.committee.txt"))

    def student(self, name: str, seed: int) -> Iterator[Stage]:
        """A student of a collection's committee, and its runs."""
        model = f"{name}-student-{seed}"
        texts = ["--collection", self.path("docs.jsonl"), "--models", self.path("models")]
        how = ["--model", self.path("models/warm"), *SETTINGS["student"], *self.held_out(), "--drop-overlap"]
        output = ["--seed", str(seed), "--output", self.path(f"models/{model}")]
        yield Stage(f"student of {name}, {seed}", ["distill", *self.taught(f"{name}.taught"), *texts, *how, *output])
        for split in MEASURED[name]:
            yield self.reranked(f"{name}.{split}", model)
        yield from self.zero_shot(model)

    def mean(self) -> Iterator[Stage]:
        """One student for all: a mean of mwmbl's and crowdflower's students; and scifact's beside others."""
        students = [self.path(f"models/{name}-student-{seed}") for name in JUDGED for seed in SEEDS]
        for share in SHARES:
            weights = ",".join([str(share)] * len(SEEDS) + ["1"] * len(SEEDS))
            output = ["--output", self.path(f"models/mean-{share}")]
            yield Stage(f"mean, {share} to 1", ["average", *students, "--weights", weights, *output])
            yield self.reranked("mwmbl.dev", f"mean-{share}")
        yield Stage("mean", self.choose)
        for name in JUDGED:
            yield self.reranked(f"{name}.dev", "mean")
        yield from self.zero_shot("mean")
        for seed in SEEDS:
            runs = [self.path(f"scifact.test.{one}.txt") for one in ("bm25", f"scifact-student-{seed}", "bi")]
            for kind, together in (("with-bm25", runs[:2]), ("with-both", runs)):
                output = ["--output", self.path(f"scifact.test.{kind}-{seed}.txt")]
                yield Stage(f"scifact.test, student {kind}, {seed}", ["fuse", *together, *output])

    def choose(self) -> None:
        """`models/mean`: the least share of mwmbl's that loses little on its dev queries to mwmbl's own students."""
        qrels = read_qrels(self.path("mwmbl.dev.qrels.txt"))

        def ndcg(run: str) -> float:
            return evaluate(read_run(run), qrels, ["nDCG@10"]).values["nDCG@10"]

        least = mean(map(ndcg, self.seeds("mwmbl.dev.mwmbl-student"))) - SETTINGS["may_lose"]
        kept = [share for share in SHARES if ndcg(self.path(f"mwmbl.dev.mean-{share}.txt")) >= least]
        with whole_folder(self.path("models/mean")) as folder:
            shutil.copytree(self.path(f"models/mean-{min(kept, default=max(SHARES))}"), folder, dirs_exist_ok=True)

    def zero_shot(self, model: str) -> Iterator[Stage]:
        """A model's runs of what nobody learnt from."""
        for name in ELSEWHERE:
            source = self.data / name
            texts = ["--topics", str(source / "queries.tsv"), "--collection", str(source / "docs.jsonl")]
            yield self.scored(name, model, self.first_stage(name), texts)

    def first_stage(self, name: str) -> str:
        """The BM25 run of a collection that nobody learns from."""
        return str(self.data / "dl19/run.bm25.txt") if name == "dl19" else self.path(f"{name}.bm25.txt")

    def reranked(self, lists: str, model: str) -> Stage:
        """A model's run over a split's candidates; abstracts are long."""
        how = [*self.texts(f"{lists}.topics.tsv"), *(["--max-length", "256"] if "scifact" in lists else [])]
        return self.scored(lists, model, self.path(f"{lists}.bm25.txt"), how)

    def tables(self) -> dict[str, Table]:
        """A table a collection: runs by name, one a seed."""
        found = {}
        for name, splits in MEASURED.items():
            lists = f"{name}.{splits[-1]}"
            rows = {"BM25, no reranking": [self.path(f"{lists}.bm25.txt")]}
            for kind in SETTINGS["fitted"][name]:
                rows[TOLD[kind]] = [self.path(f"{lists}.{run}.txt") for run in self.runs_of(name, kind)]
            rows |= {AS_IT_IS[one]: [self.path(f"{lists}.{one}.txt")] for one in self.bi_encoders(name)}
            if name in JUDGED:
                rows["student after the warm-up"] = [self.path(f"{lists}.warm.txt")]
            rows["committee without grades"] = [self.path(f"{lists}.committee.txt")]
            rows["student"] = self.seeds(f"{lists}.{name}-student")
            if name == "mwmbl":
                rows |= {f"mean with crowdflower's, {n} to 1": [self.path(f"{lists}.mean-{n}.txt")] for n in SHARES}
            if name in JUDGED:
                rows["one student for all, their mean"] = [self.path(f"{lists}.mean.txt")]
            if name == "scifact":
                rows |= {"BM25 and student": self.seeds(f"{lists}.with-bm25")}
                rows |= {"BM25, student, bi-encoder": self.seeds(f"{lists}.with-both")}
            found[f"{name}, {splits[-1]} queries"] = Table(
                self.out / f"{lists}.qrels.txt", _paths(rows), dict.fromkeys(rows, ("student",))
            )
        for name in ELSEWHERE:
            rows = {"BM25, no reranking": [self.first_stage(name)]}
            rows["labels only (mwmbl)"] = self.seeds(f"{name}.mwmbl-labels")
            rows[AS_IT_IS["bi"]] = [self.path(f"{name}.bi.txt")]
            rows["student after the warm-up"] = [self.path(f"{name}.warm.txt")]
            rows |= {f"student of {one}": self.seeds(f"{name}.{one}-student") for one in COLLECTIONS}
            rows["one student for all, their mean"] = [self.path(f"{name}.mean.txt")]
            found[f"{name}, zero-shot"] = Table(self.data / name / "qrels.txt", _paths(rows))
        return found

    def seeds(self, name: str) -> list[str]:
        """A run a seed."""
        return [self.path(f"{name}-{seed}.txt") for seed in SEEDS]


def _paths(rows: Mapping[str, Sequence[str]]) -> dict[str, list[Path]]:
    return {name: [Path(run) for run in runs] for name, runs in rows.items()}


def needed(data: Path) -> list[Path]:
    """The files that must be there."""
    wanted = ("docs.jsonl", "queries.tsv", "qrels.txt")
    files = [data / name / file for name in (*COLLECTIONS, *ELSEWHERE) for file in wanted]
    splits = {name: ("train", "test" if name == "scifact" else "dev") for name in COLLECTIONS}
    files += [data / name / f"split.{split}.txt" for name, both in splits.items() for split in both]
    return [*files, data / "dl19/run.bm25.txt"]


if __name__ == "__main__":
    conduct(Recipe, needed, __doc__, "runs/recipe")
