"""A bi-encoder's scores against vectors made by hand, whatever the batch."""

import json

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.rerank import bi_encoder
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scorer import Scoring
from rerankkit.types import Candidate, Document, Group, Query

DOCUMENTS = [
    Document("1", "red cat", "a cat by the river"),
    Document("2", "", "blue stone"),
    Document("3", "green bird", ""),
    Document("4", "grey dog", "a dog on a stone, a dog by the river, a dog and a bird and a fish"),
]
GROUPS = [
    Group(Query("q1", "red cat"), tuple(Candidate(document, 0.0) for document in DOCUMENTS)),
    Group(Query("q2", "dog"), tuple(Candidate(document, 0.0) for document in DOCUMENTS[1:3])),
]
TEXTS = [
    "red cat. a cat by the river",
    "blue stone",
    "green bird",
    "grey dog. a dog on a stone, a dog by the river, a dog and a bird and a fish",
]


@pytest.fixture
def folder(tiny_bert, tmp_path):
    """A sentence-transformers folder of the tiny BERT: mean pooling, normalised."""
    copy = tmp_path / "bi"
    copy.mkdir()
    for path in tiny_bert.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    write(copy, ["Transformer", "Pooling", "Normalize"], {"pooling_mode_mean_tokens": True})
    return copy


def write(folder, modules, pooling, **config):
    paths = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize", "WordWeights": "2_WordWeights"}
    listed = [{"idx": i, "path": paths[m], "type": f"sentence_transformers.models.{m}"} for i, m in enumerate(modules)]
    (folder / "modules.json").write_text(json.dumps(listed))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 24}))
    (folder / "config_sentence_transformers.json").write_text(json.dumps(config))


