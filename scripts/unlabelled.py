"""The unlabelled lists of the recipe: titles as queries, over titled documents and over texts alone."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

from judged import select

from rerankkit.collection.jsonl import read_documents
from rerankkit.demo.resume import Stage
from rerankkit.demo.stages import fast_dtype
from rerankkit.files import read_lines, whole_file
from rerankkit.run import Run
from rerankkit.trec import read_run, read_topics, write_run, write_topics
from rerankkit.types import Query

SETTINGS = tomllib.loads(Path(__file__).with_name("recipe.toml").read_text("utf-8"))
BI_ENCODERS = {"bi": "minilm-l6", "bi-large": "mpnet-base"}
"""The bi-encoders as pip installs them."""
BODY = 12
"""Words that a document's text has at least to be a passage of its own."""


class Unlabelled:
    """The stages that make them, and where their files lie."""

    def __init__(self, data: Path, out: Path) -> None:
        self.data, self.out = data, out

    def path(self, name: str) -> str:
        """A file of ours."""
        return str(self.out / name)

    def unlabelled(self) -> Iterator[Stage]:
        """All of them, and the documents in one file."""
        for name in SETTINGS["titles"]:
            yield from self.titles(name)
        yield Stage("texts", self.join_texts)
        yield from self.passages()

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
        """A model's run over candidates, named after both."""
        given = BI_ENCODERS.get(model) or self.path(f"models/{model}")
        asked = ["--model", given, "--models", self.path("models"), "--dtype", fast_dtype(), "--run", run, *how]
        output = ["--output", self.path(f"{lists}.{model.rpartition('/')[2]}.txt")]
        return Stage(f"{lists} by {model}", ["rerank", *asked, *output])

    def join_texts(self) -> None:
        """The documents of all collections in one file, and behind them their texts once more, without titles."""
        passages = [
            json.dumps({"id": f"p:{document.docid}", "contents": document.text})
            for name in SETTINGS["titles"]
            for _, _, document in read_documents(self.data / name / "docs.jsonl")
            if len(document.text.split()) >= BODY
        ]
        with whole_file(self.out / "passages.jsonl") as file:
            file.writelines(f"{line}\n" for line in passages)
        with whole_file(self.out / "docs.jsonl") as file:
            for name in SETTINGS["titles"]:
                file.writelines(f"{line}\n" for _, line in read_lines(self.data / name / "docs.jsonl"))
            file.writelines(f"{line}\n" for line in passages)

    def passages(self) -> Iterator[Stage]:
        """Titles asked of the texts alone, as questions and passages look elsewhere, and the bi-encoder's scores."""
        asked = ["--topics", self.path("passages.tsv")]
        yield Stage("passages index", ["index", "--input", self.path("passages.jsonl"), *self.bodies])
        yield Stage("passages titles", self.ask_passages)
        yield from self.over_passages("passages", asked)

    def over_passages(self, name: str, asked: list[str]) -> Iterator[Stage]:
        """BM25's best of the texts alone, and the bi-encoder's scores of a dozen of each list."""
        found = self.path(f"{name}.bm25.txt")
        yield Stage(f"{name} lists", ["retrieve", *self.bodies, *asked, "--hits", "50", "--output", found])
        how = [*asked, "--collection", self.path("passages.jsonl"), "--sample", "12", "--max-length", "128"]
        yield self.scored(name, "bi", found, how)

    def kept(self, name: str) -> Iterator[Stage]:
        """Lists of texts alone that students learn beside the committee's: titles', and the train queries'.

        Both bi-encoders score them, on one scale.
        """
        asked = ["--topics", self.path(f"{name}.asked.tsv")]
        yield Stage(f"{name} asked", lambda: self.ask(name))
        yield from self.over_passages(f"{name}.asked", asked)
        yield Stage(f"{name} kept", lambda: self.keep(name))
        topics, run = self.path(f"{name}.kept.tsv"), self.path(f"{name}.kept.bi.txt")
        how = ["--topics", topics, "--collection", self.path("passages.jsonl"), "--max-length", "112"]
        yield self.scored(f"{name}.kept", "bi-large", run, how)
        both = [run, self.path(f"{name}.kept.bi-large.txt"), "--output", self.path(f"{name}.kept.committee.txt")]
        yield Stage(f"{name} kept, committee", ["fuse", *both])

    @property
    def bodies(self) -> list[str]:
        """The option that names the index of the texts alone."""
        return ["--index", self.path("passages.index")]

    def ask(self, name: str) -> None:
        """Every so many train queries, under qids of their own."""
        queries = list(read_topics(self.path(f"{name}.train.topics.tsv")).values())[:: SETTINGS["kept_queries"]]
        write_topics({f"pq{q.qid}": Query(f"pq{q.qid}", q.text) for q in queries}, self.path(f"{name}.asked.tsv"))

    def keep(self, name: str) -> None:
        """One in so many of the titles' lists, and all of the train queries'."""
        titles, asked = read_topics(self.path("passages.tsv")), read_topics(self.path(f"{name}.asked.tsv"))
        runs = read_run(self.path("passages.bi.txt")), read_run(self.path(f"{name}.asked.bi.txt"))
        queries = {**{qid: titles[qid] for qid in list(titles)[:: SETTINGS["kept_passages"]]}, **asked}
        hits = {qid: run[qid] for run in runs for qid in queries if qid in run}
        write_topics({qid: queries[qid] for qid in hits}, self.path(f"{name}.kept.tsv"))
        write_run(Run(hits, runs[0].tag), self.path(f"{name}.kept.bi.txt"))

    def ask_passages(self) -> None:
        """The last titles of each collection, as topics of their own."""
        asked = {}
        for name, count in SETTINGS["passages"].items():
            for query in list(read_topics(self.path(f"{name}.titles.tsv")).values())[-count:]:
                asked[f"p{query.qid}"] = Query(f"p{query.qid}", query.text)
        write_topics(asked, self.path("passages.tsv"))

    def share(self, name: str, count: int) -> None:
        """The first so many of a collection's titles that have candidates, with the bi-encoder's and BM25's run."""
        queries, bi = read_topics(self.path(f"{name}.titles.tsv")), read_run(self.path(f"{name}.titles.bi.txt"))
        bm25, kept = read_run(self.path(f"{name}.titles.bm25.txt")), [qid for qid in queries if qid in bi][:count]
        write_topics({qid: queries[qid] for qid in kept}, self.path(f"{name}.share.tsv"))
        write_run(Run({qid: bi[qid] for qid in kept}, bi.tag), self.path(f"{name}.share.bi.txt"))
        same = {qid: set(bi.docids(qid)) for qid in kept}
        first = {qid: [hit for hit in bm25[qid] if hit.docid in same[qid]] for qid in kept}
        write_run(Run(first, bm25.tag), self.path(f"{name}.share.bm25.txt"))

    def texts(self, topics: str) -> list[str]:
        """The options that name topics and the texts of all collections."""
        return ["--topics", self.path(topics), "--collection", self.path("docs.jsonl")]

    def taught(self, run: str, topics: str) -> list[str]:
        """The options of a teacher's run and its topics."""
        return ["--run", self.path(f"{run}.txt"), "--topics", self.path(topics)]
