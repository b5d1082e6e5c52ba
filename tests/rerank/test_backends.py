"""Which backend runs a checkpoint, and what is kept of the answer."""

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank import auto_backend, backends, compiled_cache
from rerankkit.rerank.backends import COMPILED, Place, compiled_for
from rerankkit.rerank.checkpoint import read_note
from rerankkit.rerank.compiled import CompiledScorer
from rerankkit.rerank.models import fingerprint, load_reranker
from rerankkit.rerank.parity import Parity
from rerankkit.rerank.scorer import PairScorer
from rerankkit.rerank.scoring import Scoring
from rerankkit.types import Candidate, Document, Group, Query

NAMES = ("cat", "dog", "red fish", "blue bird", "a green river of grey stones")


@pytest.fixture(autouse=True)
def no_accelerator(monkeypatch):
    monkeypatch.setattr(backends, "has_accelerator", lambda: False)


def probe() -> list[Group]:
    """Four lists of the user's own."""
    candidates = tuple(Candidate(Document(name, "", name), 0.0) for name in NAMES)
    return [Group(Query(text, text), candidates) for text in ("red", "dog", "white stone", "fish")]


@pytest.fixture
def made(monkeypatch, compiled):
    """Compiling replaced by copying what was compiled before, counted; what is under test is what is done with it."""
    backend, folder = compiled
    calls: list[tuple[str, str]] = []

    def compile_into(part, making, dtype, careful=False):
        calls.append((making.backend, dtype))
        shutil.copytree(folder, part, dirs_exist_ok=True)
        note = read_note(part)
        note = replace(note, exported={**note.exported, "dtype": dtype})
        note.write(part)
        return note

    monkeypatch.setattr("rerankkit.rerank.compiling.compile_into", compile_into)
    for module in (backends, auto_backend):
        monkeypatch.setattr(module, "installed", lambda name: name == backend)
        monkeypatch.setattr(module, "dtype_of", lambda name, asked: "float32" if asked == "auto" else asked)
    return backend, calls


def load(folder: Path, models: Path, **how):
    return load_reranker(str(folder), Scoring(**how), models, probe)


def test_a_model_is_compiled_once_and_kept_whole(made, bert_reranker, tmp_path):
    backend, calls = made
    first = load(bert_reranker, tmp_path, backend=backend)
    assert isinstance(first, CompiledScorer)
    expected = list(load(bert_reranker, tmp_path, device="cpu", dtype="float32").score(probe()))
    for scores, theirs in zip(first.score(probe()), expected, strict=True):
        assert scores == pytest.approx(theirs, abs=1e-5)
    second = load(bert_reranker, tmp_path, backend=backend)
    assert (second.folder, calls) == (first.folder, [(backend, "float32")])
    assert first.folder.parent == tmp_path / COMPILED
    assert first.folder.name.startswith(fingerprint(str(bert_reranker), tmp_path)[:16])
    assert [path.name for path in (tmp_path / COMPILED).iterdir() if path.is_dir()] == [first.folder.name]
    parity = read_note(first.folder).exported["parity"]
    assert (parity["lists"], parity["pairs"], parity["tau"]) == (2, 10, 1.0)


def test_what_does_not_agree_is_not_kept(made, bert_reranker, tmp_path, monkeypatch):
    backend, _ = made
    monkeypatch.setattr(compiled_cache, "compared", lambda wanted, found: Parity(2, 10, 9.0, 0.5, 0.5, 0.5))
    with pytest.raises(InputError, match=r"does not rank as the weights do: Kendall tau 0\.5000"):
        load(bert_reranker, tmp_path, backend=backend)
    assert list((tmp_path / COMPILED).iterdir()) == []


def test_auto_takes_what_agrees_and_is_faster_and_says_why(made, bert_reranker, tmp_path, monkeypatch, caplog):
    backend, calls = made
    times = iter([2.0, 1.0])
    monkeypatch.setattr(compiled_cache, "timed", lambda work: (work(), next(times)))
    with caplog.at_level(logging.INFO):
        assert load(bert_reranker, tmp_path, backend="auto").backend == backend
    assert f"--backend auto is {backend} here: float32, 2.0 times torch in float32" in caplog.text
    load(bert_reranker, tmp_path, backend="auto")
    assert calls == [(backend, "float32")]
    (choice,) = (tmp_path / COMPILED).glob("*-auto-*.json")
    assert json.loads(choice.read_text())["backend"] == backend


