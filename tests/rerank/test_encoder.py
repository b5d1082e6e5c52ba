"""How an encoder's pairs are computed: unpadded, padded where that does not work, compiled where that was asked for."""

import logging
import shutil

import pytest
import torch
from torch._dynamo.exc import TorchDynamoException

from rerankkit.errors import InputError
from rerankkit.rerank import cross_encoder, encoder
from rerankkit.rerank.encoder import EncoderScorer
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scoring import Scoring

from .tiny import by_span, groups


@pytest.fixture
def here(monkeypatch):
    """Takes this processor for one that can do without padding, by the attention given."""

    def with_attention(attention):
        monkeypatch.setattr(encoder, "usable", lambda model, device, dtype: True)
        monkeypatch.setattr(EncoderScorer, "attention", staticmethod(attention))

    return with_attention


def test_rerankers_do_without_padding_where_it_works(bert_reranker, here, caplog):
    expected = list(cross_encoder.load(str(bert_reranker), Scoring("cpu", "float32")).score(groups()))
    calls = []
    here(lambda *given: calls.append(given) or by_span(*given))
    scorer = cross_encoder.load(str(bert_reranker), Scoring("cpu", "float32", batch_tokens=100))
    assert scorer.traits()["attention"] == "unpadded"
    for found, theirs in zip(scorer.score(groups()), expected, strict=True):
        assert found == pytest.approx(theirs, abs=1e-5)
    assert len(calls) > 10
    assert "padded" not in caplog.text


def cannot(*_):
    raise RuntimeError("no kernel image is available")


@pytest.mark.parametrize(
    ("attention", "told"),
    [(cannot, "no kernel image is available"), (lambda *given: 9 + by_span(*given), "the model gives")],
)
def test_a_kernel_that_does_not_run_or_errs_is_told_and_left(bert_reranker, here, caplog, attention, told):
    expected = list(cross_encoder.load(str(bert_reranker), Scoring("cpu", "float32")).score(groups()))
    here(attention)
    scorer = cross_encoder.load(str(bert_reranker), Scoring("cpu", "float32"))
    with caplog.at_level(logging.WARNING):
        assert list(scorer.score(groups())) == expected
    assert told in caplog.text
    assert caplog.text.count("padded attention is used") == 1


def test_a_model_whose_look_failed_says_that_it_is_padded(bert_reranker, here):
    here(cannot)
    assert "attention" not in cross_encoder.load(str(bert_reranker), Scoring("cpu", "float32")).traits()


def test_the_look_counts_no_pair_as_scored(bert_reranker, here):
    here(by_span)
    assert cross_encoder.load(str(bert_reranker), Scoring("cpu", "float32")).encoder.documents.texts == 0


@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler here")
def test_compiled_scores_are_those_of_the_plain_pass(bert_reranker):
    plain = cross_encoder.load(str(bert_reranker), Scoring("cpu", "float32"))
    compiled = cross_encoder.load(str(bert_reranker), Scoring("cpu", "float32", batch_tokens=200, compile=True))
    before = torch._dynamo.utils.counters["frames"]["ok"]
    for found, expected in zip(compiled.score(groups()), plain.score(groups()), strict=True):
        assert found == pytest.approx(expected, abs=1e-5)
    assert torch._dynamo.utils.counters["frames"]["ok"] > before
    assert compiled.traits() == {**plain.traits(), "compiled": True}


def test_what_the_compiler_says_is_told(bert_reranker, monkeypatch):
    def fail(*_, **__):
        raise TorchDynamoException("no compiler")

    scorer = cross_encoder.load(str(bert_reranker), Scoring("cpu", "float32", compile=True))
    monkeypatch.setattr(scorer.model, "_compiled_call_impl", fail)
    with pytest.raises(InputError, match="no compiler") as error:
        list(scorer.score(groups()))
    assert "g++" in error.value.remedy


@pytest.mark.parametrize("how", [{"backend": "openvino"}, {"backend": "onnx"}, {"backend": "auto", "dtype": "int8"}])
def test_what_torch_does_not_run_is_not_compiled_by_it(how):
    with pytest.raises(InputError, match="--compile is torch's"):
        Scoring(compile=True, **how)


def test_llms_are_not_compiled(llama_reranker, tmp_path):
    folder = llama_reranker(pad_token="</s>")
    with pytest.raises(InputError, match="is for cross-encoders"):
        load_reranker(str(folder), Scoring("cpu", compile=True), tmp_path)


def test_auto_is_torch_where_it_compiles(bert_reranker, tmp_path):
    scorer = load_reranker(str(bert_reranker), Scoring("cpu", "float32", backend="auto", compile=True), tmp_path)
    assert isinstance(scorer, EncoderScorer)
