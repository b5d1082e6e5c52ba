"""An encoder that reads query and document together."""

import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import Note
from rerankkit.rerank.cross_encoder import document_text, frame, knows_segments, load
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.pairs import Lengths
from rerankkit.rerank.scorer import Scoring
from rerankkit.types import Candidate, Document, Group, Query


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [("Title", "text", "Title. text"), ("Title", "", "Title"), ("", "text", "text"), ("", "", "")],
)
def test_the_documents_text(title, text, expected):
    assert document_text(Document("d", title, text)) == expected


def test_somebody_elses_checkpoint_scores_as_in_transformers(bert_reranker, tmp_path):
    model = AutoModelForSequenceClassification.from_pretrained(bert_reranker)
    tokenizer = AutoTokenizer.from_pretrained(bert_reranker)
    texts = ["dog. fish", "a much longer text about red fish and green birds", "bird"]
    inputs = tokenizer(["red cat"] * 3, texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected = model(**inputs).logits[:, 0].tolist()
    candidates = tuple(Candidate(Document(text, "", text), 0.0) for text in texts)
    (scores,) = load_reranker(str(bert_reranker), Scoring(), tmp_path).score([Group(Query("1", "red cat"), candidates)])
    assert scores == pytest.approx(expected, abs=1e-5)


def test_berts_frame(bert_reranker):
    made = frame(AutoTokenizer.from_pretrained(bert_reranker))
    assert (made.prefix, made.middle, made.suffix, made.segments) == ([2], [3], [3], True)


def test_the_frame_of_a_tokenizer_with_two_separators_and_no_segments(bert_reranker):
    """RoBERTa's `<s> A </s></s> B </s>`."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = AutoTokenizer.from_pretrained(bert_reranker)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    made = frame(tokenizer)
    assert (made.prefix, made.middle, made.suffix, made.segments) == ([2], [3, 3], [3], False)


def test_the_frame_of_a_tokenizer_that_knows_neither_probe_word(bert_reranker):
    from tokenizers import models

    tokenizer = AutoTokenizer.from_pretrained(bert_reranker)
    tokenizer.backend_tokenizer.model = models.WordLevel({"[UNK]": 1, "[CLS]": 2, "[SEP]": 3}, "[UNK]")
    made = frame(tokenizer)
    assert (made.prefix, made.middle, made.suffix) == ([2], [3], [3])


def spoken_of(folder, **note) -> Path:
    Note("cross-encoder", **note).write(folder)
    return folder


def test_the_notes_title_apart_and_its_length_are_what_is_scored(bert_reranker, tmp_path):
    """As in transformers, whose tokenizer reads its own separator in a text."""
    folder = shutil.copytree(bert_reranker, tmp_path / "apart")
    spoken_of(folder, lengths=Lengths(32, None, 1), separate_title=True)
    document = Document("d", "dog bird", "fish stone")
    asked = [Group(Query("1", "red cat"), (Candidate(document, 0.0),))]
    scorer = load_reranker(str(folder), Scoring(), tmp_path)
    ((score,),) = scorer.score(asked)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    inputs = AutoTokenizer.from_pretrained(folder)("red cat", "dog [SEP] fish stone", return_tensors="pt")
    with torch.inference_mode():
        assert score == pytest.approx(model(**inputs).logits.item(), abs=1e-5)
    longer = load(str(folder), Scoring(max_length=40, max_query_tokens=9)).encoder.lengths
    assert longer == Lengths(40, 9, 1)
    ((joined,),) = load(str(bert_reranker), Scoring()).score(asked)
    assert joined != pytest.approx(score, abs=1e-3)


def test_an_encoder_has_no_pooling_by_mean(bert_reranker, tmp_path):
    folder = spoken_of(shutil.copytree(bert_reranker, tmp_path / "mean"), pooling="mean")
    with pytest.raises(InputError, match="--pooling mean is for LLMs"):
        load(str(folder), Scoring())


def test_a_model_that_knows_no_segments_is_given_none(bert_reranker, tmp_path):
    """Its tokenizer, here BERT's, may tell them all the same."""
    from transformers import DistilBertConfig, DistilBertForSequenceClassification, RobertaConfig
    from transformers import RobertaForSequenceClassification as Roberta

    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    models = [
        DistilBertForSequenceClassification(
            DistilBertConfig(vocab_size=100, dim=32, n_layers=1, n_heads=2, num_labels=1)
        ),
        Roberta(RobertaConfig(vocab_size=100, pad_token_id=0, type_vocab_size=1, num_labels=1, **sizes)),
        Roberta(RobertaConfig(vocab_size=100, pad_token_id=0, type_vocab_size=2, num_labels=1, **sizes)),
    ]
    assert [knows_segments(model) for model in models] == [False, False, True]
    tokenizer = AutoTokenizer.from_pretrained(bert_reranker)
    for place, model in enumerate(models):
        folder = tmp_path / str(place)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        document = Candidate(Document("d", "", "dog"), 0.0)
        ((score,),) = load(str(folder), Scoring()).score([Group(Query("1", "red cat"), (document,))])
        with torch.inference_mode():
            ids = torch.tensor([[2, 5, 11, 3, 12, 3]])
            types = {"token_type_ids": torch.tensor([[0, 0, 0, 0, 1, 1]])} if place == 2 else {}
            assert score == pytest.approx(model.eval()(input_ids=ids, **types).logits.item(), abs=1e-5)


def test_a_length_beyond_the_models_positions_is_refused(bert_reranker):
    with pytest.raises(InputError, match="--max-length 65 is more than the model's 64 positions"):
        load(str(bert_reranker), Scoring(max_length=65))
    assert load(str(bert_reranker), Scoring(max_length=64)).encoder.lengths.max_length == 64


def test_a_tokenizer_that_tells_no_length_leaves_it_to_the_models_positions(bert_reranker, tmp_path):
    AutoModelForSequenceClassification.from_pretrained(bert_reranker).save_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(bert_reranker)
    tokenizer.model_max_length = 10**30
    tokenizer.save_pretrained(tmp_path)
    scorer = load(str(tmp_path), Scoring())
    assert scorer.encoder.lengths.max_length == 64
    long = Candidate(Document("d", "", "red fish " * 200), 0.0)
    ((score,),) = scorer.score([Group(Query("1", "red"), (long,))])
    assert abs(score) < 100


def test_a_padding_token_that_the_config_lacks_comes_from_the_tokenizer(bert_reranker, tmp_path):
    model = AutoModelForSequenceClassification.from_pretrained(bert_reranker)
    model.config.pad_token_id = None
    model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(bert_reranker).save_pretrained(tmp_path)
    assert load(str(tmp_path), Scoring()).model.config.pad_token_id == 0
