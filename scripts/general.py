"""One student for four collections: claims, web pages, products, and passages of a track that nobody trained on.

The train queries of scifact, mwmbl and crowdflower are taught by committees in which people's grades have a voice
beside BM25, the bi-encoder and, on mwmbl, a label-only student. Titles and the same train queries are asked of short
passages without titles, taught by BM25 and the bi-encoder alone, so that the student keeps what its encoder knew. All
lists are learnt together, the learning rate going to zero once; the weights of several seeds are averaged. Measured are
scifact's test claims (BM25's top 100), the dev queries of mwmbl and crowdflower, and dl19, beside label-only students
of scifact and mwmbl. Finished stages are kept.

    python scripts/general.py --data ../shared/data --output runs/general
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from experiment import conduct
from judged import judged_lists
from passages import COLLECTIONS, SETTINGS, Passages
from seeds import Table

from rerankkit.demo.resume import Stage
from rerankkit.run import Run
from rerankkit.trec import read_qrels, read_run, read_topics, write_run, write_topics

SEEDS = SETTINGS["seeds"]
SAMPLED = ["--sample", str(SETTINGS["judged_sample"])]
"""Of mwmbl's long train lists, what the committee scores."""
JUDGED = ("mwmbl", "crowdflower")
"""The collections whose candidates are what was judged."""
MEASURED = {"scifact": ("dev", "test"), "mwmbl": ("dev",), "crowdflower": ("dev",)}


