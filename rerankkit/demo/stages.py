"""The whole method as commands, on the demo's collection."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from rerankkit.demo.collection import build
from rerankkit.demo.resume import Stage
from rerankkit.demo.sizes import Sizes
from rerankkit.trec import read_qrels, read_run, read_topics, write_qrels, write_topics

TEACHER = ["--max-length", "56", "--max-query-tokens", "24", "--lora-r", "16", "--learning-rate", "1e-3"]
STUDENT = ["--max-length", "64", "--max-query-tokens", "24", "--learning-rate", "2e-4"]
SAMPLES = ("train", "unlabelled", "test")


def stages(folder: Path, sizes: Sizes, seed: int) -> Iterator[Stage]:
    """The demo's stages in order, all of whose files lie in `folder`."""
    index = ["--index", str(folder / "index")]
    clicks = ["--clicks", str(folder / "clicks.jsonl")]
    models = ["--models", str(folder / "models")]
    adapter = ["--lora-layers", str(sizes.lora_layers)] if sizes.lora_layers else []

    def topics(name: str) -> list[str]:
        return ["--topics", str(folder / f"topics.{name}.sample.tsv")]

    def model(name: str) -> str:
        return str(folder / "models" / name)

    def run(system: str, name: str) -> str:
        return str(folder / f"run.{system}.{name}.txt")

    yield Stage("collection", lambda: build(folder, seed))
    yield Stage("samples", lambda: _samples(folder, sizes))
    yield Stage("index", ["index", "--input", str(folder / "docs.jsonl"), *index])
    for name in SAMPLES:
        arguments = [*index, *topics(name), "--hits", "100", "--remove-query"]
        yield Stage(f"retrieve {name}", ["retrieve", *arguments, "--output", run("bm25", name)])
    yield Stage("unclicked", lambda: _unclicked_as_grade_0(folder))
    yield Stage(
        "cpt",
        ["cpt", *clicks, *index, *models, "--model", "smollm2-135m", "--output", model("cpt"), *TEACHER, *adapter]
        + ["--max-steps", str(sizes.cpt_steps), "--seed", str(seed)],
    )
    yield Stage(
        "sft",
        ["sft", "--run", run("bm25", "train"), *topics("train"), *clicks, *index, *models, "--model", model("cpt")]
        + ["--output", model("llm-teacher"), "--loss", "lce", "--group-size", str(sizes.sft_group), *TEACHER, *adapter]
        + ["--per-device-train-batch-size", "2", "--num-train-epochs", str(sizes.sft_epochs), "--seed", str(seed)],
    )
    for name in ("train", "unlabelled"):
        arguments = ["--run", run("bm25", name), *topics(name), *index, *models, "--dtype", "bfloat16"]
        yield Stage(
            f"rerank {name} by llm-teacher",
            ["rerank", "--model", "llm-teacher", *arguments, "--sample", str(sizes.teacher_sample)]
            + ["--output", run("llm-teacher", name)],
        )
    yield Stage(
        "distill",
        ["distill", "--run", run("llm-teacher", "train"), *topics("train")]
        + ["--run", run("llm-teacher", "unlabelled"), *topics("unlabelled"), *index, *models]
        + ["--model", "minilm-l6", "--output", model("bert-distilled"), "--loss", "hybrid", *STUDENT]
        + ["--alpha", "0.2", "--beta", "1", "--group-size", "8", "--per-device-train-batch-size", "4"]
        + ["--num-train-epochs", str(sizes.distill_epochs), "--seed", str(seed)],
    )
    for name, depth in (("bert-distilled", 100), ("llm-teacher", sizes.test_teacher_depth)):
        arguments = ["--run", run("bm25", "test"), *topics("test"), *index, *models, "--dtype", "bfloat16"]
        yield Stage(
            f"rerank test by {name}",
            ["rerank", "--model", name, *arguments, "--depth", str(depth), "--output", run(name, "test")],
        )


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
