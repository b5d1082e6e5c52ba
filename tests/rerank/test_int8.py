"""What int8 leaves as it is, and that it runs where the tools to make it are not loaded."""

import logging

import pytest

from rerankkit.rerank import compiling
from rerankkit.rerank.checkpoint import read_note
from rerankkit.rerank.compiled import open_compiled, scores_of
from rerankkit.rerank.compiling import Making, compile_agreeing, compile_into, weights
from rerankkit.rerank.on_openvino import FILE
from rerankkit.rerank.parity import Parity
from rerankkit.rerank.probe import built_in_probe
from rerankkit.rerank.scoring import Scoring

openvino = pytest.importorskip("openvino", reason="OpenVINO is not installed: nothing is quantised for it")


@pytest.mark.parametrize(("careful", "left"), [(False, 2), (True, 2 + 2)])
def test_what_is_sensitive_is_found_in_a_student(bert_reranker, careful, left):
    """Of two layers: softmax, and with care the narrowing product, each; pooler and head."""
    from rerankkit.rerank.batches import pad
    from rerankkit.rerank.graph import ScoreGraph, capture
    from rerankkit.rerank.int8 import sensitive
    from rerankkit.rerank.pairs import Pair

    model = weights(str(bert_reranker), Scoring()).model
    inputs = pad([Pair([2, 5, 3, 7, 3], 3), Pair([2, 5, 3, 3], 3)], 0, True)
    converted = openvino.convert_model(capture(ScoreGraph(model), inputs))
    nodes = {node.get_friendly_name(): node for node in converted.get_ordered_ops()}
    found = [nodes[name] for name in sensitive(converted, careful)]
    kinds = [node.get_type_name() for node in found]
    assert sorted(set(kinds)) == ["MatMul", "ScaledDotProductAttention"]
    assert kinds.count("ScaledDotProductAttention") == 2
    products = sum(node.get_type_name() == "MatMul" for node in nodes.values())
    # query, key, value, attention's output, two of the feed-forward in each layer; pooler and head
    assert (products, kinds.count("MatMul")) == (14, left)


def test_int8_runs_without_nncf_and_has_an_identity_of_its_own(bert_reranker, tmp_path):
    import json
    import subprocess
    import sys

    pytest.importorskip("nncf", reason="nncf is not installed: nothing is quantised")

    scorer = weights(str(bert_reranker), Scoring())
    compile_into(tmp_path, Making(str(bert_reranker), scorer, "openvino", built_in_probe()[:6]), "int8")
    code = """
import json, sys
from pathlib import Path
from rerankkit.rerank.compiled import open_compiled, scores_of
from rerankkit.rerank.probe import built_in_probe
from rerankkit.rerank.scoring import Scoring
scores = scores_of(open_compiled(Path(sys.argv[1]), Scoring()), built_in_probe()[6:10])
print(json.dumps([scores, [name for name in ("torch", "nncf", "onnx", "transformers") if name in sys.modules]]))
"""
    told = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    scores, loaded = json.loads(told.stdout)
    assert loaded == []
    expected = scores_of(scorer, built_in_probe()[6:10])
    flat = [(a, b) for one, other in zip(scores, expected, strict=True) for a, b in zip(one, other, strict=True)]
    assert 1e-6 < max(abs(a - b) for a, b in flat) < 0.05
    traits = open_compiled(tmp_path, Scoring()).traits()
    assert traits["dtype"] == "int8"
    assert len(traits["graph"]) == 16


def of(tau: float, ndcg: float | None = None) -> Parity:
    return Parity(2, 8, 0.1, tau, tau, 1.0, ndcg)


@pytest.mark.parametrize(
    ("backend", "dtype", "found", "tried"),
    [
        ("openvino", "int8", [of(0.99)], [False]),
        ("openvino", "int8", [of(0.97), of(0.99)], [False, True]),
        ("openvino", "int8", [of(0.99, -0.01), of(0.99)], [False, True]),
        ("openvino", "int8", [of(0.9), of(0.97)], [False, True]),
        ("openvino", "bfloat16", [of(0.97)], [False]),
        ("onnx", "int8", [of(0.97)], [False]),
    ],
)
def test_the_fastest_that_agrees_is_taken_else_the_last_one(
    backend, dtype, found, tried, tmp_path, monkeypatch, compiled, caplog
):
    made = []

    def compile_into(folder, making, dtype, careful):
        made.append(careful)
        return read_note(folder)

    monkeypatch.setattr(compiling, "compile_into", compile_into)
    waiting = iter(found)
    making = Making("student", None, backend, [])
    with caplog.at_level(logging.INFO):
        note, parity = compile_agreeing(compiled[1], making, dtype, lambda _: next(waiting))
    assert (made, parity) == (tried, found[-1])
    assert ("fewer are tried" in caplog.text) is (len(tried) > 1)
    assert note == read_note(compiled[1])


def test_a_model_may_be_made_anew_while_the_one_before_is_open(bert_reranker, tmp_path):
    pytest.importorskip("nncf", reason="nncf is not installed: nothing is quantised")
    lists = built_in_probe()[:6]
    making = Making(str(bert_reranker), weights(str(bert_reranker), Scoring()), "openvino", lists)
    parities = []

    def compare(compiled):
        parities.append(compiled)
        scores_of(compiled, lists[:2])
        return of(0.5)

    note, _ = compile_agreeing(tmp_path, making, "int8", compare)
    assert note.exported["careful"] is True
    first, second = (scores_of(one, lists[:2]) for one in parities)
    assert first != second
    assert len(list((tmp_path / FILE).parent.iterdir())) == 2
