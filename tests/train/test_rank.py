"""SFT and distillation fit a rank loss to groups."""

import dataclasses
import json
import shutil
import statistics

import pytest
import torch
from scipy.stats import kendalltau
from transformers import AutoTokenizer

from rerankkit.errors import InputError
from rerankkit.plugins import load_plugin
from rerankkit.rerank.batches import pad
from rerankkit.rerank.cross_encoder import frame
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.pairs import Lengths, Pair, PairEncoder
from rerankkit.rerank.scorer import Scoring
from rerankkit.train.rank import GroupData, collate, digest, group_loss, loss_of
from rerankkit.train.settings import RankTraining
from rerankkit.train.trainer import Redraw
from rerankkit.types import Candidate, Document, Group, Query


@pytest.fixture
def encoder(tiny_bert) -> PairEncoder:
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    return PairEncoder(tokenizer, frame(tokenizer), Lengths(32))


def scores_of(folder, groups) -> list[list[float]]:
    return list(load_reranker(str(folder), Scoring("cpu", "float32"), folder.parent).score(groups))


def taus(folder, groups) -> list[float]:
    """Kendall's tau of each group's scores with its labels."""
    pairs = zip(scores_of(folder, groups), groups, strict=True)
    return [kendalltau(scores, group.labels).statistic for scores, group in pairs]


@pytest.mark.parametrize("loss", ["hybrid", "point-mse", "margin-mse"])
def test_a_student_learns_its_teachers_order(trained, tiny_bert, teacher_groups, loss):
    """It does not know it before: each query has another order, which no score of a document alone could give."""
    before = taus(trained(tiny_bert, teacher_groups, "before", max_steps=1, learning_rate=1e-9), teacher_groups)
    after = taus(trained(tiny_bert, teacher_groups, loss=loss, max_steps=150), teacher_groups)
    assert statistics.mean(before) < 0.5
    assert min(after) > 0.9


@pytest.mark.parametrize("model", ["tiny_bert", "tiny_llama"])
def test_a_student_scores_on_its_teachers_scale(trained, request, teacher_groups, model):
    """The teacher's scores are 9 to 21; the hybrid's point term holds the student's to them."""
    folder = trained(request.getfixturevalue(model), teacher_groups, max_steps=200)
    for scores, group in zip(scores_of(folder, teacher_groups), teacher_groups, strict=True):
        assert scores == pytest.approx(group.labels, abs=1.0)


@pytest.mark.parametrize("model", ["tiny_bert", "tiny_llama"])
@pytest.mark.parametrize("loss", ["ranknet", "hinge", "lce"])
def test_fine_tuning_orders_by_grades(trained, request, graded_groups, model, loss):
    """Every pair of different grade, or, by LCE, of positive and 0, comes out in order."""
    settings = {"loss": loss, "max_steps": 150, "loss_options": {"margin": 0.5} if loss == "hinge" else {}}
    folder = trained(request.getfixturevalue(model), graded_groups, teacher=False, **settings)
    for scores, group in zip(scores_of(folder, graded_groups), graded_groups, strict=True):
        grades = [min(grade, 1.0) if loss == "lce" else grade for grade in group.labels]
        pairs = [(i, j) for i in range(6) for j in range(6) if grades[i] > grades[j]]
        assert len(pairs) > 4
        assert [(i, j) for i, j in pairs if scores[i] <= scores[j]] == []


def test_the_same_seed_gives_the_same_weights(trained, tiny_bert, teacher_groups, weights):
    ways = {"group_size": 4, "num_train_epochs": 2.0, "per_device_train_batch_size": 2}
    one, two = (weights(trained(tiny_bert, teacher_groups, name, seed=1, **ways)) for name in ("one", "two"))
    other = weights(trained(tiny_bert, teacher_groups, "other", seed=2, **ways))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["classifier.weight"], other["classifier.weight"])


