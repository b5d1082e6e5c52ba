"""Pairs to raw scores: the same alone and in any batch."""

import logging
import math

import pytest
import torch
from torch import nn

from rerankkit.errors import InputError
from rerankkit.rerank import cross_encoder, llm
from rerankkit.rerank.scorer import Float32Head, PairScorer, Scoring, head_name, keep_head_in_float32
from rerankkit.types import Group, Query

from .tiny import groups


def load(folder, **how) -> PairScorer:
    return (llm if "llama" in folder.name else cross_encoder).load(str(folder), Scoring("cpu", **how))


@pytest.fixture(scope="module", params=["bert", "llama"])
def folder(request, bert_reranker, llama_reranker):
    return bert_reranker if request.param == "bert" else llama_reranker(pad_token="</s>")


def test_a_score_alone_is_the_score_in_a_batch(folder):
    scorer, asked = load(folder), groups()
    together = [score for scores in scorer.score(asked) for score in scores]
    alone = [
        score
        for group in asked
        for candidate in group.candidates
        for (score,) in scorer.score([Group(group.query, (candidate,))])
    ]
    assert alone == pytest.approx(together, abs=1e-5)
    assert max(together) - min(together) > 0.01


@pytest.mark.parametrize("batch_tokens", [1, 100, 10**6])
def test_the_budget_of_a_batch_changes_no_score(folder, batch_tokens):
    asked = groups()
    expected = list(load(folder).score(asked))
    for scores, theirs in zip(load(folder, batch_tokens=batch_tokens).score(asked), expected, strict=True):
        assert scores == pytest.approx(theirs, abs=1e-5)


def test_scores_come_back_in_the_order_of_groups_and_candidates(folder, monkeypatch):
    """Also over several windows, and whatever the lengths."""
    asked = groups(count=6)
    expected = {
        candidate.document.docid: score
        for group, scores in zip(asked, load(folder).score(asked), strict=True)
        for candidate, score in zip(group.candidates, scores, strict=True)
    }
    monkeypatch.setattr("rerankkit.rerank.batches.WINDOW", 10)
    asked = [Group(group.query, group.candidates[::-1]) for group in asked[::-1]]
    for group, scores in zip(asked, load(folder).score(iter(asked)), strict=True):
        assert scores == pytest.approx([expected[c.document.docid] for c in group.candidates], abs=1e-5)


def test_no_more_groups_are_taken_than_a_window_needs(folder, monkeypatch):
    monkeypatch.setattr("rerankkit.rerank.batches.WINDOW", 10)
    taken: list[str] = []
    scores = load(folder).score(taken.append(group.query.qid) or group for group in groups(count=6))
    next(scores)
    assert taken == ["0", "1"]
    assert len(list(scores)) == 5


def test_a_group_without_candidates_has_no_scores(folder):
    asked = groups(count=2)
    first, none, second = load(folder).score([asked[0], Group(Query("x", "red"), ()), asked[1]])
    assert none == []
    assert (len(first), len(second)) == (7, 7)


def test_no_groups_give_no_scores(folder):
    assert list(load(folder).score([])) == []


class Small:
    """A device with room for so many pairs, whose lack of memory is told as this one's."""

    def __init__(self, scorer: PairScorer, room: float, lack: BaseException | None = None) -> None:
        self.forward, self.room, self.lack = scorer.model.forward, room, lack or torch.OutOfMemoryError("none left")
        self.sizes: list[int] = []
        scorer.model.forward = self

    def __call__(self, input_ids, **inputs):
        self.sizes.append(len(input_ids))
        if len(input_ids) > self.room:
            raise self.lack
        return self.forward(input_ids=input_ids, **inputs)


def of_the_allocator() -> RuntimeError:
    """What torch's own allocator says on a CPU that lacks the memory."""
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 55, dtype=torch.uint8)
    return caught.value


LACKS = {
    "cuda": lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    "mps": lambda: RuntimeError("MPS backend out of memory (MPS allocated: 8 GB). Tried to allocate 1 GB."),
    "cpu": of_the_allocator,
    "numpy": lambda: MemoryError(),
}


@pytest.mark.parametrize("lack", LACKS)
def test_out_of_memory_halves_the_batch_and_goes_on(folder, caplog, lack):
    asked, scorer = groups(count=1), load(folder)
    (expected,) = scorer.score(asked)
    small = Small(scorer, room=2, lack=LACKS[lack]())
    kept: dict[int, float] = {}
    scorer.on_batch = lambda places, scores: kept.update(zip(places, scores, strict=True))
    (scores,) = scorer.score(asked)
    assert scores == pytest.approx(expected, abs=1e-5)
    assert [kept[place] for place in range(7)] == scores
    assert small.sizes[:2] == [7, 3]
    assert sum(size for size in small.sizes if size <= 2) == 7
    assert caplog.messages.count("out of memory with 7 pairs, halved") == 1


def test_the_room_that_was_found_is_kept_for_the_next_queries_and_grows_back(folder, monkeypatch):
    monkeypatch.setattr("rerankkit.rerank.room.PATIENCE", 2)
    asked, scorer = groups(count=12), load(folder)
    list(scorer.score(asked[:1]))  # an LLM looks first whether it may keep prefixes
    small = Small(scorer, room=math.inf)
    list(scorer.score(asked[:6]))
    plenty = [*small.sizes]
    assert max(plenty) > 10
    small.room = 3
    first = list(scorer.score(asked[:6]))
    small.sizes.clear()
    second = list(scorer.score(asked[6:]))
    assert max(small.sizes) < 10  # what did not fit is not tried again
    small.room = math.inf
    for _ in range(40):
        small.sizes.clear()
        list(scorer.score(asked[:6]))
    assert small.sizes == plenty
    assert [len(scores) for scores in (*first, *second)] == [7] * 12


