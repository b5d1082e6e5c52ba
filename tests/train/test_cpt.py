"""Continued pre-training: given the query, the clicked title and summary are learnt."""

import json
import logging

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from rerankkit.collection.clicks import Click
from rerankkit.errors import InputError
from rerankkit.rerank import llm
from rerankkit.rerank.pairs import Lengths, Pair, PairEncoder
from rerankkit.train.cpt import ClickData, click_loss, clicked_documents, collate, continue_pretraining
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
    (Query("1", "red"), Document("", "cat", "bird fish")),
    (Query("2", "green dog cat"), Document("", "", "river")),
    (Query("3", "blue"), Document("", "stone", "")),
]


def test_clicks_bring_their_text_or_name_it():
    own = Document("", "own title", "own summary")
    pairs = clicked_documents([Click("red", "d1", 3), Click("green", "", 1, own)], COLLECTION)
    assert pairs == [(Query("1", "red"), COLLECTION["d1"]), (Query("2", "green"), own)]


def test_a_clicked_document_without_text_is_left_out():
    assert clicked_documents([Click("red", "d2"), Click("red", "d1")], COLLECTION) == [
        (Query("2", "red"), COLLECTION["d1"])
    ]
    with pytest.raises(InputError, match="no click has a document with text"):
        clicked_documents([Click("red", "d2")], COLLECTION)


def test_a_click_on_an_unknown_document_is_named():
    with pytest.raises(InputError, match="click 2 names document d9, which is not in the collection"):
        clicked_documents([Click("red", "d1"), Click("red", "d9")], COLLECTION)


def test_the_query_and_the_padding_are_not_learnt_by_hand():
    batch = collate([Pair([0, 7, 8, 9, 1], 3), Pair([0, 5, 1], 1)], pad_id=44)
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
        ours, theirs = click_loss(model, batch), model(**batch).loss
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_the_loss_by_hand(parts):
    """The mean negative logarithm of the learnt tokens' probabilities, each read one place before."""
    model, tokenizer, encoder = parts
    batch = collate([ClickData(CLICKED, encoder)[i] for i in range(3)], tokenizer.pad_token_id)
    costs = []
    for pair in (ClickData(CLICKED, encoder)[i] for i in range(3)):
        with torch.no_grad():
            logs = model(input_ids=torch.tensor([pair.ids])).logits[0].log_softmax(-1)
        costs += [-logs[place - 1, pair.ids[place]].item() for place in range(pair.first, len(pair.ids))]
    with torch.no_grad():
        assert click_loss(model, batch).item() == pytest.approx(sum(costs) / len(costs), rel=1e-5)


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
    clicks = [(Query(query, query), Document("", word, "")) for query, word in PAIRS.items()]
    settings = Training(**QUIET, max_steps=80, learning_rate=2e-2 if lora.r else 1e-2, lora=lora)
    folder = continue_pretraining(str(tiny_llama), clicks, tmp_path / "cpt", settings)
    assert {query: told(folder, query) for query in PAIRS} == {q: f"Title: {word}</s>" for q, word in PAIRS.items()}
    assert told(tiny_llama, "red") != "Title: cat</s>"
    assert [path.name for path in tmp_path.iterdir()] == ["cpt"]
    assert (folder / "adapter" / "adapter_config.json").is_file() is bool(lora.r)
    assert not (folder / "adapter_config.json").exists()


def test_fine_tuning_starts_from_its_output(tiny_llama, tmp_path, teacher_groups, trained):
    clicks = [(Query(query, query), Document("", word, "")) for query, word in PAIRS.items()]
    folder = continue_pretraining(str(tiny_llama), clicks, tmp_path / "cpt", Training(**QUIET, max_steps=2))
    after = trained(folder, teacher_groups, max_steps=1, learning_rate=1e-9)
    scorer = AutoModelForSequenceClassification.from_pretrained(after)
    pretrained = AutoModelForCausalLM.from_pretrained(folder)
    assert torch.allclose(scorer.model.norm.weight, pretrained.model.norm.weight, atol=1e-6)
    assert json.loads((after / "rerankkit.json").read_text())["architecture"] == "llm"


def test_resumed_it_ends_with_the_same_weights(tiny_llama, tmp_path, monkeypatch, largest_difference, caplog):
    from rerankkit.train.trainer import Watch

    caplog.set_level(logging.INFO, "rerankkit")
    clicks = [(Query(query, query), Document("", word, "")) for query, word in PAIRS.items()]
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
    assert caught.value.remedy == "CPT needs an LLM, e.g. --model smollm2-135m"
    assert list(tmp_path.iterdir()) == []


def test_a_query_without_room_is_told(tiny_llama, tmp_path):
    clicks = [(Query("1", "red " * 50), Document("", "cat", ""))]
    with pytest.raises(InputError, match="query 1 has"):
        continue_pretraining(str(tiny_llama), clicks, tmp_path / "cpt", Training(**QUIET))
    assert not (tmp_path / "cpt").exists()
