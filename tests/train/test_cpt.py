"""Continued pre-training: given the query, the clicked title and summary are learnt."""

import json
import logging

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from rerankkit.collection.click_weights import ClickWeight
from rerankkit.collection.clicks import Click
from rerankkit.errors import InputError
from rerankkit.rerank import llm
from rerankkit.rerank.pairs import Lengths, Pair, PairEncoder
from rerankkit.train.cpt import ClickData, Clicked, click_loss, clicked_documents, collate, continue_pretraining
from rerankkit.train.settings import Lora, Training
from rerankkit.types import Document, Query

QUIET = {"bf16": False, "use_cpu": True, "max_length": 32, "save_steps": 1000}
COLLECTION = {"d1": Document("d1", "Dog", "a bird"), "d2": Document("d2", "", "")}


@pytest.fixture
def parts(tiny_llama):
    """Model, tokenizer and encoder."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_llama), AutoTokenizer.from_pretrained(tiny_llama)
    llm.separate_pad(model, tokenizer)
    return model, tokenizer, PairEncoder(tokenizer, llm.frame(tokenizer), Lengths(32))


CLICKED = [
    Clicked(Query("1", "red"), Document("", "cat", "bird fish")),
    Clicked(Query("2", "green dog cat"), Document("", "", "river")),
    Clicked(Query("3", "blue"), Document("", "stone", "")),
]


def test_clicks_bring_their_text_or_name_it():
    own = Document("", "own title", "own summary")
    pairs = clicked_documents([Click("red", "d1", 3), Click("green", "", 1, own)], COLLECTION)
    assert pairs == [(Query("1", "red"), COLLECTION["d1"], 1.0), (Query("2", "green"), own, 1.0)]


def test_clicks_count_as_often_as_they_were_made_where_asked():
    clicks = [Click("red", "d1", 3, None, 1), Click("red", "d2", 9, None, 1), Click("green", "d1", 2, None, 4)]
    weights = {
        kind: [one.weight for one in clicked_documents(clicks, COLLECTION, ClickWeight(kind, 0.5))]
        for kind in ("binary", "count", "log-count", "ipw", "log-ipw")
    }
    assert weights == {
        "binary": [1.0, 1.0],
        "count": [3.0, 2.0],
        "log-count": [2.0, pytest.approx(1.5849625)],
        "ipw": [3.0, 4.0],
        "log-ipw": [2.0, pytest.approx(2.3219281)],
    }


def test_a_clicked_document_without_text_is_left_out():
    assert clicked_documents([Click("red", "d2"), Click("red", "d1")], COLLECTION) == [
        (Query("2", "red"), COLLECTION["d1"], 1.0)
    ]
    with pytest.raises(InputError, match="no click has a document with text"):
        clicked_documents([Click("red", "d2")], COLLECTION)


def test_a_click_on_an_unknown_document_is_named():
    with pytest.raises(InputError, match="click 2 names document d9, which is not in the collection"):
        clicked_documents([Click("red", "d1"), Click("red", "d9")], COLLECTION)


def test_the_query_and_the_padding_are_not_learnt_by_hand():
    batch = collate([(Pair([0, 7, 8, 9, 1], 3), 0.5), (Pair([0, 5, 1], 1), 1.5)], pad_id=44)
    assert batch["weights"].tolist() == [0.5, 1.5]
    assert batch["input_ids"].tolist() == [[0, 7, 8, 9, 1], [0, 5, 1, 44, 44]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]
    assert batch["labels"].tolist() == [[-100, -100, -100, 9, 1], [-100, 5, 1, -100, -100]]


def test_what_is_learnt_is_title_summary_and_end(parts):
    _, tokenizer, encoder = parts
    batch = collate([ClickData(CLICKED, encoder)[i] for i in range(3)], tokenizer.pad_token_id)
    learnt = [tokenizer.decode([token for token in row if token != -100]) for row in batch["labels"].tolist()]
    assert learnt == ["Title: cat\nSummary: bird fish</s>", "Summary: river</s>", "Title: stone</s>"]
    given = [
        tokenizer.decode(
            [token for token, label in zip(*rows, strict=True) if label == -100 and token != tokenizer.pad_token_id]
        )
        for rows in zip(batch["input_ids"].tolist(), batch["labels"].tolist(), strict=True)
    ]
    assert given == ["<s>Query: red\n", "<s>Query: green dog cat\n", "<s>Query: blue\n"]


def test_the_loss_is_hugging_faces_own(parts):
    model, tokenizer, encoder = parts
    batch = collate([ClickData(CLICKED, encoder)[i] for i in range(3)], tokenizer.pad_token_id)
    with torch.no_grad():
        ours, theirs = (
            click_loss(model, batch),
            model(**{name: batch[name] for name in batch if name != "weights"}).loss,
        )
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_the_loss_by_hand(parts):
    """The mean negative logarithm of the learnt tokens' probabilities, each read one place before."""
    model, tokenizer, encoder = parts
    batch = collate([ClickData(CLICKED, encoder)[i] for i in range(3)], tokenizer.pad_token_id)
    costs = []
    for pair, _ in (ClickData(CLICKED, encoder)[i] for i in range(3)):
        with torch.no_grad():
            logs = model(input_ids=torch.tensor([pair.ids])).logits[0].log_softmax(-1)
        costs += [-logs[place - 1, pair.ids[place]].item() for place in range(pair.first, len(pair.ids))]
    with torch.no_grad():
        assert click_loss(model, batch).item() == pytest.approx(sum(costs) / len(costs), rel=1e-5)


