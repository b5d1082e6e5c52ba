"""The README's results on real collections: scifact and vaswani (BM25), mwmbl (teacher and student), dl19 (zero-shot).

Needs a folder with these collections, each with `docs.jsonl`, `queries.tsv`, `qrels.txt`, and split files; see
scripts/README.md. Finished stages are kept, so a killed script goes on where it stopped. About an hour on two cores.

    python scripts/real_input.py --data ../shared/data --output runs/real-input
"""

import argparse
import logging
import tomllib
from collections.abc import Iterator
from pathlib import Path

from judged import judged_lists, select

from rerankkit.cli import main
from rerankkit.demo.resume import Stage, go_on
from rerankkit.demo.stages import fast_dtype

SETTINGS = tomllib.loads(Path(__file__).with_name("real_input.toml").read_text("utf-8"))


def stages(data: Path, out: Path) -> Iterator[Stage]:
    """Everything, in order."""
    yield from retrieval(data, out)
    yield from mwmbl(data / "mwmbl", out)
    yield from dl19(data / "dl19", out)


def retrieval(data: Path, out: Path) -> Iterator[Stage]:
    """BM25 on collections that are searched whole."""
    for name, split in (("scifact", "test"), ("vaswani", None)):
        source, topics, run = data / name, out / f"{name}.topics.tsv", out / f"{name}.bm25.txt"
        index = ["--index", str(out / f"{name}.index")]
        qrels = out / f"{name}.qrels.txt"
        yield Stage(f"{name} topics", lambda source=source, split=split, name=name: select(source, split, out, name))
        yield Stage(f"{name} index", ["index", "--input", str(source / "docs.jsonl"), *index])
        yield Stage(
            f"{name} bm25", ["retrieve", *index, "--topics", str(topics), "--hits", "1000", "--output", str(run)]
        )
        yield Stage(f"{name} evaluate", evaluation(qrels, "nDCG@10 R@100", run))


def mwmbl(source: Path, out: Path) -> Iterator[Stage]:
    """A teacher fine-tuned on the train queries' grades, a student distilled from its run; both on judged lists."""
    index, models = ["--index", str(out / "mwmbl.index")], ["--models", str(out / "models")]
    deep = out / "mwmbl.deep.txt"

    def lists(split: str) -> list[str]:
        return ["--run", str(out / f"mwmbl.{split}.bm25.txt"), "--topics", str(out / f"mwmbl.{split}.topics.tsv")]

    def run(name: str) -> Path:
        return out / f"mwmbl.{name}.txt"

    for split in ("train", "dev"):
        yield Stage(f"mwmbl {split}", lambda split=split: select(source, split, out, f"mwmbl.{split}"))
    yield Stage("mwmbl index", ["index", "--input", str(source / "docs.jsonl"), *index])
    topics = ["--topics", str(source / "queries.tsv")]
    yield Stage("mwmbl bm25", ["retrieve", *index, *topics, "--hits", "40000", "--output", str(deep)])
    for split in ("train", "dev"):
        yield Stage(f"mwmbl {split} lists", lambda split=split: judged_lists(deep, out, f"mwmbl.{split}"))
    grades = ["--qrels", str(out / "mwmbl.train.qrels.txt")]
    yield Stage(
        "mwmbl teacher",
        ["sft", *lists("train"), *index, *grades, "--model", "smollm2-135m", *models]
        + ["--output", str(out / "models/llm-teacher"), *SETTINGS["teacher"]],
    )
    yield Stage(
        "mwmbl teacher's run",
        ["rerank", "--model", "llm-teacher", *models, *lists("train"), *index, "--dtype", fast_dtype()]
        + ["--output", str(run("train.llm-teacher")), *SETTINGS["teacher_run"]],
    )
    yield Stage(
        "mwmbl student",
        ["distill", "--run", str(run("train.llm-teacher")), "--topics", str(out / "mwmbl.train.topics.tsv"), *index]
        + [*models, "--model", "minilm-l6", "--output", str(out / "models/bert-distilled"), *SETTINGS["student"]],
    )
    for name in ("bert-distilled", "llm-teacher"):
        yield Stage(
            f"mwmbl dev by {name}",
            ["rerank", "--model", name, *models, *lists("dev"), *index, "--dtype", fast_dtype()]
            + ["--output", str(run(f"dev.{name}"))],
        )
    runs = [out / "mwmbl.dev.bm25.txt", run("dev.llm-teacher"), run("dev.bert-distilled")]
    yield Stage("mwmbl evaluate", evaluation(out / "mwmbl.dev.qrels.txt", "nDCG@5 nDCG@10 PNR", *runs))


def dl19(source: Path, out: Path) -> Iterator[Stage]:
    """The public runs, and BM25's reranked by the mwmbl student that never saw such text: a negative control."""
    reranked = out / "dl19.bert-distilled.txt"
    yield Stage(
        "dl19 by bert-distilled",
        ["rerank", "--model", "bert-distilled", "--models", str(out / "models"), "--dtype", fast_dtype()]
        + ["--run", str(source / "run.bm25.txt"), "--topics", str(source / "queries.tsv")]
        + ["--collection", str(source / "docs.jsonl"), "--output", str(reranked)],
    )
    public = sorted(path for path in source.glob("run.*.txt") if path.name != "run.bm25.txt")
    runs = [source / "run.bm25.txt", *public, reranked]
    yield Stage("dl19 evaluate", evaluation(source / "qrels.txt", "nDCG@10 RR@10 PNR", *runs))


def evaluation(qrels: Path, measures: str, *runs: Path) -> list[str]:
    """The arguments that print a table."""
    return ["evaluate", *map(str, runs), "--qrels", str(qrels), "--measures", measures]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the collections")
    parser.add_argument("--output", type=Path, default=Path("runs/real-input"), help="where everything goes")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options.output.mkdir(parents=True, exist_ok=True)
    go_on(options.output, stages(options.data, options.output), lambda args: main(args, standalone_mode=False))
