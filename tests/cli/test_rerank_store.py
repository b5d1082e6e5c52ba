"""`rerankkit rerank` and the scores that it keeps."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.trec import read_run

STORE = Path("runs/scores.sqlite")
GIVEN = {"--model": "bm25", "--run": "run.txt", "--topics": "topics.tsv", "--collection": "docs.jsonl"}


def arguments(output: str = "out.txt", **changed: str | None) -> list[str]:
    """A command line; `collection=None` leaves that option out."""
    given = {**GIVEN, "--output": output, **{f"--{name.replace('_', '-')}": value for name, value in changed.items()}}
    return ["rerank", *(word for name, value in given.items() if value is not None for word in (name, value))]


def rerank(*flags: str, code: int = 0, **changed: str | None):
    result = CliRunner().invoke(main, [*arguments(**changed), *flags])
    assert result.exit_code == code, result.output
    return result


def kept(store: Path = STORE) -> int:
    """How many scores a store holds; 0 where it is not made yet."""
    if not store.is_file():
        return 0
    with closing(sqlite3.connect(store, timeout=60)) as db:
        try:
            return db.execute("SELECT count(*) FROM scores").fetchone()[0]
        except sqlite3.OperationalError:  # no table yet
            return 0


def many(folder: Path, queries: int, documents: int) -> None:
    """More candidates than one window holds."""
    words = ["red", "green", "blue", "cat", "dog", "bird", "fish"]
    texts = [" ".join(words[(i * k) % 7] for k in range(1, i % 9 + 2)) for i in range(documents)]
    lines = [json.dumps({"id": f"d{i}", "contents": text}) + "\n" for i, text in enumerate(texts)]
    (folder / "docs.jsonl").write_text("".join(lines))
    topics = [f"q{q}\t{words[q % 7]} {words[q // 7]}\n" for q in range(queries)]
    (folder / "topics.tsv").write_text("".join(topics))
    hits = [f"q{q} Q0 d{i} {i + 1} {documents - i} first\n" for q in range(queries) for i in range(documents)]
    (folder / "run.txt").write_text("".join(hits))


def test_killed_and_run_again_it_writes_the_run_of_an_uninterrupted_one(toy, bert_reranker):
    """The process is killed in its first window, long before a query is finished; only the other pairs are scored."""
    many(toy, queries=24, documents=60)
    slowly = {"model": str(bert_reranker), "batch_tokens": "40", "dtype": "float32"}
    assert "scores came from" not in rerank("--no-store", output="expected.txt", tag="t", **slowly).stderr
    assert not STORE.exists()
    Path("out.txt").write_text("older\n")
    command = [sys.executable, "-m", "rerankkit", "-q", *arguments(tag="t", **slowly)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for _ in range(12000):
            if kept() > 4 or process.poll() is not None:
                break
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        _, error = process.communicate()
    assert process.returncode == -signal.SIGKILL, error.decode()
    assert Path("out.txt").read_text() == "older\n"
    before = kept()
    assert 4 < before < 24 * 60
    told = f"{before:,} scores came from runs/scores.sqlite, {24 * 60 - before:,} were computed\n"
    assert rerank(tag="t", **slowly).stderr.endswith(told)
    assert kept() == 24 * 60
    assert Path("out.txt").read_bytes() == Path("expected.txt").read_bytes()


@pytest.fixture
def scored(monkeypatch) -> list[int]:
    """How many pairs each of the model's batches had."""
    from rerankkit.rerank.scorer import Whole

    sizes: list[int] = []
    forward = Whole.forward
    monkeypatch.setattr(Whole, "forward", lambda self, places: sizes.append(len(places)) or forward(self, places))
    return sizes


def test_a_stop_says_that_finished_batches_are_kept(toy, bert_reranker, monkeypatch):
    from rerankkit.rerank.scorer import Whole

    many(toy, queries=4, documents=20)
    forward, done = Whole.forward, []

    def stopped(self, places):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(places)
        return forward(self, places)

    monkeypatch.setattr(Whole, "forward", stopped)
    result = rerank(model=str(bert_reranker), batch_tokens="40", dtype="float32", backend="torch", code=130)
    assert "Scores of finished batches are kept in runs/scores.sqlite: the same command goes on" in result.stderr
    assert 0 < kept() < 80


def test_a_greater_depth_scores_only_the_new_half(toy, bert_reranker, scored):
    """Three of six candidates of four queries, then all six."""
    rerank(model=str(bert_reranker), depth="3")
    assert sum(scored) == 12
    result = rerank(model=str(bert_reranker), output="deep.txt")
    assert sum(scored) == 24
    assert result.stderr == "12 scores came from runs/scores.sqlite, 12 were computed\n"
    rerank("--no-store", model=str(bert_reranker), output="expected.txt")
    for qid, hits in read_run("expected.txt").items():
        assert {hit.docid: hit.score for hit in read_run("deep.txt")[qid]} == pytest.approx(dict(hits), abs=1e-5)


def test_other_queries_runs_and_samples_pay_for_what_is_new(toy, bert_reranker, scored):
    rerank(model=str(bert_reranker), sample="3")
    assert sum(scored) == 12
    Path("topics.tsv").write_text("q1\tred\nq2\tgreen\nq3\tblue\nq4\tgrey\n")
    assert "9 scores came from" in rerank(model=str(bert_reranker), sample="3").stderr
    assert sum(scored) == 15
    rerank(model=str(bert_reranker), sample="3", store="elsewhere/s.sqlite")
    assert (sum(scored), kept(), kept(Path("elsewhere/s.sqlite"))) == (27, 15, 12)


def test_other_settings_or_weights_take_no_score_over(toy, bert_reranker, scored):
    shutil.copytree(bert_reranker, "checkpoints/student")
    same = {"model": "student", "models": "checkpoints"}
    rerank(**same, dtype="float32")
    rerank(model="checkpoints/student", dtype="float32")
    assert sum(scored) == 24
    for number, changed in enumerate(({"dtype": "bfloat16"}, {"max_length": "20"}, {"max_query_tokens": "5"}), 2):
        rerank(**same, **changed)
        assert sum(scored) == 24 * number
    changed_head(bert_reranker, Path("checkpoints/other"))
    rerank(model="other", models="checkpoints")
    assert sum(scored) == 24 * 5
    assert kept() == 24 * 5


def test_the_first_stage_needs_no_store(toy):
    assert "scores came from" not in rerank().stderr
    assert not STORE.exists()


def changed_head(model: Path, folder: Path) -> None:
    """A copy with another bias."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(model, folder)
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"] += 0.5
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "Error: notes.txt: the score store cannot be used: file is not a database. Name another"),
        (("--no-store",), "Error: --store and --no-store are both given. Give one of them"),
    ],
)
def test_a_store_that_is_none_is_told_and_leaves_an_older_output_alone(toy, bert_reranker, flags, message):
    Path("notes.txt").write_text("not a store " * 100)
    Path("out.txt").write_text("older\n")
    result = rerank(*flags, code=2, model=str(bert_reranker), store="notes.txt")
    assert (result.stdout, result.stderr[: len(message)]) == ("", message)
    assert Path("out.txt").read_text() == "older\n"
    assert Path("notes.txt").read_text() == "not a store " * 100