def test_a_weighted_loss_by_hand(parts):
    """Weights 1, 2 and 6 have the mean 3: each token's cost counts 1/3, 2/3 or 2, over the number of tokens."""
    model, tokenizer, encoder = parts
    weighted = [one._replace(weight=weight) for one, weight in zip(CLICKED, (1.0, 2.0, 6.0), strict=True)]
    items = [ClickData(weighted, encoder)[i] for i in range(3)]
    assert [weight for _, weight in items] == pytest.approx([1 / 3, 2 / 3, 2])
    costs, tokens = 0.0, 0
    with torch.no_grad():
        for item in items:
            own = len(item[0].ids) - item[0].first
            plain = click_loss(model, collate([(item[0], 1.0)], tokenizer.pad_token_id)).item()
            alone = click_loss(model, collate([item], tokenizer.pad_token_id)).item()
            assert alone == pytest.approx(item[1] * plain, rel=1e-5)  # a batch of one keeps its weight
            costs, tokens = costs + own * item[1] * plain, tokens + own
        loss = click_loss(model, collate(items, tokenizer.pad_token_id)).item()
    assert loss == pytest.approx(costs / tokens, rel=1e-5)


def test_of_two_documents_clicked_for_a_query_the_heavier_is_learnt(tiny_llama, tmp_path):
    for heavy, light in (("cat", "bird"), ("bird", "cat")):
        clicks = [
            Clicked(Query("1", "red"), Document("", heavy, ""), 9.0),
            Clicked(Query("2", "red"), Document("", light, ""), 1.0),
        ]
        settings = Training(**QUIET, max_steps=40, learning_rate=1e-2)
        folder = continue_pretraining(str(tiny_llama), clicks, tmp_path / heavy, settings)
        assert told(folder, "red") == f"Title: {heavy}</s>"


PAIRS = dict(zip(("red", "green", "blue", "white"), ("cat", "bird", "fish", "stone"), strict=True))