def thin(docids: Sequence[str], size: int, qid: str) -> set[str]:
    """A committee's first two, which a claim's own abstract is among, and others drawn: half from its first quarter."""
    chance, quarter = random.Random(qid), max(len(docids) // 4, size)
    hard, rest = docids[2:quarter], docids[quarter:]
    wanted = min((size - 2) // 2, len(hard))
    drawn = chance.sample(hard, wanted)
    return {*docids[:2], *drawn, *chance.sample(rest, min(size - 2 - wanted, len(rest)))}


class General(Passages):
    """The stages, in order."""

    def stages(self) -> Iterator[Stage]:
        """Everything, in order."""
        yield from self.splits()
        yield from self.lists()
        for name in COLLECTIONS:
            yield from self.candidates(name)
        yield from self.members()
        for name in COLLECTIONS:
            yield from self.committee(name)
        yield from self.warm_up()
        for name in COLLECTIONS:
            yield Stage(f"{name} taught", lambda name=name: self.teach(name))
        for seed in SEEDS:
            yield from self.student(seed)
        yield from self.mean()

    def candidates(self, name: str) -> Iterator[Stage]:
        """BM25's lists of a collection's splits and the bi-encoder's scores: scifact's top 100, else judged lists."""
        index, hits = ["--index", self.path(f"{name}.index")], "100" if name == "scifact" else "40000"
        yield Stage(f"{name} index", ["index", "--input", str(self.data / name / "docs.jsonl"), *index])
        for split in ("train", *MEASURED[name]):
            lists = f"{name}.{split}"
            topics, deep = ["--topics", self.path(f"{lists}.topics.tsv")], self.path(f"{lists}.deep.txt")
            yield Stage(f"{lists} bm25", ["retrieve", *index, *topics, "--hits", hits, "--output", deep])
            yield Stage(f"{lists} lists", lambda lists=lists: self.shortlist(lists))
            length = ["--max-length", "256" if name == "scifact" else "128"]
            docs = ["--collection", str(self.data / name / "docs.jsonl")]
            few = SAMPLED if lists == "mwmbl.train" else []
            yield self.scored(lists, "bi", self.path(f"{lists}.bm25.txt"), [*topics, *docs, *length, *few])

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

    def members(self) -> Iterator[Stage]:
        """The label-only students, baselines all; mwmbl's first is a member of its committee."""
        for name, seeds in SETTINGS["label_seeds"].items():
            how = [*SETTINGS["labels"], *SETTINGS["labels_of"][name], "--model", "minilm-l6"]
            docs = ["--collection", str(self.data / name / "docs.jsonl"), "--models", self.path("models")]
            asked = ["--topics", self.path(f"{name}.train.topics.tsv"), *docs]
            grades = ["--run", self.path(f"{name}.train.bm25.txt"), "--qrels", self.path(f"{name}.train.qrels.txt")]
            for seed in seeds:
                output = ["--seed", str(seed), "--output", self.path(f"models/{name}/labels-{seed}")]
                yield Stage(f"{name}, labels, {seed}", ["sft", *grades, *asked, *how, *output])
                for split in MEASURED[name]:
                    yield self.reranked(f"{name}.{split}", f"{name}/labels-{seed}")
                if name == "mwmbl":
                    yield self.zero_shot(f"{name}/labels-{seed}")
                if name == "mwmbl" and seed == seeds[0]:
                    yield self.reranked(f"{name}.train", f"{name}/labels-{seed}", SAMPLED)

    def committee(self, name: str) -> Iterator[Stage]:
        """Who teaches on the train queries."""
        lists = f"{name}.train"
        yield Stage(f"{lists} grades", lambda: self.grades(lists))
        yield self.fused(lists, SETTINGS["members"][name])
        for split in MEASURED[name]:
            unlabelled = {member: one for member, one in SETTINGS["members"][name].items() if member != "grades"}
            yield self.fused(f"{name}.{split}", unlabelled)

    def grades(self, lists: str) -> None:
        """People's grades as a run of the same candidates; an unjudged one has none."""
        run, qrels = read_run(self.path(f"{lists}.bm25.txt")), read_qrels(self.path(f"{lists}.qrels.txt"))
        hits = {qid: [(docid, float(qrels[qid].get(docid, 0))) for docid in run.docids(qid)] for qid in run}
        best_first = {qid: sorted(graded, key=lambda hit: -hit[1]) for qid, graded in hits.items()}
        write_run(Run.ranked(best_first, "grades"), self.path(f"{lists}.grades.txt"))

    def warm_up(self) -> Iterator[Stage]:
        """A student of the lists of passages, and of these one in so many, from which the next does not forget them."""
        unlabelled = [f"{name}.{kind}" for name in COLLECTIONS for kind in ("titles", "asked")]
        lists = [option for one in unlabelled for option in self.taught(one)]
        texts = ["--collection", self.path("docs.jsonl"), "--models", self.path("models")]
        how = ["--model", "minilm-l6", *SETTINGS["warm_up"], *self.held_out(), "--drop-overlap"]
        yield Stage("warm-up", ["distill", *lists, *texts, *how, "--output", self.path("models/warm")])
        yield self.zero_shot("warm")
        yield Stage(f"one in {SETTINGS['kept']} titles kept", self.keep)

    def keep(self) -> None:
        """`kept`: one in so many titles' lists; on the train queries people's grades would contradict BM25."""
        topics, lists = {}, {}
        for name in COLLECTIONS:
            queries = read_topics(self.path(f"{name}.titles.tsv"))
            run = read_run(self.path(f"{name}.titles.committee.txt"))
            for qid in list(run)[:: SETTINGS["kept"]]:
                topics[qid], lists[qid] = queries[qid], list(zip(run.docids(qid), run.scores(qid), strict=True))
        write_topics(topics, self.path("kept.topics.tsv"))
        write_run(Run.ranked(lists, "committee"), self.path("kept.committee.txt"))

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

    def student(self, seed: int) -> Iterator[Stage]:
        """A student of all committees, and its runs."""
        lists = [option for one in (*(f"{n}.taught" for n in COLLECTIONS), "kept") for option in self.taught(one)]
        texts = ["--collection", self.path("docs.jsonl"), "--models", self.path("models")]
        how = ["--model", self.path("models/warm"), *SETTINGS["student"], *self.held_out(), "--drop-overlap"]
        output = ["--seed", str(seed), "--output", self.path(f"models/student-{seed}")]
        yield Stage(f"student, {seed}", ["distill", *lists, *texts, *how, *output])
        for name in JUDGED:
            yield self.reranked(f"{name}.dev", f"student-{seed}")
        yield self.zero_shot(f"student-{seed}")

    def mean(self) -> Iterator[Stage]:
        """The students' mean, and its runs; of scifact also beside BM25 and bi-encoder."""
        students = [self.path(f"models/student-{seed}") for seed in SEEDS]
        yield Stage("mean of the students", ["average", *students, "--output", self.path("models/student")])
        for name, splits in MEASURED.items():
            for split in splits:
                yield self.reranked(f"{name}.{split}", "student")
        yield self.zero_shot("student")
        runs = [self.path(f"scifact.test.{one}.txt") for one in ("bm25", "student", "bi")]
        for kind, together in (("with-bm25", runs[:2]), ("with-both", runs)):
            output = ["--output", self.path(f"scifact.test.{kind}.txt")]
            yield Stage(f"scifact.test, student {kind}", ["fuse", *together, *output])

    def zero_shot(self, model: str) -> Stage:
        """A model's run of dl19, which nobody learnt from."""
        dl19 = self.data / "dl19"
        texts = ["--topics", str(dl19 / "queries.tsv"), "--collection", str(dl19 / "docs.jsonl")]
        return self.scored("dl19", model, str(dl19 / "run.bm25.txt"), texts)

    def reranked(self, lists: str, model: str, few: Sequence[str] = ()) -> Stage:
        """A model's run over a split's candidates, or some of each list; abstracts are long."""
        how = [*self.texts(f"{lists}.topics.tsv"), *few, *(["--max-length", "256"] if "scifact" in lists else [])]
        return self.scored(lists, model, self.path(f"{lists}.bm25.txt"), how)

    def tables(self) -> dict[str, Table]:
        """A table a collection: runs by name, one a seed."""
        found = {}
        for name, splits in MEASURED.items():
            lists = f"{name}.{splits[-1]}"

            def runs(kind: str, seeds: list[int] | None = None, lists: str = lists) -> list[Path]:
                names = [kind] if seeds is None else [f"{kind}-{seed}" for seed in seeds]
                return [self.out / f"{lists}.{one}.txt" for one in names]

            rows = {"BM25, no reranking": runs("bm25"), "bi-encoder, as it is": runs("bi")}
            if name in SETTINGS["label_seeds"]:
                labels = {"labels only": runs("labels", SETTINGS["label_seeds"][name])}
                rows = {"BM25, no reranking": rows["BM25, no reranking"], **labels, **rows}
            rows["committee without grades"] = runs("committee")
            if name in JUDGED:
                rows["one student"] = runs("student", SEEDS)
            rows["mean of the students"] = runs("student")
            if name == "scifact":
                rows |= {"BM25 and that mean": runs("with-bm25"), "all three": runs("with-both")}
            found[f"{name}, {splits[-1]} queries"] = Table(self.out / f"{lists}.qrels.txt", rows)
        rows = {"BM25, no reranking": [self.data / "dl19/run.bm25.txt"]}
        labelled = SETTINGS["label_seeds"]["mwmbl"]
        rows["labels only (mwmbl)"] = [self.out / f"dl19.labels-{seed}.txt" for seed in labelled]
        rows["student after the warm-up"] = [self.out / "dl19.warm.txt"]
        rows["one student"] = [self.out / f"dl19.student-{seed}.txt" for seed in SEEDS]
        rows["mean of the students"] = [self.out / "dl19.student.txt"]
        return found | {"dl19, zero-shot": Table(self.data / "dl19/qrels.txt", rows)}


def needed(data: Path) -> list[Path]:
    """The files that must be there."""
    files = [data / name / file for name in (*COLLECTIONS, "dl19") for file in ("docs.jsonl", "queries.tsv")]
    return [*files, data / "dl19/run.bm25.txt"]


if __name__ == "__main__":
    conduct(General, needed, __doc__, "runs/general")
