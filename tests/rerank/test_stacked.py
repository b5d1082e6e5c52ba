"""Cross-encoders whose score head lies in modules of sentence-transformers, as the Ettin rerankers' does."""

import json
import shutil
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank.backends import why_not
from rerankkit.rerank.kinds import architecture_of
from rerankkit.train.weights import with_score_head

from .classifiers import QUERY, TEXTS, scores

pytest.importorskip("sentence_transformers")


def built(base: Path, folder: Path, pooling: str, *tail) -> tuple[Path, list[float]]:
    """A cross-encoder of the base with a pooling and further modules, saved; and its own logits."""
    import torch
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    modules = [Transformer(str(base)), Pooling(32, pooling_mode=pooling), *tail]
    model = CrossEncoder(modules=modules, device="cpu")
    model.save_pretrained(str(folder))
    pairs = [(QUERY, text) for text in TEXTS]
    return folder, model.predict(pairs, activation_fn=torch.nn.Identity(), show_progress_bar=False).tolist()


def dense(size: int, activation: str = "Identity", **options):
    import torch
    from sentence_transformers.base.modules import Dense

    torch.manual_seed(size)
    return Dense(32, size, activation_function=getattr(torch.nn, activation)(), **options)


@pytest.mark.parametrize("pooling", ["cls", "mean", "lasttoken"])
def test_dense_heads_score_as_in_sentence_transformers(tiny_bert, tmp_path, pooling):
    from sentence_transformers.sentence_transformer.modules import LayerNorm

    tail = dense(32, "GELU", bias=False), LayerNorm(32), dense(1, module_output_name="scores")
    folder, theirs = built(tiny_bert, tmp_path / "model", pooling, *tail)
    assert architecture_of(str(folder)) == "cross-encoder"
    assert scores(folder) == pytest.approx(theirs, abs=1e-5)


def test_the_label_of_a_dense_head(tiny_bert, tmp_path):
    folder, theirs = built(tiny_bert, tmp_path / "model", "cls", dense(3, module_output_name="scores"))
    with pytest.raises(InputError, match=r"has 3 labels, a reranker has one\. Give --label 0 to 2"):
        scores(folder)
    assert scores(folder, label=2) == pytest.approx([row[2] for row in theirs], abs=1e-5)


def test_a_dense_head_is_torchs_and_no_start_of_a_training_keeps_it(tiny_bert, tmp_path, caplog):
    folder, _ = built(tiny_bert, tmp_path / "model", "cls", dense(1, module_output_name="scores"))
    told = "its score head lies in modules of sentence-transformers"
    assert why_not(str(folder), "cross-encoder", "openvino", "float32") == told
    assert with_score_head(str(folder), 0).model.config.num_labels == 1
    assert "its score head is not kept, a fresh one of one label is drawn" in caplog.text


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda modules: modules[:2], "the last module is no Dense module of scores"),
        (lambda modules: [modules[0], modules[2]], "a cross-encoder of Transformer, Dense is not supported"),
        (lambda modules: [*modules, {**modules[1], "type": "x.Own"}], "code of the model's own"),
        (lambda modules: [*modules[:2], {**modules[2], "path": "../elsewhere"}], "the path of a module is not taken"),
    ],
)
def test_modules_that_are_not_computed_are_named(tiny_bert, tmp_path, spoil, problem):
    folder, _ = built(tiny_bert, tmp_path / "model", "cls", dense(1, module_output_name="scores"))
    path = folder / "modules.json"
    path.write_text(json.dumps(spoil(json.loads(path.read_text()))))
    with pytest.raises(InputError) as caught:
        scores(folder)
    assert problem in caught.value.problem
    assert caught.value.path == path


def test_an_older_layout_has_its_head_in_config_json(bert_reranker, tmp_path):
    folder = shutil.copytree(bert_reranker, tmp_path / "old")
    assert scores(Path(folder)) == scores(bert_reranker)
