"""An LLM's score is read at the last token, whatever the padding."""

import json

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import Note
from rerankkit.rerank.llm import (
    PAD,
    MeanPooling,
    frame,
    load,
    pool_by_mean,
    separate_pad,
)
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.pairs import Lengths
from rerankkit.rerank.scorer import PairScorer, Scoring
from rerankkit.rerank.texts import document_lines, query_line
from rerankkit.types import Candidate, Document, Group, Query

TEXTS = ("bird fish", "dog", "red green blue " * 5, "cat! fish!", "river stone apple", "")
GROUP = Group(Query("1", "red cat"), tuple(Candidate(Document(text, "dog", text), 0.0) for text in TEXTS))
VARIANTS = {
    "no padding token": {},
    "padding is the end": {"pad_token": "</s>"},
    "padding is the end, on the left": {"pad_token": "</s>", "padding_side": "left"},
    "padding is a word, on the left": {"pad_token": "!", "padding_side": "left"},
    "an unknown token to spare": {"unk_token": "?"},
}


@pytest.fixture(scope="module")
def scorers(llama_reranker) -> dict[str, PairScorer]:
    return {name: load(str(llama_reranker(**special)), Scoring("cpu")) for name, special in VARIANTS.items()}


def by_hand(scorer: PairScorer) -> list[float]:
    """Each pair alone, without padding: the last hidden state of the transformer times the head's weights."""
    scores = []
    for pair in scorer.encoder.encode(GROUP.query, [candidate.document for candidate in GROUP.candidates]):
        with torch.no_grad():
            assert pair.ids[-1] == scorer.encoder.tokenizer.eos_token_id
            states = scorer.model.model(input_ids=torch.tensor([pair.ids])).last_hidden_state
            scores.append((states[0, len(pair.ids) - 1] @ scorer.model.score.weight[0]).item())
    return scores


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_score_is_read_at_the_end_of_sequence(scorers, variant):
    (scores,) = scorers[variant].score([GROUP])
    assert scores == pytest.approx(by_hand(scorers[variant]), abs=1e-4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_neither_padding_side_nor_token_matters(scorers, variant):
    (expected,) = scorers["no padding token"].score([GROUP])
    (scores,) = scorers[variant].score([GROUP])
    assert scores == pytest.approx(expected, abs=1e-5)
    assert max(scores) - min(scores) > 0.1


PADDING = {"no padding token": PAD, "padding is the end": PAD, "an unknown token to spare": "?"}


@pytest.mark.parametrize(("variant", "pad"), [*PADDING.items(), ("padding is a word, on the left", "!")])
def test_the_padding_token_is_not_the_end(scorers, variant, pad):
    tokenizer, config = scorers[variant].encoder.tokenizer, scorers[variant].model.config
    assert tokenizer.pad_token == pad
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
    assert config.pad_token_id == tokenizer.pad_token_id
    assert tokenizer.padding_side == "right"


def test_the_end_is_kept_where_the_document_is_cut(llama_reranker):
    """And it is what is scored: the pair without it has another score."""
    scorer = load(str(llama_reranker()), Scoring("cpu", max_length=20))
    long = Candidate(Document("long", "dog", "red green blue " * 50), 0.0)
    ((score,),) = scorer.score([Group(GROUP.query, (long,))])
    (pair,) = scorer.encoder.encode(GROUP.query, [long.document])
    assert (len(pair.ids), pair.ids[-1]) == (20, scorer.encoder.tokenizer.eos_token_id)
    with torch.no_grad():
        states = scorer.model.model(input_ids=torch.tensor([pair.ids])).last_hidden_state[0]
    assert score == pytest.approx((states[19] @ scorer.model.score.weight[0]).item(), abs=1e-4)
    assert score != pytest.approx((states[18] @ scorer.model.score.weight[0]).item(), abs=1e-2)


def test_a_folder_with_our_note_is_loaded_as_an_llm(llama_reranker, tmp_path):
    scorer = load_reranker(str(llama_reranker()), Scoring("cpu"), tmp_path)
    assert isinstance(scorer, PairScorer)
    assert scorer.encoder.frame.query_text is query_line
    assert scorer.encoder.lengths.max_length == 96


def pooled(folder, pooling="mean", **note):
    Note("llm", Lengths(96), pooling=pooling, **note).write(folder)
    return load(str(folder), Scoring("cpu"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_mean_is_over_all_real_tokens_whatever_the_padding(llama_reranker, variant):
    """By hand: each pair alone, the mean of its last hidden states times the head's weights."""
    scorer = pooled(llama_reranker(**VARIANTS[variant]))
    expected = []
    for pair in scorer.encoder.encode(GROUP.query, [candidate.document for candidate in GROUP.candidates]):
        with torch.no_grad():
            states = scorer.model.model(input_ids=torch.tensor([pair.ids])).last_hidden_state[0]
        expected.append((states.mean(0) @ scorer.model.score.weight[0]).item())
    (scores,) = scorer.score([GROUP])
    assert scores == pytest.approx(expected, abs=1e-5)
    assert scores != pytest.approx(by_hand(scorer), abs=0.01)


def test_a_model_that_pools_by_the_mean_is_saved_under_its_own_name(llama_reranker, tmp_path):
    scorer = pooled(llama_reranker())
    pool_by_mean(scorer.model)  # a second time changes nothing
    scorer.model.save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["architectures"] == ["LlamaForSequenceClassification"]
    theirs = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert not isinstance(theirs, MeanPooling)
    assert isinstance(scorer.model, MeanPooling)


@pytest.mark.parametrize(
    ("note", "message"),
    [
        ({"pooling": "max"}, "the pooling 'max'. Known: last, mean"),
        ({"separate_title": True}, "--separate-title is for encoders. An LLM reads title and summary"),
    ],
)
def test_a_note_that_an_llm_cannot_follow(llama_reranker, note, message):
    with pytest.raises(InputError, match=message):
        pooled(llama_reranker(), **{"pooling": "last", **note})


def test_the_lines():
    assert query_line(Query("1", "red cat")) == "Query: red cat\n"
    assert document_lines(Document("d", "t", "s")) == "Title: t\nSummary: s"
    assert document_lines(Document("d", "", "s")) == "Summary: s"
    assert document_lines(Document("d", "t", "")) == "Title: t"


def test_embeddings_grow_for_a_new_padding_token(tiny_llama):
    model = AutoModelForCausalLM.from_pretrained(tiny_llama)
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    words = model.get_input_embeddings().num_embeddings
    separate_pad(model, tokenizer)
    assert tokenizer.pad_token_id == words == len(tokenizer) - 1
    assert model.get_input_embeddings().num_embeddings == words + 1
    separate_pad(model, tokenizer)  # a second time, as after loading, nothing is left to do
    assert len(tokenizer) == words + 1


def test_a_tokenizer_without_an_end_is_refused(tiny_llama):
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    tokenizer.eos_token = None
    with pytest.raises(InputError, match="no end-of-sequence token"):
        frame(tokenizer)