def told(folder, query: str) -> str:
    """What the LLM generates for a query."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    prompt = tokenizer(f"Query: {query}\n", return_tensors="pt")
    with torch.no_grad():
        out = model.generate(**prompt, max_new_tokens=12, do_sample=False)
    return tokenizer.decode(out[0, prompt["input_ids"].shape[1] :])


@pytest.mark.parametrize("lora", [Lora(0), Lora(8)])
def test_it_learns_what_is_clicked_for_what(tiny_llama, tmp_path, lora):
    clicks = [Clicked(Query(query, query), Document("", word, "")) for query, word in PAIRS.items()]
    settings = Training(**QUIET, max_steps=80, learning_rate=2e-2 if lora.r else 1e-2, lora=lora)
    folder = continue_pretraining(str(tiny_llama), clicks, tmp_path / "cpt", settings)
    assert {query: told(folder, query) for query in PAIRS} == {q: f"Title: {word}</s>" for q, word in PAIRS.items()}
    assert told(tiny_llama, "red") != "Title: cat</s>"
    assert [path.name for path in tmp_path.iterdir()] == ["cpt"]
    assert (folder / "adapter" / "adapter_config.json").is_file() is bool(lora.r)
    assert not (folder / "adapter_config.json").exists()


def test_fine_tuning_starts_from_its_output(tiny_llama, tmp_path, teacher_groups, trained):
    clicks = [Clicked(Query(query, query), Document("", word, "")) for query, word in PAIRS.items()]
    folder = continue_pretraining(str(tiny_llama), clicks, tmp_path / "cpt", Training(**QUIET, max_steps=2))
    after = trained(folder, teacher_groups, max_steps=1, learning_rate=1e-9)
    scorer = AutoModelForSequenceClassification.from_pretrained(after)
    pretrained = AutoModelForCausalLM.from_pretrained(folder)
    assert torch.allclose(scorer.model.norm.weight, pretrained.model.norm.weight, atol=1e-6)
    assert json.loads((after / "rerankkit.json").read_text())["architecture"] == "llm"


def test_resumed_it_ends_with_the_same_weights(tiny_llama, tmp_path, monkeypatch, largest_difference, caplog):
    from rerankkit.train.trainer import Watch

    caplog.set_level(logging.INFO, "rerankkit")
    clicks = [Clicked(Query(query, query), Document("", word, "")) for query, word in PAIRS.items()]
    settings = Training(**{**QUIET, "save_steps": 2}, num_train_epochs=2.0, per_device_train_batch_size=1)
    expected = continue_pretraining(str(tiny_llama), clicks, tmp_path / "whole", settings)

    def stop(self, args, state, control, **rest):
        if state.global_step == 7:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Watch, "on_step_end", stop)
        with pytest.raises(KeyboardInterrupt):
            continue_pretraining(str(tiny_llama), clicks, tmp_path / "killed", settings)
    resumed = continue_pretraining(str(tiny_llama), clicks, tmp_path / "killed", settings)
    assert "resuming at checkpoint-6" in caplog.messages
    assert largest_difference(expected, resumed) < 1e-6


@pytest.mark.parametrize("kind", ["an encoder", "nothing"])
def test_what_is_no_causal_llm_is_refused(tiny_bert, tmp_path, kind):
    model = tiny_bert if kind == "an encoder" else tmp_path / "nothing"
    with pytest.raises(InputError, match=r"is no causal language model|cannot load") as caught:
        continue_pretraining(str(model), CLICKED, tmp_path / "cpt", Training(**QUIET))
    remedy = "CPT needs an LLM, e.g. --model smollm2-135m" if kind == "an encoder" else "Give a checkpoint folder"
    assert caught.value.remedy.startswith(remedy)
    assert list(tmp_path.iterdir()) == []


def test_a_reranker_without_its_words_is_refused(llama_reranker, tmp_path):
    """Its output layer would be drawn at random; one that is tied to the embeddings is still there."""
    with pytest.raises(InputError, match="has no output layer for words: it is a reranker"):
        continue_pretraining(str(llama_reranker(pad_token="<pad>")), CLICKED, tmp_path / "cpt", Training(**QUIET))


def test_a_query_without_room_is_told_before_the_training(tiny_llama, tmp_path, monkeypatch):
    """Though a step would come to it late: here it is the last of a hundred, and one step is asked for."""
    clicks = [Clicked(Query(str(i), "red"), Document("", "cat", "")) for i in range(100)]
    clicks.append(Clicked(Query("100", "red " * 50), Document("", "cat", "")))
    settings = Training(**QUIET, max_steps=1, long_queries="error")
    with pytest.raises(InputError, match="query 100 has"):
        continue_pretraining(str(tiny_llama), clicks, tmp_path / "cpt", settings)
    assert list(tmp_path.iterdir()) == []


def test_what_diverges_says_so_and_saves_nothing(tiny_llama, tmp_path, caplog):
    settings = Training(**QUIET, max_steps=6, learning_rate=1e30, warmup_ratio=0.0, logging_steps=1)
    with pytest.raises(InputError, match="weights that are no numbers"):
        continue_pretraining(str(tiny_llama), CLICKED, tmp_path / "cpt", settings)
    assert "the loss is no number any more" in caplog.text
    assert not (tmp_path / "cpt").exists()


def test_it_is_not_resumed_on_other_clicks(tiny_llama, tmp_path, monkeypatch):
    from rerankkit.train.trainer import Watch

    def stop(self, args, state, control, **rest):
        if state.global_step == 2:
            raise KeyboardInterrupt

    settings = Training(**{**QUIET, "save_steps": 1}, per_device_train_batch_size=1)
    with monkeypatch.context() as patch:
        patch.setattr(Watch, "on_step_end", stop)
        with pytest.raises(KeyboardInterrupt):
            continue_pretraining(str(tiny_llama), CLICKED, tmp_path / "cpt", settings)
    heavier = [one._replace(weight=float(place)) for place, one in enumerate(CLICKED, 1)]
    with pytest.raises(InputError, match="an unfinished training with other settings, data or loss lies here"):
        continue_pretraining(str(tiny_llama), heavier, tmp_path / "cpt", settings)
