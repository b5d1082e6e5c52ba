"""The whole method as commands: each finished stage is kept, and a later call goes on behind it."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rerankkit.demo.collection import build
from rerankkit.demo.sizes import Sizes
from rerankkit.files import whole_file
from rerankkit.trec import read_qrels, read_run, read_topics, write_qrels, write_topics

log = logging.getLogger(__name__)

Invoke = Callable[[list[str]], None]
"""Runs one rerankkit command."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A step with a name: a command's arguments, or work of the demo's own."""

    name: str
    does: list[str] | Callable[[], object]

    def told(self) -> str:
        """What would run, as one line."""
        return "rerankkit " + " ".join(self.does) if isinstance(self.does, list) else self.name


def stages(folder: Path, sizes: Sizes, seed: int) -> Iterator[Stage]:
    """The demo's stages in order, all of whose files lie in `folder`."""
    where = {name: str(folder / name) for name in ("docs.jsonl", "clicks.jsonl", "index", "models")}
    index, models = ["--index", where["index"]], ["--models", where["models"]]
    made = [*models, "--seed", str(seed)]

    def topics(split: str) -> list[str]:
        return ["--topics", str(folder / f"topics.{split}.tsv")]

    def model(name: str) -> str:
        return str(folder / "models" / name)

    def run(name: str) -> str:
        return str(folder / f"run.{name}.txt")

    yield Stage("collection", lambda: build(folder, seed))
    yield Stage("samples", lambda: _samples(folder, sizes))
    yield Stage("index", ["index", "--input", where["docs.jsonl"], *index])
    for split, name in (("train", "train"), ("distill", "distill"), ("test.sample", "test")):
        command = ["retrieve", *index, *topics(split), "--hits", "100", "--remove-query"]
        yield Stage(f"retrieve {name}", [*command, "--output", run(f"bm25.{name}")])
    yield Stage("unclicked", lambda: _unclicked_as_grade_0(folder))
    yield Stage(
        "cpt",
        ["cpt", "--clicks", where["clicks.jsonl"], *index, "--model", "smollm2-135m", "--output", model("cpt")]
        + [*made, *TEACHER, "--max-steps", str(sizes.cpt_steps), "--learning-rate", "2e-4"]
        + (["--lora-layers", str(sizes.lora_layers)] if sizes.lora_layers else []),
    )
    yield Stage(
        "sft",
        ["sft", "--run", run("bm25.train"), *topics("train"), *index, "--clicks", where["clicks.jsonl"]]
        + ["--model", model("cpt"), "--output", model("llm-teacher"), *made, *TEACHER]
        + ["--loss", "lce", "--learning-rate", "4e-4", "--group-size", str(sizes.sft_group)]
        + ["--num-train-epochs", str(sizes.sft_epochs), "--per-device-train-batch-size", "4"]
        + (["--lora-layers", str(sizes.lora_layers)] if sizes.lora_layers else []),
    )
    for split in ("train", "distill"):
        yield Stage(
            f"rerank {split}",
            ["rerank", "--model", "llm-teacher", "--run", run(f"bm25.{split}"), *topics(split), *index, *models]
            + ["--depth", str(sizes.teacher_depth), "--no-tail", "--dtype", "bfloat16"]
            + ["--output", run(f"llm-teacher.{split}")],
        )
    yield Stage(
        "distill",
        ["distill", "--run", run("llm-teacher.train"), "--run", run("llm-teacher.distill")]
        + [*topics("train"), *topics("distill"), *index, "--model", "minilm-l6", "--output", model("bert-distilled")]
        + [*made, "--loss", "hybrid", "--alpha", "0.2", "--beta", "1", "--learning-rate", "2e-4"]
        + ["--group-size", "8", "--per-device-train-batch-size", "8", *LENGTHS]
        + ["--num-train-epochs", str(sizes.distill_epochs)],
    )
    for name, depth in (("bert-distilled", 100), ("llm-teacher", sizes.test_teacher_depth)):
        yield Stage(
            f"rerank test by {name}",
            ["rerank", "--model", name, "--run", run("bm25.test"), *topics("test.sample"), *index, *models]
            + ["--depth", str(depth), "--dtype", "bfloat16", "--output", run(f"{name}.test")],
        )


LENGTHS = ["--max-length", "64", "--max-query-tokens", "28"]
TEACHER = [*LENGTHS, "--lora-r", "16"]


def go_on(folder: Path, steps: Iterator[Stage], invoke: Invoke) -> list[str]:
    """Runs the stages that are not done yet, in order, and returns the names of those that it skipped.

    A stage whose command changed is run again, and so is all that follows it.
    """
    record = folder / "stages.json"
    done: dict[str, str] = json.loads(record.read_text("utf-8")) if record.is_file() else {}
    kept: dict[str, str] = {}
    skipped: list[str] = []
    for number, stage in enumerate(steps, 1):
        if len(skipped) == len(kept) == number - 1 and done.get(stage.name) == stage.told():
            kept[stage.name] = stage.told()
            skipped.append(stage.name)
            continue
        if len(skipped) == number - 1 and skipped:
            log.info("skipped, done before: %s", ", ".join(skipped))
        log.info("[%d] %s", number, stage.told())
        if isinstance(stage.does, list):
            invoke(stage.does)
        else:
            stage.does()
        kept[stage.name] = stage.told()
        with whole_file(record) as file:
            json.dump(kept, file, indent=1)
    return skipped


def _samples(folder: Path, sizes: Sizes) -> None:
    """Topics in the demo's sizes: unlabelled ones for distillation, and a sample of the test queries."""
    for source, target, size in (("unlabelled", "distill", sizes.unlabelled), ("test", "test.sample", sizes.test)):
        queries = read_topics(folder / f"topics.{source}.tsv")
        chosen = sorted(queries) if source == "test" else list(queries)  # a test qid is a hash: any order is random
        write_topics({qid: queries[qid] for qid in islice(chosen, size)}, folder / f"topics.{target}.tsv")


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
