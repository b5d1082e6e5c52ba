"""What the fuzz driver calls with a mutated file: every reader, and the commands that a user gives the file to."""

import contextlib
import importlib.util
import io
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from seeds import DOCUMENTS, OTHER, QRELS, RUN, SEEDS, TOPICS

Target = Callable[[Path], int]
"""A mutated file -> 0 where it was taken, else the exit code of the refusal."""

MODEL_FILES = {
    "cross/config.json": "cross",
    "cross/tokenizer.json": "cross",
    "cross/tokenizer_config.json": "cross",
    "cross/model.safetensors": "cross",
    "cross/rerankkit.json": "cross",
    "bi/modules.json": "bi",
    "bi/1_Pooling/config.json": "bi",
    "bi/config_sentence_transformers.json": "bi",
    "bi/sentence_bert_config.json": "bi",
    "adapter/adapter_config.json": "adapter",
    "adapter/adapter_model.safetensors": "adapter",
}
"""A file of a model's folder -> the folder, which is loaded with that file mutated."""


class ViolationError(Exception):
    """What no input may cause."""


def command(*words: str | Path) -> int:
    """Runs a command in this process and returns its exit code; ViolationError for no success and no refusal."""
    from click.testing import CliRunner

    from rerankkit.cli import main

    result = CliRunner().invoke(main, ["-q", *map(str, words)], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise ViolationError(f"{words[0]}: {type(result.exception).__name__}") from result.exception
    if result.exit_code not in (0, 1, 2):
        raise ViolationError(f"{words[0]}: exit code {result.exit_code}: {result.output[-2000:]}")
    if "Traceback" in result.output:
        raise ViolationError(f"{words[0]}: {result.output[-2000:]}")
    if result.exit_code == 2 and "Error" not in result.output:
        raise ViolationError(f"{words[0]}: exit code 2 without a message")
    return result.exit_code


def reads(module: str, name: str, *rest: object) -> Target:
    """Calls a reader of the library, to the end of what it yields."""

    def call(path: Path) -> int:
        from rerankkit.errors import InputError

        reader = getattr(importlib.import_module(module), name)
        try:
            found = reader(path, *rest)
            if hasattr(found, "__next__"):
                for _ in found:
                    pass
        except InputError as error:
            if not str(error):
                raise ViolationError(f"{name}: an empty message") from error
            return 2
        return 0

    return call


def journal(path: Path) -> int:
    """Opens a journal, which lies beside its output."""
    from rerankkit.errors import InputError
    from rerankkit.journal import LineJournal

    try:
        opened = LineJournal(path.with_name(path.name.removesuffix(".journal")), {"how": "x", "n": "2"})
    except InputError:
        return 2
    opened.add({"a": 1})
    opened.close()
    return 0


def settings(path: Path) -> int:
    """Reads a training's settings."""
    from rerankkit.errors import InputError
    from rerankkit.train.settings import RankTraining, settings_from

    try:
        settings_from(RankTraining, {}, path)
    except InputError:
        return 2
    return 0


def scores(folder: str) -> Target:
    """Scores two pairs with a model of which one file is mutated."""

    def call(path: Path) -> int:
        rerank = ("rerank", "--model", path.parents[len(path.relative_to(Path.cwd()).parts) - 3])
        return command(*rerank, "--run", "run.txt", *TEXTS, "--output", "out.txt", "--no-store", "--device", "cpu")

    return call


def exports(path: Path) -> int:
    """Exports a cross-encoder of which one file is mutated."""
    return command("export", "--model", path.parent, "--format", "merged", "--output", "exported")


TEXTS = ("--topics", "topics.tsv", "--collection", "docs.jsonl")


def with_run(*words: str) -> Target:
    """A command over the fuzzed file, `FILE` among its words."""
    return lambda path: command(*[path if word == "FILE" else word for word in words])


TOPICS_TARGETS = [
    reads("rerankkit.trec", "read_topics"),
    with_run("evaluate", "run.txt", "--qrels", "qrels.txt", "--topics", "FILE"),
    with_run("lint", "run.txt", "--topics", "FILE"),
]
DOCUMENT_TARGETS = [
    reads("rerankkit.collection.documents", "read_documents"),
    with_run("lint", "run.txt", "--collection", "FILE"),
    with_run("queries", "--from-titles", "--collection", "FILE", "--output", "out.tsv"),
]
TARGETS: dict[str, list[Target]] = {
    "run": [
        reads("rerankkit.trec", "read_run"),
        with_run("evaluate", "FILE", "run.txt", "--qrels", "qrels.txt"),
        with_run("compare", "run.txt", "FILE", "--qrels", "qrels.txt"),
        with_run("lint", "FILE", "--qrels", "qrels.txt", "--topics", "topics.tsv"),
        with_run("fuse", "FILE", "run.txt", "--output", "out.txt"),
        with_run("diagnose", "--teacher", "FILE", "--student", "other.txt", "--qrels", "qrels.txt"),
        with_run("submit", "FILE", "--track", "generic", "--output", "handed-in"),
        with_run("rerank", "--model", "bm25", "--run", "FILE", *TEXTS, "--output", "out.txt"),
    ],
    "qrels": [
        reads("rerankkit.trec", "read_qrels"),
        with_run("evaluate", "run.txt", "other.txt", "--qrels", "FILE", "--measures", "nDCG@10 ERR@10 AP PNR Accuracy"),
        with_run("compare", "run.txt", "other.txt", "--qrels", "FILE", "--report", "out.html"),
        with_run("lint", "run.txt", "--qrels", "FILE"),
        with_run("diagnose", "--teacher", "run.txt", "--qrels", "FILE"),
    ],
    **{kind: TOPICS_TARGETS for kind in SEEDS if kind.startswith("topics.")},
    **{kind: DOCUMENT_TARGETS for kind in SEEDS if kind.startswith("docs.")},
    **{
        kind: [
            reads("rerankkit.collection.clicks", "read_clicks"),
            with_run("queries", "--from-log", "FILE", "--output", "out.tsv"),
        ]
        for kind in SEEDS
        if kind.startswith("clicks.")
    },
    "side": [with_run("reproduce", "FILE")],
    "history": [with_run("submit", "run.txt", "--track", "generic", "--output", "handed-in")],
    "note": [with_run("models")],
    "journal": [journal],
    "config.toml": [
        settings,
        with_run(
            *("distill", "--run", "run.txt", *TEXTS, "--model", "cross", "--config", "FILE"),
            *("--max-steps", "1", "--max-length", "32", "--use-cpu", "--output", "trained"),
        ),
    ],
    "track.toml": [with_run("submit", "run.txt", "--track", "FILE", "--output", "handed-in")],
    "store": [
        with_run("store", "stats", "--store", "FILE"),
        with_run("store", "prune", "--older-than", "1d", "--store", "FILE"),
    ],
    **{kind: [scores(folder)] + [exports] * (folder == "cross") for kind, folder in MODEL_FILES.items()},
}
PLACES = {"history": "run.txt.meta.json", "side": "fused.txt.meta.json", "note": "runs/models/mine/rerankkit.json"}
"""Where a mutated file must lie to be read, where its own name does not say so."""


def build_world(folder: Path) -> dict[str, list[bytes]]:
    """Fills a folder with valid inputs and tiny models; returns the contents to mutate, by kind."""
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", OMP_NUM_THREADS="1", RERANKKIT_QUIET="1")
    os.environ["RERANKKIT_BACKEND"] = "torch"
    os.chdir(folder)
    for name, text in {"run.txt": RUN, "other.txt": OTHER, "qrels.txt": QRELS, "topics.tsv": TOPICS}.items():
        Path(name).write_text(text)
    Path("docs.jsonl").write_text(DOCUMENTS)
    logging.getLogger("rerankkit").setLevel(logging.ERROR)
    with contextlib.redirect_stderr(io.StringIO()):
        _models(folder)
        rerank = ("rerank", "--model", "cross", "--run", "run.txt", *TEXTS, "--device", "cpu")
        command(*rerank, "--output", "out.txt", "--store", "scores.sqlite")
        command("fuse", "run.txt", "other.txt", "--output", "fused.txt")
    contents = {kind: [*found] for kind, found in SEEDS.items()}
    contents["side"] = [Path("fused.txt.meta.json").read_bytes()]
    contents["store"] = [Path("scores.sqlite").read_bytes()]
    for name in MODEL_FILES:
        contents[name] = [Path(name).read_bytes()]
    return contents


def _models(folder: Path) -> None:
    spec = importlib.util.spec_from_file_location("toys", Path(__file__).parents[1] / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    toys = importlib.util.module_from_spec(spec)
    sys.modules["toys"] = toys
    spec.loader.exec_module(toys)
    tokenizer = toys.wordpiece()
    toys.save(folder / "cross", "BertForSequenceClassification", toys.bert_config(num_labels=1), tokenizer)
    note = {"architecture": "cross-encoder", "lengths": {"max_length": 32}}
    (folder / "cross/rerankkit.json").write_text(json.dumps(note))
    bi = toys.save(folder / "bi", "BertModel", toys.bert_config(), tokenizer)
    (bi / "1_Pooling").mkdir()
    (bi / "1_Pooling/config.json").write_text('{"word_embedding_dimension": 32, "pooling_mode_mean_tokens": true}')
    kinds = [("Transformer", ""), ("Pooling", "1_Pooling")]
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, path) in enumerate(kinds)
    ]
    (bi / "modules.json").write_text(json.dumps(modules))
    (bi / "config_sentence_transformers.json").write_text('{"prompts": {}, "similarity_fn_name": "cosine"}')
    (bi / "sentence_bert_config.json").write_text('{"max_seq_length": 32, "do_lower_case": false}')
    _adapter(folder, toys, tokenizer)


