"""`--backend auto` compiles only where the pairs at hand repay it, and looks for all parts before it begins."""

import json
import logging
import shutil
from contextlib import closing
from dataclasses import replace

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank import auto_backend, backends, choice, compiled, compiled_cache
from rerankkit.rerank.checkpoint import read_note
from rerankkit.rerank.choice import Case, Job, Times, measured, read_record, stored_share, write_record
from rerankkit.rerank.compiled import CompiledScorer
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.paid import behind, traits_of
from rerankkit.rerank.scorer import PairScorer
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.store import Store

from .tiny import groups


@pytest.fixture(autouse=True)
def no_accelerator(monkeypatch):
    monkeypatch.setattr(backends, "has_accelerator", lambda: False)


@pytest.fixture
def made(monkeypatch, compiled):
    """Compiling replaced by copying what was compiled before, counted; on the probe it is twice as fast as torch."""
    backend, folder = compiled
    calls: list[str] = []

    def compile_into(part, making, dtype, careful=False):
        calls.append(making.backend)
        shutil.copytree(folder, part, dirs_exist_ok=True)
        note = read_note(part)
        note.write(part)
        return note

    times = iter([2.0, 1.0] * 20)
    monkeypatch.setattr("rerankkit.rerank.compiling.compile_into", compile_into)
    monkeypatch.setattr(compiled_cache, "timed", lambda work: (work(), next(times)))
    monkeypatch.setattr(
        auto_backend, "torch_rate", lambda scorer, groups: 1.0 if isinstance(scorer, PairScorer) else 2.0
    )
    for module in (backends, auto_backend):
        monkeypatch.setattr(module, "installed", lambda name: name == backend)
        monkeypatch.setattr(module, "dtype_of", lambda name, asked: "float32" if asked == "auto" else asked)
    return backend, calls


def job(pairs: int = 1000, torch: float = 100.0, making: float = 60.0, **changed) -> Job:
    """A job of so many pairs, of which torch scores as many as it has left in `torch` seconds; compiled in half."""
    return Job(pairs, groups, estimate=lambda case: Times(torch * case.left / pairs, torch / 2, making), **changed)


def load(folder, models, job, **how):
    return load_reranker(str(folder), Scoring(**{"backend": "auto", **how}), models, groups, job)


def test_a_job_that_does_not_repay_it_is_scored_by_torch_and_one_line_says_why(made, bert_reranker, tmp_path, caplog):
    backend, calls = made
    with caplog.at_level(logging.INFO):
        scorer = load(bert_reranker, tmp_path, job(torch=100.0, making=50.5))
    assert isinstance(scorer, PairScorer)
    assert (scorer.scoring.backend, calls) == ("torch", [])
    ways = f"torch scores the 1,000 pairs left in about 2 min, {backend}, compiled first, in about 2 min"
    assert f"--backend auto is torch here: {ways}; --backend {backend} compiles all the same" in caplog.text
    assert not (tmp_path / ".compiled").exists()


def test_a_job_that_repays_it_is_compiled_and_so_is_what_is_asked_for(made, bert_reranker, tmp_path, caplog):
    backend, calls = made
    with caplog.at_level(logging.INFO):
        assert load(bert_reranker, tmp_path / "one", job(making=49.5)).backend == backend
    assert "is compiled, which repays itself: torch scores the 1,000 pairs left in about 2 min" in caplog.text
    assert isinstance(load(bert_reranker, tmp_path / "two", job(making=9e9), backend=backend), CompiledScorer)
    assert calls == [backend] * 2


def test_a_compiled_model_that_is_there_is_used_for_any_job(made, bert_reranker, tmp_path):
    backend, calls = made
    load(bert_reranker, tmp_path, job(), backend=backend)
    assert isinstance(load(bert_reranker, tmp_path, job(pairs=1, torch=0.1)), CompiledScorer)
    assert calls == [backend]


def test_a_compiled_model_that_was_removed_is_not_made_again_for_a_small_job(made, bert_reranker, tmp_path):
    _, calls = made
    scorer = load(bert_reranker, tmp_path, job(making=1.0))
    shutil.rmtree(scorer.folder)
    assert isinstance(load(bert_reranker, tmp_path, job(making=9e9)), PairScorer)
    assert len(calls) == 1


def test_only_pairs_that_the_store_lacks_count(made, bert_reranker, tmp_path, caplog):
    """Three of five lists are stored by torch: 400 pairs of 1,000 are left, which repay no compiling."""
    path = tmp_path / "s"
    with closing(Store(path)) as store:
        torch = load(bert_reranker, tmp_path, None, backend="torch", device="cpu")
        list(behind(store, torch, str(bert_reranker), tmp_path).score(groups()[:3]))
    with caplog.at_level(logging.INFO):
        assert isinstance(load(bert_reranker, tmp_path, job(making=1.0, store=path)), PairScorer)
        assert "the 400 pairs left in about 40 s" in caplog.text
        assert isinstance(load(bert_reranker, tmp_path / "b", job(making=1.0, store=tmp_path / "none")), CompiledScorer)


def test_a_job_that_torch_has_nearly_done_stays_with_torch(made, bert_reranker, tmp_path, caplog):
    """Byte for byte the run of before: what another job compiled meanwhile would score all anew."""
    backend, _ = made
    path = tmp_path / "s"
    with closing(Store(path)) as store:
        torch = load(bert_reranker, tmp_path, None, backend="torch", device="cpu")
        list(behind(store, torch, str(bert_reranker), tmp_path).score(groups()))
    load(bert_reranker, tmp_path, job(), backend=backend)
    with caplog.at_level(logging.INFO):
        assert isinstance(load(bert_reranker, tmp_path, job(store=path), dtype="float32"), PairScorer)
    assert "more of the scores are in the store by torch" in caplog.text


