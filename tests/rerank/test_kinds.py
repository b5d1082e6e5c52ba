"""Which architecture a folder is, and that it scores as its own library does."""

import json
import shutil
from pathlib import Path

import pytest
import transformers

from rerankkit.errors import InputError
from rerankkit.rerank.kinds import architecture_of
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scoring import Scoring

from .classifiers import DECODERS, ENCODERS, logits, made, scores


@pytest.fixture
def make(tmp_path, tiny_bert, tiny_llama):
    """Makes a classifier of a family."""
    return lambda family, **changes: made(tmp_path / "model", family, {True: tiny_bert, False: tiny_llama}, **changes)


@pytest.mark.parametrize("family", [*ENCODERS, *DECODERS])
def test_a_classifier_of_one_label_scores_as_in_transformers(make, family):
    folder = make(family)
    assert architecture_of(str(folder)) == "cross-encoder"
    assert scores(folder) == pytest.approx(logits(folder)[:, 0].tolist(), abs=1e-5)


@pytest.mark.parametrize("family", ["Bert", "DebertaV2", "T5"])
def test_of_two_labels_the_score_is_the_difference_of_their_logits(make, family):
    folder = make(family, num_labels=2)
    zero, one = logits(folder).T
    assert scores(folder, label=1) == pytest.approx((one - zero).tolist(), abs=1e-5)
    assert scores(folder, label=0) == pytest.approx((zero - one).tolist(), abs=1e-5)


def test_of_three_labels_the_score_is_the_logit_of_the_chosen_one(make):
    folder = make("Bert", num_labels=3)
    for label, wanted in enumerate(logits(folder).T):
        assert scores(folder, label=label) == pytest.approx(wanted.tolist(), abs=1e-5)


def test_several_labels_are_named_and_the_option_with_them(make):
    folder = make("Bert", id2label={0: "off", 1: "on"})
    with pytest.raises(InputError, match=r"has 2 labels \(0 off, 1 on\), a reranker has one\. .*rerank --label 1"):
        scores(folder)
    with pytest.raises(InputError, match=r"has 2 labels, no label 2\. Give --label 0 to 1"):
        scores(folder, label=2)


def test_a_label_of_a_model_that_has_one(bert_reranker, tiny_llama):
    with pytest.raises(InputError, match=r"has 1 label, no label 0\. Leave --label out"):
        scores(bert_reranker, label=0)
    with pytest.raises(InputError, match="--label is for cross-encoders"):
        scores(tiny_llama, label=0)


def test_the_label_is_among_what_scores_follow_from(make):
    folder = make("Bert", num_labels=3)
    one, two = (load_reranker(str(folder), Scoring("cpu", label=label)).traits() for label in (1, 2))
    assert one != two


def test_padding_on_the_left_is_refused(tmp_path, tiny_bert):
    config = transformers.XLNetConfig(vocab_size=100, d_model=32, n_layer=2, n_head=2, d_inner=64, num_labels=1)
    folder = Path(shutil.copytree(tiny_bert, tmp_path / "model"))
    transformers.XLNetForSequenceClassification(config).save_pretrained(folder)
    with pytest.raises(InputError, match="xlnet pads on the left"):
        scores(folder)


@pytest.mark.parametrize(
    ("modules", "settings", "kind"),
    [
        (["Transformer"], {"model_type": "CrossEncoder"}, "cross-encoder"),
        (["Transformer"], {}, "cross-encoder"),
        (["Transformer"], None, "cross-encoder"),
        (["Transformer", "Pooling"], None, "bi-encoder"),
        (["Transformer", "Pooling"], {"model_type": "SentenceTransformer"}, "bi-encoder"),
        (["Transformer", "Pooling", "Dense"], {"model_type": "CrossEncoder"}, "cross-encoder"),
        (None, {"model_type": "CrossEncoder"}, "cross-encoder"),
        (None, None, "cross-encoder"),
    ],
)
def test_modules_settings_and_classes_decide_together(bert_reranker, tmp_path, modules, settings, kind):
    folder = Path(shutil.copytree(bert_reranker, tmp_path / "model"))
    if modules is not None:
        listed = [{"idx": 0, "name": "", "path": "", "type": f"sentence_transformers.models.{one}"} for one in modules]
        (folder / "modules.json").write_text(json.dumps(listed))
    if settings is not None:
        (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))
    assert architecture_of(str(folder)) == kind


def test_another_kind_of_sentence_transformers_is_named(bert_reranker, tmp_path):
    folder = Path(shutil.copytree(bert_reranker, tmp_path / "sparse"))
    (folder / "config_sentence_transformers.json").write_text('{"model_type": "SparseEncoder"}')
    with pytest.raises(InputError, match="a SparseEncoder of sentence-transformers is not a reranker here"):
        architecture_of(str(folder))
