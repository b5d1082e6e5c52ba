"""What a rerank job holds, and what `--backend auto` does with a small one."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.cli.jobs import evenly, job_of
from rerankkit.collection.documents import load_documents
from rerankkit.trec import read_run


def test_places_are_evenly_spread():
    assert evenly(3) == [0, 1, 2]
    assert evenly(16) == list(range(16))
    assert evenly(160) == list(range(0, 160, 10))


def test_a_job_counts_the_pairs_of_its_depth_and_samples_them(toy):
    run, texts = read_run("run.txt"), load_documents(Path("docs.jsonl"))
    assert job_of(run, "topics.tsv", texts, None, None).pairs == 24
    job = job_of(run, "topics.tsv", texts, 2, Path("s"))
    assert (job.pairs, job.store) == (8, Path("s"))
    assert [[one.document.docid for one in group.candidates] for group in job.sample()] == [["cat", "dog"]] * 4


def test_a_small_job_is_not_compiled_and_one_line_says_so(toy, bert_reranker, monkeypatch):
    monkeypatch.setattr("rerankkit.rerank.backends.has_accelerator", lambda: False)
    monkeypatch.setattr("rerankkit.rerank.compiled_cache.lacking", lambda *_: pytest.fail("compiling began"))
    monkeypatch.setattr("rerankkit.rerank.auto_backend.lacking", lambda *_: None)
    monkeypatch.setattr("rerankkit.rerank.auto_backend.installed", lambda name: name == "onnx")
    files = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl", "--models", "models"]
    arguments = ["rerank", "--backend", "auto", "--model", str(bert_reranker), *files, "--output", "out.txt"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert not Path("models/.compiled").exists()
    assert len(read_run("out.txt")) == 4
