"""What int8 leaves as it is, and that it runs where the tools to make it are not loaded."""

import pytest

openvino = pytest.importorskip("openvino", reason="OpenVINO is not installed: nothing is quantised for it")


def test_what_is_sensitive_is_found_in_a_student(bert_reranker):
    """Of two layers: softmax, query, key and narrowing product each; pooler and head."""
    from rerankkit.rerank.batches import pad
    from rerankkit.rerank.compiling import student
    from rerankkit.rerank.graph import ScoreGraph, capture
    from rerankkit.rerank.int8 import sensitive
    from rerankkit.rerank.pairs import Pair
    from rerankkit.rerank.scoring import Scoring

    model = student(str(bert_reranker), Scoring()).model
    inputs = pad([Pair([2, 5, 3, 7, 3], 3), Pair([2, 5, 3, 3], 3)], 0, True)
    converted = openvino.convert_model(capture(ScoreGraph(model), inputs))
    nodes = {node.get_friendly_name(): node for node in converted.get_ordered_ops()}
    found = [nodes[name] for name in sensitive(converted)]
    kinds = [node.get_type_name() for node in found]
    assert sorted(set(kinds)) == ["MatMul", "ScaledDotProductAttention"]
    assert kinds.count("ScaledDotProductAttention") == 2
    products = sum(node.get_type_name() == "MatMul" for node in nodes.values())
    # query, key, value, attention's output, two of the feed-forward in each layer; pooler and head
    assert (products, kinds.count("MatMul")) == (14, 2 * 3 + 2)


def test_int8_runs_without_nncf_and_has_an_identity_of_its_own(bert_reranker, tmp_path):
    import json
    import subprocess
    import sys

    pytest.importorskip("nncf", reason="nncf is not installed: nothing is quantised")
    from rerankkit.rerank.compiled import open_compiled
    from rerankkit.rerank.compiling import compile_into, student
    from rerankkit.rerank.probe import built_in_probe
    from rerankkit.rerank.scoring import Scoring

    scorer = student(str(bert_reranker), Scoring())
    compile_into(tmp_path, scorer, str(bert_reranker), "openvino", "int8", built_in_probe()[:6])
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
    from rerankkit.rerank.compiled import scores_of

    expected = scores_of(scorer, built_in_probe()[6:10])
    flat = [(a, b) for one, other in zip(scores, expected, strict=True) for a, b in zip(one, other, strict=True)]
    assert 1e-6 < max(abs(a - b) for a, b in flat) < 0.05
    traits = open_compiled(tmp_path, Scoring()).traits()
    assert traits["dtype"] == "int8"
    assert len(traits["graph"]) == 16