def test_the_models_own_dropout_is_off_unless_asked_for(trained, tiny_bert, tmp_path, teacher_groups, weights):
    """The configuration asks for a tenth, as BERT's does."""
    base = tmp_path / "dropping"
    shutil.copytree(tiny_bert, base)
    config = json.loads((base / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}
    (base / "config.json").write_text(json.dumps(config))
    plain, none, some = (
        weights(trained(base, teacher_groups, name, max_steps=3, **ways))
        for name, ways in (("plain", {}), ("none", {"dropout": 0.0}), ("some", {"dropout": 0.1}))
    )
    assert all(torch.equal(plain[name], none[name]) for name in plain)
    assert not torch.equal(plain["classifier.weight"], some["classifier.weight"])
    assert json.loads((tmp_path / "plain" / "config.json").read_text())["hidden_dropout_prob"] == 0.1


def test_an_option_reaches_the_loss(tiny_bert):
    loss = loss_of(RankTraining(loss="hinge", loss_options={"margin": 3.0}))
    scores, labels = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0]])
    assert loss(scores, labels, torch.ones(1, 2, dtype=torch.bool)).item() == 2.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "hinges"}, "no losses plug-in named 'hinges'. Known: adr-mse, "),
        ({"loss_options": {"margin": 1.0}}, "the ranknet loss has no option 'margin'. It has none"),
        (
            {"loss": "hybrid", "loss_options": {"gamma": 1.0}},
            "the hybrid loss has no option 'gamma'. It has alpha, beta",
        ),
    ],
)
def test_a_loss_or_option_that_nobody_knows(settings, message):
    with pytest.raises(InputError) as caught:
        loss_of(RankTraining(**settings))
    assert str(caught.value).startswith(message)


def test_groups_that_order_nothing_are_refused(trained, tiny_bert, teacher_groups):
    flat = [dataclasses.replace(group, labels=(1.0,) * 6) for group in teacher_groups]
    with pytest.raises(InputError, match="no group has candidates with different labels"):
        trained(tiny_bert, flat)


def test_groups_that_order_nothing_are_left_out(trained, tiny_bert, graded_groups):
    flat = dataclasses.replace(graded_groups[0], labels=(1.0,) * 6)
    note = json.loads((trained(tiny_bert, [flat, *graded_groups[1:]], teacher=False) / "rerankkit.json").read_text())
    assert note["trained"]["groups"] == 3


def test_a_query_that_is_too_long_is_told_before_training(trained, tiny_bert, teacher_groups, tmp_path):
    long = dataclasses.replace(teacher_groups[3], query=Query("q-long", "red " * 40))
    with pytest.raises(InputError, match="query q-long has 40 tokens"):
        trained(tiny_bert, [*teacher_groups[:3], long], long_queries="error")
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_is_a_file_is_told_before_training(trained, tiny_bert, teacher_groups, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="is a file, where a folder is to be written"):
        trained(tiny_bert, teacher_groups)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_a_length_beyond_the_models_positions_is_told_before_training(trained, tiny_bert, teacher_groups, tmp_path):
    with pytest.raises(InputError, match="--max-length 65 is more than the model's 64 positions"):
        trained(tiny_bert, teacher_groups, max_length=65)
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_not_there_is_told(trained, teacher_groups, tmp_path):
    with pytest.raises(InputError, match=f"cannot load {tmp_path}/nothing"):
        trained(tmp_path / "nothing", teacher_groups)
    assert list(tmp_path.iterdir()) == []


def test_no_work_is_left_behind(trained, tiny_bert, teacher_groups, tmp_path):
    trained(tiny_bert, teacher_groups, max_steps=3, save_steps=1)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_data_is_drawn_anew_each_epoch(encoder):
    candidates = tuple(Candidate(Document(str(i), "", "red " * (i % 9 + 1)), 0.0) for i in range(40))
    group = Group(Query("1", "red"), candidates, tuple(float(i) for i in range(40)))
    data = GroupData([group], encoder, RankTraining(group_size=4), teacher=True)
    drawn = []
    for epoch in (0, 1, 0):
        data.set_epoch(epoch)
        pairs, labels = data[0]
        assert [len(pair.ids) for pair in pairs] == [5 + label % 9 for label in labels]
        drawn.append(labels)
    assert drawn[0] == drawn[2] != drawn[1]
    assert len(data) == 1


def test_labels_stay_with_their_documents(encoder):
    """A document of i + 1 words has label i."""
    candidates = tuple(Candidate(Document(str(i), "", "red " * (i + 1)), 0.0) for i in range(20))
    group = Group(Query("1", "red"), candidates, tuple(float(i) for i in range(20)))
    for teacher in (True, False):
        data = GroupData([group], encoder, RankTraining(group_size=5), teacher)
        pairs, labels = data[0]
        assert len(labels) == 5
        assert [len(pair.ids) - 5 for pair in pairs] == labels


