"""The whole method as commands, on the demo's collection."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rerankkit.demo.collection import build
from rerankkit.demo.resume import Stage
from rerankkit.demo.sizes import Sizes
from rerankkit.trec import read_qrels, read_run, read_topics, write_qrels, write_topics

TEACHER = ["--max-length", "48", "--max-query-tokens", "24", "--lora-r", "16", "--learning-rate", "1e-3"]
STUDENT = ["--max-length", "64", "--max-query-tokens", "24"]
SAMPLES = ("train", "unlabelled", "test")


def stages(folder: Path, sizes: Sizes, seed: int) -> Iterator[Stage]:
    """The demo's stages in order, all of whose files lie in `folder`."""
    names = Names(folder)
    yield from first_stage(names, seed, sizes)
    yield from teaching(names, seed, sizes)
    yield from distilling(names, seed, sizes)


@dataclass(frozen=True, slots=True)
class Names:
    """Where the stages' files lie, as arguments."""

    folder: Path

    def topics(self, name: str) -> list[str]:
        return ["--topics", str(self.folder / f"topics.{name}.sample.tsv")]

    def model(self, name: str) -> str:
        return str(self.folder / "models" / name)

    def run(self, system: str, name: str) -> str:
        return str(self.folder / f"run.{system}.{name}.txt")

    def lists(self, name: str) -> list[str]:
        return ["--run", self.run("bm25", name), *self.topics(name), *self.index, *self.models]

    @property
    def index(self) -> list[str]:
        return ["--index", str(self.folder / "index")]

    @property
    def store(self) -> list[str]:
        return ["--store", str(self.folder / "scores.sqlite")]

    @property
    def models(self) -> list[str]:
        return ["--models", str(self.folder / "models")]

    @property
    def clicks(self) -> list[str]:
        return ["--clicks", str(self.folder / "clicks.jsonl")]


def first_stage(names: Names, seed: int, sizes: Sizes) -> Iterator[Stage]:
    """Collection, index, BM25."""
    folder = names.folder
    yield Stage("collection", lambda: build(folder, seed))
    yield Stage(f"samples {sizes.train} {sizes.unlabelled} {sizes.test}", lambda: _samples(folder, sizes))
    yield Stage("index", ["index", "--input", str(folder / "docs.jsonl"), *names.index])
    for name in SAMPLES:
        arguments = [*names.index, *names.topics(name), "--hits", "100", "--remove-query"]
        yield Stage(f"retrieve {name}", ["retrieve", *arguments, "--output", names.run("bm25", name)])
    yield Stage("unclicked", lambda: _unclicked_as_grade_0(folder))


def teaching(names: Names, seed: int, sizes: Sizes) -> Iterator[Stage]:
    """CPT on clicks, SFT with a rank loss, the teacher's runs."""
    how = [*TEACHER, *(["--lora-layers", str(sizes.lora_layers)] if sizes.lora_layers else []), "--seed", str(seed)]
    yield Stage(
        "cpt",
        ["cpt", *names.clicks, *names.index, *names.models, "--model", "smollm2-135m", "--output", names.model("cpt")]
        + ["--max-steps", str(sizes.cpt_steps), *how],
    )
    yield Stage(
        "sft",
        ["sft", *names.lists("train"), *names.clicks, "--model", names.model("cpt")]
        + ["--output", names.model("llm-teacher"), "--loss", "lce", "--group-size", str(sizes.sft_group)]
        + ["--per-device-train-batch-size", "2", "--num-train-epochs", str(sizes.sft_epochs), *how],
    )
    for name in ("train", "unlabelled"):
        yield Stage(
            f"rerank {name} by llm-teacher",
            ["rerank", "--model", "llm-teacher", *names.lists(name), "--sample", str(sizes.teacher_sample)]
            + [*names.store, "--dtype", fast_dtype(), "--output", names.run("llm-teacher", name)],
        )


def fast_dtype() -> str:
    """The dtype in which this machine computes fastest."""
    from rerankkit.rerank.scorer import has_fast_bf16

    return "bfloat16" if has_fast_bf16() else "float32"


def distilling(names: Names, seed: int, sizes: Sizes) -> Iterator[Stage]:
    """The student, warmed up on the clicks and then fitted to the teacher's runs; both models on the test queries.

    The label warm-up is Rank-DistiLLM's (arXiv 2405.07920): a cross-encoder that starts from a bi-encoder's weights
    needs more lists to find its feet than a small teacher can score in the time.
    """
    how = [*STUDENT, "--seed", str(seed)]
    yield Stage(
        "warm up",
        ["sft", *names.lists("train"), *names.clicks, "--model", "minilm-l6", "--output", names.model("bert-clicks")]
        + ["--loss", "lce", "--group-size", "8", "--per-device-train-batch-size", "4", "--learning-rate", "2e-4", *how],
    )
    yield Stage(
        "distill",
        ["distill", "--run", names.run("llm-teacher", "train"), *names.topics("train")]
        + ["--run", names.run("llm-teacher", "unlabelled"), *names.topics("unlabelled"), *names.index, *names.models]
        + ["--model", names.model("bert-clicks"), "--output", names.model("bert-distilled"), "--loss", "hybrid"]
        + ["--alpha", "0.2", "--beta", "1", "--group-size", "8", "--per-device-train-batch-size", "4"]
        + ["--learning-rate", "5e-5", "--num-train-epochs", str(sizes.distill_epochs), *how],
    )
    for name, depth in (("bert-distilled", 100), ("llm-teacher", sizes.test_teacher_depth)):
        arguments = ["rerank", "--model", name, *names.lists("test"), "--dtype", fast_dtype(), "--depth", str(depth)]
        yield Stage(f"rerank test by {name}", [*arguments, *names.store, "--output", names.run(name, "test")])


def _samples(folder: Path, sizes: Sizes) -> None:
    """The topics in the demo's sizes; a qid is a hash, or their order is one, so that the first few are a sample."""
    for name, size in zip(SAMPLES, (sizes.train, sizes.unlabelled, sizes.test), strict=True):
        queries = read_topics(folder / f"topics.{name}.tsv")
        chosen = list(queries) if name == "unlabelled" else sorted(queries)
        write_topics({qid: queries[qid] for qid in islice(chosen, size)}, folder / f"topics.{name}.sample.tsv")


def _unclicked_as_grade_0(folder: Path) -> None:
    """The test's qrels with each retrieved document that nobody clicked as grade 0, so that PNR has pairs."""
    qrels, run = read_qrels(folder / "qrels.test.txt"), read_run(folder / "run.bm25.test.txt")
    chosen = read_topics(folder / "topics.test.sample.tsv")
    full = {
        qid: {**dict.fromkeys(run.docids(qid) if qid in run else (), 0), **grades}
        for qid, grades in qrels.items()
        if qid in chosen
    }
    write_qrels(full, folder / "qrels.test.full.txt")
