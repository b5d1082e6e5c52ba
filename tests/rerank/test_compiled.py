"""A student on another runtime: torch's scores, in the order asked, without torch."""

import json
import shutil
import subprocess
import sys

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank import cross_encoder
from rerankkit.rerank.compiled import installed, missing, open_compiled, threads
from rerankkit.rerank.scoring import Scoring
from rerankkit.types import Candidate, Document, Group, Query

WORDS = ["red", "green", "blue", "cat", "dog", "bird", "fish"]


def groups(count: int = 6, size: int = 9) -> list[Group]:
    """Groups of documents of one to 40 words."""
    made = []
    for number in range(count):
        texts = [" ".join(WORDS[(number + i * k) % 7] for k in range(1 + (7 * i + number) % 40)) for i in range(size)]
        candidates = tuple(Candidate(Document(f"{number}/{i}", "dog", text), 0.0) for i, text in enumerate(texts))
        made.append(Group(Query(str(number), WORDS[number % 7]), candidates))
    return made


def test_scores_are_torchs_in_the_order_asked(compiled, bert_reranker, monkeypatch):
    _, folder = compiled
    expected = list(cross_encoder.load(str(bert_reranker), Scoring("cpu", "float32")).score(groups()))
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    for batch_tokens in (1, 200, 4096):
        scorer = open_compiled(folder, Scoring(batch_tokens=batch_tokens))
        for scores, theirs in zip(scorer.score(iter(groups())), expected, strict=True):
            assert scores == pytest.approx(theirs, abs=1e-5)
    assert max(map(max, expected)) - min(map(min, expected)) > 0.01


def test_batches_are_told_with_their_places(compiled):
    scorer = open_compiled(compiled[1], Scoring(batch_tokens=150))
    told: dict[int, float] = {}
    batches = []
    scorer.on_batch = lambda places, scores: (
        batches.append(len(places)),
        told.update(zip(places, scores, strict=True)),
    )
    flat = [score for scores in scorer.score(groups()) for score in scores]
    assert [told[place] for place in range(len(flat))] == flat
    assert len(batches) > 3


def test_it_runs_without_torch_and_transformers(compiled):
    code = """
import sys
from pathlib import Path
from rerankkit.rerank.compiled import open_compiled
from rerankkit.rerank.scoring import Scoring
from rerankkit.types import Candidate, Document, Group, Query
group = Group(Query("1", "red cat"), tuple(Candidate(Document(t, "", t), 0.0) for t in ("cat", "green fish")))
print(list(open_compiled(Path(sys.argv[1]), Scoring()).score([group])))
print([name for name in ("torch", "transformers", "scipy", "pandas", "nncf", "onnx") if name in sys.modules])
"""
    told = subprocess.run([sys.executable, "-c", code, str(compiled[1])], capture_output=True, text=True, check=True)
    scores, loaded = told.stdout.splitlines()
    assert len(json.loads(scores)[0]) == 2
    assert loaded == "[]"


def test_traits_tell_backend_and_dtype_apart(compiled, bert_reranker):
    backend, folder = compiled
    ours = open_compiled(folder, Scoring()).traits()
    theirs = cross_encoder.load(str(bert_reranker), Scoring("cpu", "float32")).traits()
    assert (ours["backend"], ours["dtype"], theirs["backend"]) == (backend, "float32", "torch")
    assert {name for name in theirs if theirs[name] != ours[name]} == {"backend"}


def test_lengths_beyond_the_positions_are_refused(compiled):
    assert open_compiled(compiled[1], Scoring(max_length=64)).encoder.lengths.max_length == 64
    with pytest.raises(InputError, match="--max-length 65 is more than the model's 64 positions"):
        open_compiled(compiled[1], Scoring(max_length=65))


def test_a_broken_model_or_none_is_told(compiled, tmp_path):
    backend, folder = compiled
    with pytest.raises(InputError, match="no compiled model"):
        open_compiled(tmp_path, Scoring())
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    path = copy / {"openvino": "openvino/openvino_model.xml", "onnx": "onnx/model.onnx"}[backend]
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match=f"not a model that {backend} runs"):
        open_compiled(copy, Scoring())
    path.unlink()
    with pytest.raises(InputError, match="no compiled model"):
        open_compiled(copy, Scoring())


def test_threads_are_those_told(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert threads() >= 1


def test_a_backend_that_is_not_installed_is_told_with_its_pip_line(monkeypatch):
    monkeypatch.setattr("rerankkit.rerank.compiled.find_spec", lambda name: None)
    assert not installed("openvino")
    assert (
        str(missing("openvino")) == "--backend openvino is not installed. Install it: pip install 'rerankkit[openvino]'"
    )
    assert "rerankkit[onnx]" in str(missing("onnx"))