def test_a_labelled_draw_keeps_a_positive(encoder):
    candidates = tuple(Candidate(Document(str(i), "", "red"), 0.0) for i in range(100))
    group = Group(Query("1", "red"), candidates, tuple(float(i == 99) for i in range(100)))
    data = GroupData([group], encoder, RankTraining(group_size=4), teacher=False)
    for epoch in range(20):
        data.set_epoch(epoch)
        assert sorted(data[0][1]) == [0.0, 0.0, 0.0, 1.0]


def test_micro_batches_by_hand():
    """Five pairs of two groups, longest first in a budget of 8 tokens; places and labels say whose they are."""
    first = [Pair([1, 2], 1), Pair([1, 2, 3, 4], 1), Pair([1], 1)], [0.5, 2.0, -1.0]
    second = [Pair([9, 8, 7, 6], 1), Pair([5, 5], 1)], [7.0, 8.0]
    batch = collate([first, second], pad_id=0, segments=False, batch_tokens=8, starting=3)
    assert batch["labels"].tolist() == [[0.5, 2.0, -1.0], [7.0, 8.0, 0.0]]
    assert batch["mask"].tolist() == [[True, True, True], [True, True, False]]
    assert [inputs["input_ids"].tolist() for inputs in batch["inputs"]] == [
        [[1, 2, 3, 4], [9, 8, 7, 6]],
        [[1, 2], [5, 5], [1, 0]],
    ]
    assert batch["order"].tolist() == [1, 3, 0, 4, 2]


class Sum(torch.nn.Module):
    """Scores a pair by the sum of its ids."""

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> "Sum":
        self.logits = (input_ids * attention_mask).sum(1, keepdim=True).float()
        return self


@pytest.mark.parametrize("batch_tokens", [1, 8, 1000])
def test_scores_go_back_to_their_places(batch_tokens):
    first = [Pair([1, 2], 1), Pair([1, 2, 3, 4], 1), Pair([1], 1)], [0.0, 0.0, 0.0]
    second = [Pair([9, 8, 7, 6], 1), Pair([5, 5], 1)], [0.0, 0.0]
    seen = []

    def loss(scores, labels, mask):
        seen.append(scores.tolist())
        return scores.sum()

    group_loss(loss, Sum(), collate([first, second], 99, False, batch_tokens, 3))
    assert seen == [[[3.0, 10.0, 1.0], [30.0, 10.0, 0.0]]]


def test_the_loss_of_a_batch_by_hand(encoder, tiny_bert, teacher_groups):
    """As over all pairs in one padded batch, without micro-batches."""
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(tiny_bert, num_labels=1).eval()
    data = GroupData(teacher_groups, encoder, RankTraining(group_size=6), teacher=True)
    items = [data[0], data[1]]
    loss = load_plugin("losses", "margin-mse").loss
    ours = group_loss(loss, model, collate(items, 0, True, batch_tokens=24, starting=3))
    scores = model(**pad([pair for pairs, _ in items for pair in pairs], 0, True)).logits.view(2, 6)
    labels = torch.tensor([values for _, values in items])
    errors = scores - labels
    pairs = (errors[:, :, None] - errors[:, None, :]).square().mean((1, 2)).mean()
    assert ours.item() == pytest.approx(pairs.item(), rel=1e-5)


def test_the_trainer_tells_the_data_its_epoch():
    class Data:
        epoch = -1

        def set_epoch(self, epoch: int) -> None:
            self.epoch = epoch

    class State:
        epoch: float | None = None

    data, state = Data(), State()
    for told, expected in ((None, 0), (1.0, 1), (2.75, 2)):
        state.epoch = told
        Redraw(data).on_epoch_begin(None, state, None)
        assert data.epoch == expected


def test_the_digest_tells_other_labels_documents_and_queries_apart():
    group = Group(
        Query("1", "a"), (Candidate(Document("d", "t", "x"), 1.0), Candidate(Document("e", "t", "y"), 0.5)), (1.0, 0.0)
    )
    relabelled = dataclasses.replace(group, labels=(0.0, 1.0))
    other_query = dataclasses.replace(group, query=Query("1", "b"))
    fewer = dataclasses.replace(group, candidates=group.candidates[:1], labels=(1.0,))
    assert len({digest([one]) for one in (group, relabelled, other_query, fewer)}) == 4
    assert digest([group]) == digest([dataclasses.replace(group)])
