"""`rerankkit rerank` killed at random moments: the loop of scripts/bench/store.py, with a tiny model."""

import importlib.util
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main

KILLS, PAIRS = 3, 1200
"""scripts/bench/store.py kills more often."""


@pytest.fixture
def bench():
    path = Path(__file__).parents[2] / "scripts" / "bench" / "store.py"
    spec = importlib.util.spec_from_file_location("bench_store", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.timeout(240)
def test_killed_at_random_moments_it_writes_the_run_of_an_uninterrupted_one(bench, tmp_path, bert_reranker):
    """Batches of several pairs: what is resumed must fall into the very same ones to be the same to the last bit."""
    lists = [*bench.write_lists(tmp_path, PAIRS), "--model", str(bert_reranker), "--tag", "t"]
    lists += ["--batch-tokens", "400", "--dtype", "float32", "--device", "cpu", "--max-query-tokens", "16"]
    expected, output, store = (tmp_path / name for name in ("expected.txt", "out.txt", "scores.sqlite"))
    uninterrupted = ["-q", "rerank", *lists, "--no-store", "--output", str(expected)]
    assert CliRunner().invoke(main, uninterrupted).exit_code == 0
    output.write_text("older\n")
    told = bench.kill_and_resume([*lists, "--output", str(output)], store, PAIRS, KILLS)
    assert 0 < told.stored[0] < PAIRS
    assert told.stored == sorted(told.stored)
    done_before_its_kill = told.kills < KILLS  # on a machine that is fast enough
    assert told.found == (PAIRS if done_before_its_kill else told.stored[-1])
    assert told.found + told.computed == PAIRS
    assert output.read_bytes() == expected.read_bytes()
    assert bench.count(store) == PAIRS