def by_hand(folder, text, pooling="mean", most=24):
    """One text, encoded alone."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        states = model(**tokenizer(text, truncation=True, max_length=most, return_tensors="pt")).last_hidden_state[0]
    return {"mean": states.mean(0), "cls": states[0], "lasttoken": states[-1]}[pooling]


def test_scores_are_cosines_of_mean_pooled_vectors(folder):
    query = by_hand(folder, "red cat")
    expected = [torch.cosine_similarity(query, by_hand(folder, text), dim=0).item() for text in TEXTS]
    first, second = load_reranker(str(folder), Scoring(dtype="float32", batch_tokens=60)).score(GROUPS)
    assert first == pytest.approx(expected, abs=1e-6)
    assert len(set(first)) == 4
    dog = by_hand(folder, "dog")
    assert second == pytest.approx(
        [torch.cosine_similarity(dog, by_hand(folder, text), dim=0).item() for text in TEXTS[1:3]], abs=1e-6
    )


@pytest.mark.parametrize("pooling", ["cls", "lasttoken"])
def test_other_poolings_without_normalisation_give_inner_products(folder, pooling):
    write(folder, ["Transformer", "Pooling"], {"pooling_mode": pooling}, similarity_fn_name="dot")
    expected = [(by_hand(folder, "red cat", pooling) @ by_hand(folder, text, pooling)).item() for text in TEXTS]
    first, _ = load_reranker(str(folder), Scoring(dtype="float32")).score(GROUPS)
    assert first == pytest.approx(expected, abs=1e-5)


def test_prompts_stand_before_queries_and_documents(folder):
    write(
        folder,
        ["Transformer", "Pooling", "Normalize"],
        {"pooling_mode_mean_tokens": True},
        prompts={"query": "red: ", "document": "blue: "},
    )
    query = by_hand(folder, "red: red cat")
    expected = [torch.cosine_similarity(query, by_hand(folder, f"blue: {text}"), dim=0).item() for text in TEXTS]
    first, _ = load_reranker(str(folder), Scoring(dtype="float32")).score(GROUPS)
    assert first == pytest.approx(expected, abs=1e-6)


def test_max_length_overrides_the_folders(folder):
    first, _ = load_reranker(str(folder), Scoring(dtype="float32", max_length=8)).score(GROUPS)
    query = by_hand(folder, "red cat", most=8)
    expected = [torch.cosine_similarity(query, by_hand(folder, text, most=8), dim=0).item() for text in TEXTS]
    assert first == pytest.approx(expected, abs=1e-6)


def test_a_document_of_several_queries_is_encoded_once(folder, monkeypatch):
    seen = []
    take = bi_encoder.BiEncoder.vectors
    monkeypatch.setattr(
        bi_encoder.BiEncoder, "vectors", lambda self, texts, *rest: seen.extend(texts) or take(self, texts, *rest)
    )
    monkeypatch.setattr("rerankkit.rerank.batches.WINDOW", 1)
    list(load_reranker(str(folder), Scoring()).score(GROUPS))
    assert seen == ["red cat", *TEXTS, "dog"]


@pytest.mark.parametrize(
    ("modules", "pooling", "told"),
    [
        (["Transformer", "Pooling", "WordWeights"], {"pooling_mode_mean_tokens": True}, "WordWeights is not supported"),
        (["Transformer"], {}, "a bi-encoder of Transformer is not supported"),
        (["Transformer", "Pooling"], {"pooling_mode": "median"}, "unknown pooling mode 'median'"),
        (["Transformer", "Pooling"], {"pooling_mode_mean": True}, "unknown setting 'pooling_mode_mean'"),
    ],
)
def test_what_is_not_computed_is_refused(folder, modules, pooling, told):
    write(folder, modules, pooling)
    with pytest.raises(InputError, match=told):
        load_reranker(str(folder), Scoring())


def test_more_tokens_than_positions_are_refused(folder):
    with pytest.raises(InputError, match="more than the model's 64 positions"):
        load_reranker(str(folder), Scoring(max_length=65))


@pytest.mark.parametrize("text", ["[", '[{"type": "a.Transformer"}]', '{"a": 1}', "[1]", "1"])
def test_a_broken_settings_file_is_named(folder, text):
    (folder / "modules.json").write_text(text)
    with pytest.raises(InputError, match=r"modules\.json"):
        load_reranker(str(folder), Scoring())


def test_a_name_without_a_folder_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="bi-encoder is an architecture, not a model"):
        load_reranker("bi-encoder", Scoring())


def test_documents_that_are_cut_are_counted(folder, caplog):
    """Of 24 tokens: the fourth document alone has more; at 16 it loses eight more."""
    from transformers import AutoTokenizer

    caplog.set_level("INFO", "rerankkit")
    length = len(AutoTokenizer.from_pretrained(folder)(TEXTS[3])["input_ids"])
    list(load_reranker(str(folder), Scoring(dtype="float32")).score(GROUPS))
    list(load_reranker(str(folder), Scoring(dtype="float32", max_query_tokens=1, max_length=16)).score(GROUPS))
    assert caplog.messages == [
        f"1 of 4 documents were cut to --max-length 24, by {length - 24} tokens",
        f"1 of 4 documents were cut to --max-length 16, by {length - 16} tokens",
        "1 of 2 queries were cut to --max-query-tokens 1, by 1 token",
    ]


def test_vectors_that_were_kept_can_be_dropped(folder, monkeypatch):
    seen = []
    take = bi_encoder.BiEncoder.vectors
    monkeypatch.setattr(
        bi_encoder.BiEncoder, "vectors", lambda self, texts, *rest: seen.extend(texts) or take(self, texts, *rest)
    )
    reranker = load_reranker(str(folder), Scoring())
    first = list(reranker.score(GROUPS[1:]))
    reranker.forget()
    assert list(reranker.score(GROUPS[1:])) == first
    assert seen == ["dog", *TEXTS[1:3]] * 2


def test_a_query_that_is_too_long_is_cut_or_named(folder, caplog):
    """30 words and the two special tokens; its first two tokens are those of the first group's query."""
    caplog.set_level("INFO", "rerankkit")
    asked = Group(Query("q9", "red cat " * 15), GROUPS[0].candidates)
    with pytest.raises(InputError, match="query q9 has 32 tokens of the 24 that a text may have"):
        list(load_reranker(str(folder), Scoring(dtype="float32", long_queries="error")).score([asked]))
    (truncated,) = load_reranker(str(folder), Scoring(dtype="float32")).score([asked])
    query = by_hand(folder, "red cat " * 15)
    expected = [torch.cosine_similarity(query, by_hand(folder, text), dim=0).item() for text in TEXTS]
    assert truncated == pytest.approx(expected, abs=1e-6)
    assert caplog.messages[-1] == "1 of 1 queries were cut to --max-length 24, by 8 tokens"
    (cut,) = load_reranker(str(folder), Scoring(dtype="float32", max_query_tokens=2)).score([asked])
    (whole,) = load_reranker(str(folder), Scoring(dtype="float32")).score(GROUPS[:1])
    assert cut == pytest.approx(whole, abs=1e-6)
