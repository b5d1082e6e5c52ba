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
        yield from self.kept()

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
        docs, index = self.path("passages.jsonl"), ["--index", self.path("passages.index")]
        asked, found = ["--topics", self.path("passages.tsv")], self.path("passages.bm25.txt")
        yield Stage("passages index", ["index", "--input", docs, *index])
        yield Stage("passages titles", self.ask_passages)
        yield Stage("passages lists", ["retrieve", *index, *asked, "--hits", "50", "--output", found])
        yield self.scored(
            "passages", "bi", found, [*asked, "--collection", docs, "--sample", "12", "--max-length", "128"]
        )

    def kept(self) -> Iterator[Stage]:
        """What students learn again beside the committee's lists: some of the bi-encoder's, put on the same scale."""
        for name in [*SETTINGS["kept"], "passages"]:
            yield Stage(f"{name} kept", lambda name=name: self.keep(name))
            run = [self.path(f"{name}.kept.bi.txt"), "--output", self.path(f"{name}.kept.scaled.txt")]
            yield Stage(f"{name} kept, scaled", ["fuse", *run])

    def keep(self, name: str) -> None:
        """The first titles of a collection, or one in so many of the passages'."""
        if name == "passages":
            queries = list(read_topics(self.path("passages.tsv")))[:: SETTINGS["kept_passages"]]
            self.cut("passages", queries, "passages.kept")
        else:
            found = read_run(self.path(f"{name}.titles.bi.txt"))
            queries = [qid for qid in read_topics(self.path(f"{name}.titles.tsv")) if qid in found]
            self.cut(f"{name}.titles", queries[: SETTINGS["kept"][name]], f"{name}.kept")

    def cut(self, lists: str, qids: list[str], output: str) -> None:
        """These queries, the bi-encoder's run of them, and BM25's scores of the same candidates."""
        queries, bi = read_topics(self.path(f"{lists}.tsv")), read_run(self.path(f"{lists}.bi.txt"))
        bm25, kept = read_run(self.path(f"{lists}.bm25.txt")), [qid for qid in qids if qid in bi]
        write_topics({qid: queries[qid] for qid in kept}, self.path(f"{output}.tsv"))
        write_run(Run({qid: bi[qid] for qid in kept}, bi.tag), self.path(f"{output}.bi.txt"))
        same = {qid: set(bi.docids(qid)) for qid in kept}
        first = {qid: [hit for hit in bm25[qid] if hit.docid in same[qid]] for qid in kept}
        write_run(Run(first, bm25.tag), self.path(f"{output}.bm25.txt"))

    def ask_passages(self) -> None:
        """The last titles of each collection, as topics of their own."""
        asked = {}
        for name, count in SETTINGS["passages"].items():
            for query in list(read_topics(self.path(f"{name}.titles.tsv")).values())[-count:]:
                asked[f"p{query.qid}"] = Query(f"p{query.qid}", query.text)
        write_topics(asked, self.path("passages.tsv"))

    def share(self, name: str, count: int) -> None:
        """The first so many of a collection's titles that have candidates."""
        found = read_run(self.path(f"{name}.titles.bi.txt"))
        kept = [qid for qid in read_topics(self.path(f"{name}.titles.tsv")) if qid in found][:count]
        self.cut(f"{name}.titles", kept, f"{name}.share")

    def texts(self, topics: str) -> list[str]:
        """The options that name topics and the texts of all collections."""
        return ["--topics", self.path(topics), "--collection", self.path("docs.jsonl")]

    def taught(self, run: str, topics: str) -> list[str]:
        """The options of a teacher's run and its topics."""
        return ["--run", self.path(f"{run}.txt"), "--topics", self.path(topics)]