def test_the_stored_share_is_that_of_the_same_traits(bert_reranker, tmp_path):
    scorer = load_reranker(str(bert_reranker), Scoring("cpu", "float32"), tmp_path)
    traits = traits_of(scorer, str(bert_reranker), tmp_path)
    with closing(Store(tmp_path / "s")) as store:
        list(behind(store, scorer, str(bert_reranker), tmp_path).score(groups()[:4]))
    asked = Job(35, groups, tmp_path / "s")
    assert stored_share(asked, groups(), traits, ["float32"]) == pytest.approx(28 / 35)
    assert stored_share(asked, groups(), traits, ["bfloat16"]) == 0
    assert stored_share(asked, groups(), {**traits, "max_length": 9}, ["float32"]) == 0


@pytest.mark.parametrize(("backend", "package"), [("onnx", "onnx"), ("onnx", "onnxscript"), ("openvino", "torch")])
def test_all_parts_are_looked_for_before_anything_begins(
    monkeypatch, tmp_path, bert_reranker, backend, package, caplog
):
    real = compiled.find_spec
    monkeypatch.setattr(compiled, "find_spec", lambda name: None if name == package else real(name))
    monkeypatch.setattr(compiled_cache, "halves", lambda lists: pytest.fail("the probe was scored"))
    for module in (backends, auto_backend):
        monkeypatch.setattr(module, "installed", lambda name: name == backend)
    with pytest.raises(InputError, match=f"compiling for {backend} needs {package}, once"):
        load(bert_reranker, tmp_path, None, backend=backend, dtype="float32")
    with caplog.at_level(logging.INFO):
        assert isinstance(load(bert_reranker, tmp_path, job(making=0.0)), PairScorer)
    assert f"--backend auto is torch here: compiling for {backend} needs {package} (pip install" in caplog.text


def test_a_damaged_compiled_model_is_made_again(made, bert_reranker, tmp_path, caplog):
    backend, calls = made
    first = load(bert_reranker, tmp_path, None, backend=backend)
    expected = list(first.score(groups()))
    path = next(path for path in (first.folder / backend).iterdir() if path.suffix in (".bin", ".onnx"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 64
    path.write_bytes(content)
    again = load(bert_reranker, tmp_path, None, backend=backend)
    assert list(again.score(groups())) == expected
    assert "is damaged, and is made again" in caplog.text
    assert calls == [backend] * 2


def test_a_broken_choice_ends_in_a_message(made, bert_reranker, tmp_path):
    load(bert_reranker, tmp_path, job(making=1.0))
    (path,) = (tmp_path / ".compiled").glob("*-auto-*.json")
    path.write_text(json.dumps({"backend": "tensorrt", "dtype": "float32", "why": ""}))
    with pytest.raises(InputError, match="not a choice of backend: the backend 'tensorrt'"):
        load(bert_reranker, tmp_path, job())


def test_times_are_estimated_by_what_torch_does_and_by_the_last_compilation(bert_reranker, tmp_path, monkeypatch):
    """At 10 pairs a second: 90 left by torch 9 s, 100 compiled at 1.1 times 9.1 s; 20 probed by both, 2 + 1.8 s."""
    monkeypatch.setattr(choice, "torch_rate", lambda scorer, groups: 10.0)
    scorer = load_reranker(str(bert_reranker), Scoring("cpu", "float32"), tmp_path)
    millions = sum(weight.numel() for weight in scorer.model.parameters()) / 1e6
    case = Case(scorer, groups(), 100, 90, "openvino", "float32", 20, tmp_path)
    times = measured(case)
    assert times.torch == 9
    assert times.compiled == pytest.approx(100 / 11)
    assert times.making == pytest.approx(20 + 0.5 * millions + 2 + 20 / 11)
    told = {"dtype": "float32", "over": "float32", "seconds": 30.0, "speedup": 2.0}
    write_record(tmp_path, "openvino", millions=millions / 2, **told)
    assert read_record(tmp_path, "openvino").number("seconds") == 30
    times = measured(case)
    assert (times.torch, times.compiled, times.making) == pytest.approx((9, 5, 60 + 2 + 1))
    assert measured(replace(case, dtype="bfloat16")).compiled == pytest.approx(100 / 13)


def test_compiling_is_remembered_for_the_next_estimate(made, bert_reranker, tmp_path):
    backend, _ = made
    load(bert_reranker, tmp_path, None, backend=backend)
    record = read_record(tmp_path / ".compiled", backend)
    assert record.number("speedup") == 2.0
    assert record.number("millions") == pytest.approx(0.0229, rel=0.2)


def test_a_broken_record_counts_as_none(tmp_path):
    write_record(tmp_path, "onnx", dtype="float32", over="float32", seconds=-1.0, millions=1.0, speedup=1.0)
    assert read_record(tmp_path, "onnx") is None
    next(tmp_path.iterdir()).write_text("{")
    assert read_record(tmp_path, "onnx") is None


def test_more_than_positive_savings_are_not_asked_for():
    assert Times(torch=10.0, compiled=5.0, making=4.9).repays()
    assert not Times(torch=10.0, compiled=5.0, making=5.0).repays()
