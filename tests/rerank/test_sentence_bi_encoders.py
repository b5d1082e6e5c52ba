"""Bi-encoders of a dozen architectures: the similarities of sentence-transformers, to 1e-5."""

from pathlib import Path
from typing import Any

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scoring import Scoring
from rerankkit.types import Candidate, Document, Group, Query

from .architectures import ARCHITECTURES, byte_level, save_architecture

st = pytest.importorskip("sentence_transformers")

QUERIES = ["red cat", "a dog by the river, a grey dog"]
TEXTS = ["a cat by the river", "zebra", "", "a dog on a stone, a dog by the river, a bird and a fish " * 4]


def saved(base: Path, folder: Path, mode: str, dimension: int = 32) -> Path:
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    first = Transformer(str(base))
    model = st.SentenceTransformer(modules=[first, Pooling(dimension, pooling_mode=mode)], device="cpu")
    model.save(str(folder), create_model_card=False)
    return folder


def ours(folder: Path, **scoring: Any) -> list[list[float]]:
    candidates = tuple(Candidate(Document(str(i), "", text), 0.0) for i, text in enumerate(TEXTS))
    groups = [Group(Query(str(i), text), candidates) for i, text in enumerate(QUERIES)]
    return list(load_reranker(str(folder), Scoring("cpu", "float32", **scoring)).score(groups))


def agree(folder: Path) -> None:
    model = st.SentenceTransformer(str(folder), device="cpu")
    expected = model.similarity(model.encode(QUERIES), model.encode(TEXTS)).tolist()
    assert len({round(score, 5) for score in expected[0]}) == len(TEXTS)
    for mine, other in zip(ours(folder), expected, strict=True):
        assert mine == pytest.approx(other, abs=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_similarities(tiny_bert, tmp_path, name):
    """Decoders are read at their last token; the longest text is cut by the tokenizer's length."""
    base = save_architecture(name, "Model", tiny_bert, tmp_path / "base")
    agree(saved(base, tmp_path / "bi", "lasttoken" if ARCHITECTURES[name][0] == "decoder" else "mean"))


def test_the_encoder_of_t5(tmp_path):
    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(0)
    sizes = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2, "initializer_factor": 3.0}
    config = T5Config(vocab_size=300, pad_token_id=1, eos_token_id=2, **sizes)
    T5EncoderModel(config).eval().save_pretrained(tmp_path / "base")
    byte_level("$A </s> $B </s>", "$A </s>").save_pretrained(tmp_path / "base")
    agree(saved(tmp_path / "base", tmp_path / "bi", "mean"))


def test_another_encoder_decoder_is_refused(tmp_path):
    from transformers import BartConfig, BartModel

    sizes = {f"{side}_{name}": 2 for side in ("encoder", "decoder") for name in ("layers", "attention_heads")}
    sizes |= {"d_model": 32, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "vocab_size": 300}
    BartModel(BartConfig(**sizes)).save_pretrained(tmp_path / "base")
    byte_level("<s> $A </s> $B </s>", "<s> $A </s>").save_pretrained(tmp_path / "base")
    folder = saved(tmp_path / "base", tmp_path / "bi", "mean")
    with pytest.raises(InputError, match="a bi-encoder of bart is not supported"):
        ours(folder)


def test_a_text_without_tokens_has_a_finite_score(tiny_bert, tmp_path):
    """A decoder's tokenizer that puts nothing around a text makes no token of an empty one."""
    base = save_architecture("Llama", "Model", tiny_bert, tmp_path / "base")
    byte_level("$A $B", "$A").save_pretrained(base)
    of_documents = ours(saved(base, tmp_path / "bi", "lasttoken"))[0]
    assert -1 <= of_documents[2] <= 1
    assert len(set(of_documents)) == len(TEXTS)
    empty = Group(Query("q", ""), (Candidate(Document("1", "", ""), 0.0), Candidate(Document("2", "red", ""), 0.0)))
    ((one, two),) = load_reranker(str(tmp_path / "bi"), Scoring("cpu", "float32")).score([empty])
    assert one == pytest.approx(1.0, abs=1e-6)
    assert two < 0.999


def test_a_score_that_is_no_number_names_its_pair(tiny_bert, tmp_path):
    base = save_architecture("Bert", "Model", tiny_bert, tmp_path / "base")
    reranker = load_reranker(str(saved(base, tmp_path / "bi", "mean")), Scoring("cpu", "float32"))
    with torch.no_grad():
        reranker.model.get_input_embeddings().weight[14] = float("nan")  # fish
    documents = (Document("d1", "", "a dog"), Document("d2", "", "a fish"))
    asked = Group(Query("q4", "red"), tuple(Candidate(document, 0.0) for document in documents))
    with pytest.raises(InputError, match="query q4, document d2: the model's score is nan"):
        list(reranker.score([asked]))