def _adapter(folder: Path, toys: object, tokenizer: object) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(folder / "cross")
    config = LoraConfig(r=2, target_modules=["query"], task_type="SEQ_CLS")
    get_peft_model(model, config).save_pretrained(folder / "adapter")
    tokenizer.save_pretrained(folder / "adapter")  # type: ignore[attr-defined]
    path = folder / "adapter/adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "base_model_name_or_path": "../cross"}))


def place(kind: str, name: str, content: bytes) -> Path:
    """Writes a mutated file where it will be read from; the caller removes what `clear` says."""
    folder = Path("case")
    shutil.rmtree(folder, ignore_errors=True)
    if kind in MODEL_FILES:
        path = folder / kind
        for model in {MODEL_FILES[kind], "cross"}:  # an adapter's base lies beside the adapter
            shutil.copytree(model, folder / model)
    else:
        path = Path(PLACES.get(kind, str(folder / name)))
        path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path.absolute()


def clear() -> None:
    """Removes what a case left, so that the next one is on its own."""
    for name in ("case", "handed-in", "runs", "trained", "trained.training", "exported"):
        shutil.rmtree(name, ignore_errors=True)
    for name in ("out.txt", "out.tsv", "run.txt.meta.json", "out.html", "out.txt.meta.json", "out.tsv.meta.json"):
        Path(name).unlink(missing_ok=True)
