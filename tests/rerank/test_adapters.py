"""Adapters on one base score as their merged weights do."""

import json
import shutil

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from rerankkit.errors import InputError
from rerankkit.rerank import llm
from rerankkit.rerank.adapter_base import adapter_base
from rerankkit.rerank.adapters import adapter_of, load_rerankers
from rerankkit.rerank.checkpoint import Note
from rerankkit.rerank.model_card import Origin
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.pairs import Lengths
from rerankkit.rerank.scoring import Scoring
from rerankkit.train.checkpoint import Trained, write_checkpoint
from rerankkit.train.lora import wrap
from rerankkit.train.scale import Scale
from rerankkit.train.settings import Lora
from rerankkit.types import Candidate, Document, Group, Query

TEXTS = ("bird fish", "dog", "red green blue " * 5, "cat! fish!", "river stone apple", "")
GROUPS = [
    Group(Query(text, text), tuple(Candidate(Document(text, "dog", text), 0.0) for text in TEXTS))
    for text in ("red cat", "blue")
]
SCORING = Scoring("cpu", "float32")
TRAINED = {"model": "base", "loss": "ranknet", "groups": 1}


def trained(base, folder, seed: int, pooling: str = "last", lengths: int = 96):
    """A checkpoint as a LoRA training leaves it, its adapter and head drawn by the seed."""
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=1)
    tokenizer = AutoTokenizer.from_pretrained(base)
    note = Note("llm", Lengths(lengths), TRAINED, pooling)
    llm.prepare(model, tokenizer, note)
    model = wrap(model, Lora(4, lora_layers=1 + seed % 2), ["score"])
    torch.manual_seed(seed)
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            torch.nn.init.normal_(weight, std=0.2 if "lora" in name else 1.0)
    folder.mkdir(parents=True)
    write_checkpoint(folder, folder.name, Trained(model, tokenizer, Origin("base")), note, Scale(seed, 2.0))
    return folder


@pytest.fixture(scope="module", params=["tiny_llama", "smol_llama"])
def folders(request, tmp_path_factory):
    base, models = request.getfixturevalue(request.param), tmp_path_factory.mktemp("adapters")
    return [trained(base, models / f"member{seed}", seed, lengths=96 - 10 * seed) for seed in range(3)]


def scores(reranker) -> list[float]:
    return [score for of_query in reranker.score(GROUPS) for score in of_query]


def test_each_scores_as_its_merged_weights_whoever_was_at_work_before(folders):
    names = [str(folder) for folder in folders]
    expected = [scores(load_reranker(name, SCORING)) for name in names]
    members = load_rerankers(names, SCORING, folders[0].parent)
    for place in (0, 1, 2, 1, 0):
        assert scores(members[place]) == pytest.approx(expected[place], abs=1e-4)
    assert max(abs(one - two) for one, two in zip(expected[0], expected[1], strict=True)) > 0.1
    turns = [member.score(GROUPS) for member in members]  # and by turns
    for at in range(len(GROUPS)):
        for place, turn in enumerate(turns):
            assert next(turn) == pytest.approx(expected[place][6 * at : 6 * at + 6], abs=1e-4)


def test_the_base_is_in_memory_once(folders):
    members = load_rerankers([str(folder) for folder in folders], SCORING, folders[0].parent)
    alone = load_reranker(str(folders[0]), SCORING)
    assert len({id(member.model) for member in members}) == 1
    assert [member.encoder.lengths.max_length for member in members] == [96, 86, 76]
    kept = {weight.data_ptr(): weight.numel() for member in members for weight in member.model.parameters()}
    assert sum(kept.values()) < 1.5 * sum(weight.numel() for weight in alone.model.parameters())


def test_they_are_the_same_for_the_score_store(folders):
    names = [str(folder) for folder in folders]
    for member, name in zip(load_rerankers(names, SCORING, folders[0].parent), names, strict=True):
        assert member.traits() == load_reranker(name, SCORING).traits()


def test_a_folder_of_an_adapter_alone_shares_too(folders):
    """Its note lies beside it, as `sft` leaves it."""
    names = [str(folder / "adapter") for folder in folders[:2]]
    members = load_rerankers(names, SCORING, folders[0].parent)
    assert members[0].model is members[1].model
    for member, folder in zip(members, folders, strict=False):
        assert scores(member) == pytest.approx(scores(load_reranker(str(folder), SCORING)), abs=1e-4)


def test_the_order_is_that_of_the_names_and_what_shares_nothing_is_loaded_as_ever(folders, bert_reranker):
    names = [str(folders[0]), str(bert_reranker), "bm25", str(folders[1])]
    first, second, third, fourth = load_rerankers(names, SCORING, folders[0].parent)
    assert first.model is fourth.model
    assert scores(second) == pytest.approx(scores(load_reranker(names[1], SCORING)), abs=1e-6)
    assert scores(third) == [0.0] * 12
    assert scores(fourth) == pytest.approx(scores(load_reranker(names[3], SCORING)), abs=1e-4)


def test_another_pooling_has_a_base_of_its_own(folders, tmp_path):
    base = adapter_base(folders[0] / "adapter")
    mean = trained(base, tmp_path / "mean", 5, pooling="mean")
    names = [str(mean), str(folders[0])]
    members = load_rerankers(names, SCORING, tmp_path)
    assert members[0].model is not members[1].model
    for member, name in zip(members, names, strict=True):
        assert scores(member) == pytest.approx(scores(load_reranker(name, SCORING)), abs=1e-4)


def test_a_base_that_is_not_the_one_of_the_training_is_told(folders, tmp_path):
    copies = [tmp_path / folder.name for folder in folders[:2]]
    for folder, copy in zip(folders, copies, strict=False):
        shutil.copytree(folder, copy)
    config = copies[0] / "adapter" / "adapter_config.json"
    told = json.loads(config.read_text())
    base = adapter_base(folders[0] / "adapter")
    other = tmp_path / "other"
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=1)
    torch.manual_seed(9)
    for weight in model.parameters():
        weight.data += 0.1 * torch.randn_like(weight)
    model.save_pretrained(other)
    AutoTokenizer.from_pretrained(base).save_pretrained(other)
    for copy in copies:
        (copy / "adapter" / "adapter_config.json").write_text(
            json.dumps({**told, **json.loads((copy / "adapter" / "adapter_config.json").read_text())}).replace(
                json.dumps(told["base_model_name_or_path"]), json.dumps(str(other))
            )
        )
    with pytest.raises(InputError, match=r"is not what it was trained on\. Score it in a command of its own"):
        load_rerankers([str(copy) for copy in copies], SCORING, tmp_path)


def test_where_an_adapter_lies(folders, bert_reranker):
    assert adapter_of(folders[0]) == folders[0] / "adapter"
    assert adapter_of(folders[0] / "adapter") == folders[0] / "adapter"
    assert adapter_of(bert_reranker) is None
