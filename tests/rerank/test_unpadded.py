"""Pairs without padding: the padded pass's scores, and the padded pass where that does not work."""

import logging
from itertools import pairwise

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from rerankkit.rerank import cross_encoder, unpadded
from rerankkit.rerank.graph import spare_last_layer
from rerankkit.rerank.pairs import Frame, Lengths, Pair, PairEncoder
from rerankkit.rerank.scorer import Whole, keep_head_in_float32
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.unpadded import EncoderScorer, Spans, Unpadded, usable

from .test_graph import KINDS, model_of
from .test_scorer import groups


def by_span(query, key, value, asks, told, scale):
    """What the kernel of CUDA computes, a span at a time."""
    parts = [
        scaled_dot_product_attention(
            *(t.transpose(0, 1)[None] for t in (query[a:b], key[c:d], value[c:d])), scale=scale
        )[0].transpose(0, 1)
        for (a, b), (c, d) in zip(pairwise(asks.bounds), pairwise(told.bounds), strict=True)
    ]
    assert max(part.shape[0] for part in parts) == asks.longest
    return torch.cat(parts)


@pytest.fixture(params=KINDS)
def scorer(request) -> EncoderScorer:
    """A scorer of a model of each kind, which has no tokenizer: its pairs come ready."""
    model = spare_last_layer(model_of(request.param))
    keep_head_in_float32(model)
    frame = Frame([], [], [], str, str, segments=request.param in ("Bert", "Electra"))
    return EncoderScorer(model, PairEncoder(None, frame, Lengths(64)), Scoring("cpu", "float32"))


PAIRS = [Pair(list(range(5, 5 + length)), min(length, 4)) for length in (9, 30, 1, 14)]


@torch.inference_mode()
def test_scores_are_those_of_the_padded_pass(scorer):
    places = [2, 0, 3, 1]
    expected = Whole(scorer, PAIRS).forward(places)
    found = Unpadded(scorer, PAIRS, by_span).forward(places)
    assert (found.dtype, found.shape) == (torch.float32, (4,))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert expected.std() > 1e-3


@torch.inference_mode()
def test_a_pair_does_not_see_its_neighbours(scorer):
    alone = [Unpadded(scorer, [pair], by_span).forward([0]).item() for pair in PAIRS]
    assert Unpadded(scorer, PAIRS, by_span).forward(range(4)).tolist() == pytest.approx(alone, abs=1e-5)


def test_spans_begin_where_the_ones_before_them_end():
    spans = Spans.of([3, 1, 4])
    assert (spans.bounds.tolist(), spans.bounds.dtype, spans.longest) == ([0, 3, 4, 8], torch.int32, 4)


@pytest.mark.parametrize(
    ("device", "dtype", "expected"),
    [("cpu", torch.bfloat16, False), ("cuda", torch.float32, False), ("cuda", torch.bfloat16, True)],
)
def test_it_is_for_half_precision_on_cuda(device, dtype, expected, monkeypatch):
    monkeypatch.setattr(unpadded, "find_spec", lambda name: name == "torch.nn.attention.varlen")
    assert usable(model_of("Bert"), torch.device(device), dtype) is expected
    monkeypatch.setattr(unpadded, "find_spec", lambda name: None)
    assert not usable(model_of("Bert"), torch.device(device), dtype)


@pytest.fixture
def here(monkeypatch):
    """Takes this processor for one that can do without padding, by the attention given."""

    def with_attention(attention):
        monkeypatch.setattr(unpadded, "usable", lambda model, device, dtype: True)
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
