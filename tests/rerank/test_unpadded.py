"""Pairs without padding: the padded pass's scores, and the padded pass where that does not work."""

import pytest
import torch

from rerankkit.rerank import unpadded
from rerankkit.rerank.encoder import EncoderScorer
from rerankkit.rerank.graph import spare_last_layer
from rerankkit.rerank.pairs import Frame, Lengths, Pair, PairEncoder
from rerankkit.rerank.scorer import Whole, keep_head_in_float32
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.unpadded import Spans, Unpadded, usable

from .tiny import KINDS, by_span, model_of


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
