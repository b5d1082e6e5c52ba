"""Passages without titles, and what asks for them: titles, and the train queries of each collection."""

import json
import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from judged import select

from rerankkit.collection.documents import read_documents
from rerankkit.demo.resume import Stage
from rerankkit.demo.stages import fast_dtype
from rerankkit.files import whole_file
from rerankkit.io.lines import read_lines
from rerankkit.trec import read_qrels, read_topics, write_qrels, write_topics

SETTINGS = tomllib.loads(Path(__file__).with_name("recipe.toml").read_text("utf-8"))
COLLECTIONS = ("scifact", "mwmbl", "crowdflower")
BI_ENCODERS = {"bi": "minilm-l6", "bi-large": "mpnet-base"}
"""The bi-encoders as pip installs them."""
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def passages(text: str, words: int, least: int) -> Iterator[str]:
    """The text in runs of whole sentences, `words` or a few more each; a last one of fewer than `least` is dropped."""
    begun: list[str] = []
    for sentence in SENTENCE_END.split(text.strip()):
        begun += sentence.split()
        if len(begun) >= words:
            yield " ".join(begun)
            begun = []
    if len(begun) >= least:
        yield " ".join(begun)


class Passages:
    """The stages that make them and let the first teachers score them, and where their files lie."""

    def __init__(self, data: Path, out: Path) -> None:
        self.data, self.out = data, out

    def path(self, name: str) -> str:
        """A file of ours."""
        return str(self.out / name)

    def splits(self) -> Iterator[Stage]:
        """Topics and qrels of what is trained on and of what measures; some of scifact's train claims become dev."""
        for name, splits in (("mwmbl", ("train", "dev")), ("crowdflower", ("train", "dev")), ("scifact", ("test",))):
            for split in splits:
                yield Stage(f"{name} {split}", lambda n=name, s=split: select(self.data / n, s, self.out, f"{n}.{s}"))
        yield Stage(f"scifact claims, {SETTINGS['dev_claims']} for dev", self.claims)

    def claims(self) -> None:
        """scifact's train claims, apart: `scifact.dev` by a seed, the others `scifact.train`."""
        select(self.data / "scifact", "train", self.out, "scifact.all")
        queries = read_topics(self.path("scifact.all.topics.tsv"))
        qrels = read_qrels(self.path("scifact.all.qrels.txt"))
        dev = set(random.Random(0).sample(sorted(queries), SETTINGS["dev_claims"]))
        for split in ("train", "dev"):
            kept = [qid for qid in queries if (qid in dev) == (split == "dev")]
            write_topics({qid: queries[qid] for qid in kept}, self.path(f"scifact.{split}.topics.tsv"))
            write_qrels({qid: qrels[qid] for qid in kept}, self.path(f"scifact.{split}.qrels.txt"))

    def held_out(self) -> list[str]:
        """The options that name what measures."""
        names = ("mwmbl.dev", "crowdflower.dev", "scifact.dev", "scifact.test")
        return [word for name in names for word in ("--held-out", self.path(f"{name}.topics.tsv"))]

    def cut(self) -> None:
        """`passages.jsonl`, and `docs.jsonl`: all documents, then all passages."""
        size = SETTINGS["passage_words"], SETTINGS["least_words"]
        lines = [
            json.dumps({"id": f"c:{document.docid}:{number}", "contents": text})
            for name in COLLECTIONS
            for _, _, document in read_documents(self.data / name / "docs.jsonl")
            for number, text in enumerate(passages(document.text, *size))
        ]
        with whole_file(self.out / "passages.jsonl") as file:
            file.writelines(f"{line}\n" for line in lines)
        with whole_file(self.out / "docs.jsonl") as file:
            for name in COLLECTIONS:
                file.writelines(f"{line}\n" for _, line in read_lines(self.data / name / "docs.jsonl"))
            file.writelines(f"{line}\n" for line in lines)

    def lists(self) -> Iterator[Stage]:
        """What asks for passages, what BM25 finds, and the bi-encoder's scores of some of each list."""
        yield Stage(f"passages of {SETTINGS['passage_words']} words, {SETTINGS['least_words']} at least", self.cut)
        index = ["--index", self.path("passages.index")]
        yield Stage("passages index", ["index", "--input", self.path("passages.jsonl"), *index])
        for name in COLLECTIONS:
            docs = ["--collection", str(self.data / name / "docs.jsonl"), "--number", str(SETTINGS["titles"][name])]
            asked = self.path(f"{name}.titles.tsv")
            made = ["--from-titles", "--strip-site", *docs, "--prefix", f"{name}-", *self.held_out()]
            yield Stage(f"{name} titles", ["queries", *made, "--output", asked])
            yield Stage(f"{name} questions", lambda name=name: self.ask(name))
            for kind in ("titles", "asked"):
                lists = f"{name}.{kind}"
                topics = ["--topics", self.path(f"{lists}.tsv")]
                found = self.path(f"{lists}.bm25.txt")
                search = ["retrieve", *index, *topics, "--hits", "50", "--output", found]
                yield Stage(f"{lists} bm25", search)
                few = ["--sample", str(SETTINGS["sample"]), "--max-length", "128"]
                yield self.scored(lists, "bi", found, [*topics, "--collection", self.path("passages.jsonl"), *few])

    def ask(self, name: str) -> None:
        """A collection's train queries as topics of their own, to be asked of passages."""
        queries = read_topics(self.path(f"{name}.train.topics.tsv")).values()
        asked = {f"{name}-q{query.qid}": query._replace(qid=f"{name}-q{query.qid}") for query in queries}
        write_topics(asked, self.path(f"{name}.asked.tsv"))

    def scored(self, lists: str, model: str, run: str, how: list[str]) -> Stage:
        """A model's run over candidates, named after both."""
        given = BI_ENCODERS.get(model) or self.path(f"models/{model}")
        asked = ["--model", given, "--models", self.path("models"), "--dtype", fast_dtype(), "--run", run, *how]
        output = ["--output", self.path(f"{lists}.{model}.txt")]
        return Stage(f"{lists} by {model}", ["rerank", *asked, *output])

    def fused(self, lists: str, voices: Mapping[str, float]) -> Stage:
        """The committee of a list's runs, each with its weight."""
        runs = [self.path(f"{lists}.{member}.txt") for member in voices]
        weights = ["--weights", ",".join(str(weight) for weight in voices.values())]
        return Stage(f"{lists}, committee", ["fuse", *runs, *weights, "--output", self.path(f"{lists}.committee.txt")])

    def texts(self, topics: str) -> list[str]:
        """The options that name topics and the texts of all collections."""
        return ["--topics", self.path(topics), "--collection", self.path("docs.jsonl")]

    def taught(self, lists: str) -> list[str]:
        """The options of a teacher's run, a committee's or the bi-encoder's, and its topics."""
        if lists.endswith((".titles", ".asked")):
            return ["--run", self.path(f"{lists}.bi.txt"), "--topics", self.path(f"{lists}.tsv")]
        return ["--run", self.path(f"{lists}.committee.txt"), "--topics", self.path(f"{lists}.topics.tsv")]