def test_a_pair_that_is_too_long_for_the_memory_is_told(folder):
    scorer = load(folder)
    Small(scorer, room=0)
    told = r"one pair of \d+ tokens is too long for the memory \(none left\)\. Lower --max-length"
    with pytest.raises(InputError, match=told):
        list(scorer.score(groups(count=1)))


def test_another_fault_is_not_taken_for_a_lack_of_memory(folder):
    scorer = load(folder)
    scorer.model.forward = lambda **inputs: torch.zeros(2) @ torch.zeros(3)
    with pytest.raises(RuntimeError, match="size"):
        list(scorer.score(groups(count=1)))


def test_lengths_win_over_the_checkpoints_own(folder):
    assert load(folder).encoder.lengths.max_length == (64 if "bert" in folder.name else 96)
    told = load(folder, max_length=20, max_query_tokens=5).encoder.lengths
    assert (told.max_length, told.max_query_tokens) == (20, 5)


def test_the_cut_documents_are_told_at_the_end(folder, caplog):
    caplog.set_level(logging.INFO, "rerankkit")
    scorer, asked = load(folder, max_length=18), groups(count=1)
    whole = load(folder).encoder.encode(asked[0].query, [candidate.document for candidate in asked[0].candidates])
    lost = [len(pair.ids) - 18 for pair in whole if len(pair.ids) > 18]
    list(scorer.score(asked))
    told = f"{len(lost)} of 7 pairs were cut to --max-length 18, by {sum(lost)} tokens"
    assert caplog.messages == [told]
    assert len(lost) > 3


def test_in_bfloat16_the_head_stays_in_float32(folder):
    """Scores around 1000, where bfloat16 has steps of 4: a head in half precision would tie most of them."""
    scorers = {dtype: load(folder, dtype=dtype) for dtype in ("bfloat16", "float32")}
    for scorer in scorers.values():
        head = getattr(scorer.model, head_name(scorer.model))
        head.weight.data *= 40
        head.bias = nn.Parameter(torch.tensor([1000.0]))
    half, whole = ([s for scores in scorer.score(groups()) for s in scores] for scorer in scorers.values())
    assert len(set(half)) == len(set(whole)) == 35
    assert sum(score == torch.tensor(score).bfloat16().item() for score in half) < 5
    spread = max(whole) - min(whole)
    assert half == pytest.approx(whole, abs=0.1 * spread)
    assert half != pytest.approx(whole, abs=1e-4)  # the layers below did compute in half precision


def test_a_head_in_half_precision_ties():
    """What `Float32Head` is there for."""
    torch.manual_seed(0)
    states = 1 + torch.rand(200, 32) * 0.01
    plain = nn.Linear(32, 1)
    plain.weight.data.fill_(1.0)
    model = nn.Module()
    model.classifier = plain
    with torch.autocast("cpu", torch.bfloat16):
        before = plain(states)
        keep_head_in_float32(model)
        after = model.classifier(states)
    assert (before.dtype, after.dtype) == (torch.bfloat16, torch.float32)
    assert len(set(before.flatten().tolist())) < 5
    assert len(set(after.flatten().tolist())) > 190


def test_every_layer_of_a_deeper_head_is_kept_in_float32():
    from transformers import RobertaConfig, RobertaForSequenceClassification

    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    model = RobertaForSequenceClassification(RobertaConfig(vocab_size=50, num_labels=1, **sizes))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    keep_head_in_float32(model)
    kinds = {name: type(module) for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    assert [name for name, kind in kinds.items() if kind is Float32Head] == ["classifier.dense", "classifier.out_proj"]
    assert before.keys() == model.state_dict().keys()
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_model_without_a_head_is_refused():
    with pytest.raises(InputError, match="the score head of Linear is not found"):
        head_name(nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"dtype": "int4"}, "unknown --dtype 'int4'. Known: auto, float32, bfloat16, float16, int8"),
        ({"dtype": "int8"}, "--backend torch does not compute int8. Give --backend openvino, or onnx"),
        ({"batch_tokens": 0}, "--batch-tokens 0 is not positive"),
    ],
)
def test_wrong_settings_are_told(how, message):
    with pytest.raises(InputError) as caught:
        Scoring(**how)
    assert str(caught.value) == message


@pytest.mark.parametrize("device", ["gpu", "cuda:99"])
def test_a_device_that_is_not_there_is_told(device):
    with pytest.raises(InputError, match=f"--device {device}: "):
        Scoring(device).torch_device()


def test_the_device_and_precision_of_a_machine_without_accelerator(bert_reranker, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    scorer = cross_encoder.load(str(bert_reranker), Scoring())
    assert (scorer.device.type, scorer.dtype, scorer.model.training) == ("cpu", torch.float32, False)


@pytest.mark.parametrize("name", ["_is_avx512_bf16_supported", "_is_amx_tile_supported"])
def test_bfloat16_is_the_default_of_a_processor_that_is_fast_in_it(folder, monkeypatch, name):
    monkeypatch.setattr(torch.cpu, name, lambda: True)
    assert load(folder).dtype is torch.bfloat16
    assert load(folder, dtype="float32").dtype is torch.float32


def test_scores_are_finite_numbers_of_python(folder):
    scores = next(load(folder).score(groups(count=1)))
    assert all(type(score) is float and math.isfinite(score) for score in scores)
