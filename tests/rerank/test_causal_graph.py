"""An LLM as a graph, and on OpenVINO: torch's scores."""

import pytest
import torch
import transformers

from rerankkit.rerank import llm
from rerankkit.rerank.causal_graph import CausalGraph
from rerankkit.rerank.checkpoint import LLAMA_LIKE
from rerankkit.rerank.compiled import open_compiled
from rerankkit.rerank.compiling import Making, compile_into
from rerankkit.rerank.graph import capture
from rerankkit.rerank.on_openvino import FILE
from rerankkit.rerank.scoring import Scoring

from .tiny import groups

SIZES = {
    "vocab_size": 100,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "intermediate_size": 64,
    "num_labels": 1,
    "initializer_range": 0.2,
    "pad_token_id": 1,
}


def model_of(kind: str):
    """A sequence classifier of two layers, always the same."""
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(kind, **SIZES)
    return transformers.AutoModelForSequenceClassification.from_config(config).eval()


def batch(pairs: int, tokens: int) -> dict[str, torch.Tensor]:
    """Ids of as many lengths as there are tokens."""
    ids = torch.randint(5, 100, (pairs, tokens), generator=torch.Generator().manual_seed(1))
    real = torch.arange(tokens) < tokens - torch.arange(pairs)[:, None] % tokens
    return {"input_ids": ids.where(real, torch.tensor(1)), "attention_mask": real.long()}


@pytest.mark.parametrize("pooling", llm.POOLINGS)
@pytest.mark.parametrize("kind", LLAMA_LIKE)
@torch.no_grad()
def test_a_captured_graph_takes_any_number_of_pairs_and_tokens(kind, pooling):
    model = model_of(kind)
    if pooling == "mean":
        llm.pool_by_mean(model)
    captured = capture(CausalGraph(model), batch(2, 5)).module()
    for shape in [(1, 3), (7, 20), (3, 64)]:
        expected = model(**batch(*shape)).logits
        torch.testing.assert_close(captured(**batch(*shape)), expected, atol=1e-5, rtol=0)
    assert expected.std() > 1e-3


@pytest.fixture(scope="module")
def teacher(llama_reranker, tmp_path_factory):
    """A checkpoint, and a folder with it compiled for OpenVINO."""
    pytest.importorskip("openvino", reason="OpenVINO is not installed: nothing is compiled for it")
    checkpoint, folder = llama_reranker(), tmp_path_factory.mktemp("compiled")
    scorer = llm.load(str(checkpoint), Scoring("cpu", "float32"))
    compile_into(folder, Making(str(checkpoint), scorer, "openvino", groups()), "float32")
    return checkpoint, folder


def test_scores_are_torchs_in_the_order_asked(teacher):
    checkpoint, folder = teacher
    expected = list(llm.load(str(checkpoint), Scoring("cpu", "float32")).score(groups()))
    ours = open_compiled(folder, Scoring())
    for scores, theirs in zip(ours.score(iter(groups())), expected, strict=True):
        assert scores == pytest.approx(theirs, abs=1e-5)
    assert max(map(max, expected)) - min(map(min, expected)) > 0.01
    theirs = llm.load(str(checkpoint), Scoring("cpu", "float32")).traits()
    assert {name for name in theirs if theirs[name] != ours.traits()[name]} == {"backend"}


def test_what_is_added_up_keeps_its_precision(teacher):
    import openvino

    names = {"DisablePrecisionConversion_0", "precise_0"}  # what OpenVINO calls the mark since 2026, and before
    operations = openvino.Core().read_model(str(teacher[1] / FILE)).get_ordered_ops()
    marked = {one.get_type_name() for one in operations if names & {name for name, _ in one.get_rt_info().items()}}
    assert marked == {"Add"}