def test_auto_is_torch_where_the_other_is_slower_or_does_not_agree(made, bert_reranker, tmp_path, monkeypatch, caplog):
    times = iter([1.0, 2.0])
    monkeypatch.setattr(compiled_cache, "timed", lambda work: (work(), next(times)))
    with caplog.at_level(logging.INFO):
        assert isinstance(load(bert_reranker, tmp_path / "slow", backend="auto"), PairScorer)
    assert "is slower than torch in float32 (0.50 times as fast)" in caplog.text
    monkeypatch.setattr(compiled_cache, "timed", lambda work: (work(), 1.0))
    monkeypatch.setattr(compiled_cache, "compared", lambda wanted, found: Parity(2, 10, 9.0, 0.5, 0.5, 0.5))
    with caplog.at_level(logging.INFO):
        assert isinstance(load(bert_reranker, tmp_path / "off", backend="auto"), PairScorer)
    assert "Kendall tau 0.5000" in caplog.text
    with pytest.raises(InputError, match="no backend computes int8 here"):
        load(bert_reranker, tmp_path / "off", backend="auto", dtype="int8")


def test_without_a_runtime_auto_is_torch_and_others_tell_what_to_install(bert_reranker, tmp_path, monkeypatch, caplog):
    for module in (backends, auto_backend):
        monkeypatch.setattr(module, "installed", lambda name: False)
    with caplog.at_level(logging.INFO):
        assert isinstance(load(bert_reranker, tmp_path, backend="auto"), PairScorer)
    assert "neither openvino nor onnxruntime is installed" in caplog.text
    for backend in ("openvino", "onnx"):
        with pytest.raises(InputError, match=rf"pip install 'rerankkit\[{backend}\]'"):
            load(bert_reranker, tmp_path, backend=backend)


def test_what_is_no_berts_is_left_to_torch(tmp_path, llama_reranker, bert_reranker):
    llm = Place(str(llama_reranker()), "f", tmp_path, probe)
    assert compiled_for(llm, "llm", Scoring(backend="auto")) is None
    with pytest.raises(InputError, match="--backend onnx: an LLM is compiled for openvino alone"):
        compiled_for(llm, "llm", Scoring(backend="onnx"))
    with pytest.raises(InputError, match="only the folder of a cross-encoder or an LLM with a score head is compiled"):
        compiled_for(llm, "yes-no", Scoring(backend="openvino"))
    other = tmp_path / "other"
    shutil.copytree(bert_reranker, other)
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "model_type": "deberta-v2"}))
    place = Place(str(other), "f", tmp_path, probe)
    assert compiled_for(place, "cross-encoder", Scoring(backend="auto")) is None
    with pytest.raises(InputError, match="deberta-v2 is not among what is compiled of cross-encoders: bert, "):
        compiled_for(place, "cross-encoder", Scoring(backend="openvino"))
    with pytest.raises(InputError, match=r"--device cuda is torch's"):
        compiled_for(place, "cross-encoder", Scoring("cuda", backend="openvino"))
    with pytest.raises(InputError, match="--dtype int8: an LLM is compiled for openvino alone, in float32 or bf16"):
        compiled_for(llm, "llm", Scoring(dtype="int8", backend="auto"))


def test_a_folder_that_was_exported_is_run_as_it_was(compiled, tmp_path, bert_reranker, monkeypatch):
    backend, folder = compiled
    exported = tmp_path / "exported"
    shutil.copytree(bert_reranker, exported)
    shutil.copytree(folder, exported, dirs_exist_ok=True)
    scorer = load(exported, tmp_path, backend="auto")
    assert (scorer.folder, scorer.backend) == (exported, backend)
    assert not (tmp_path / COMPILED).exists()
    assert isinstance(load(exported, tmp_path, backend="torch"), PairScorer)
    before = fingerprint(str(exported), tmp_path)
    model = next(path for path in exported.glob(f"{backend}/*") if path.suffix in (".bin", ".onnx"))
    model.write_bytes(model.read_bytes() + b"\0")
    assert fingerprint(str(exported), tmp_path) != before
    for module in (backends, auto_backend):
        monkeypatch.setattr(module, "installed", lambda name: False)
    assert isinstance(load(exported, tmp_path, backend="auto"), PairScorer)


def test_settings_that_no_backend_has_are_refused():
    for backend, dtype in (("torch", "int8"), ("onnx", "bf16"), ("openvino", "float16"), ("tensorrt", "auto")):
        with pytest.raises(InputError, match="--backend"):
            Scoring(backend=backend, dtype=dtype)
    assert Scoring(dtype="bf16").dtype == "bfloat16"
