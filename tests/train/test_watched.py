"""A loss's account of itself."""

import json
import logging
import shutil
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from rerankkit.losses import hybrid
from rerankkit.train.watched import PATIENT, WatchedLoss, spread

SCORES = torch.tensor([[1.0, 3.0, 9.0], [2.0, 2.5, 0.0]])
LABELS = torch.tensor([[0.0, 1.0, 9.0], [1.0, 0.0, 0.0]])
MASK = torch.tensor([[True, True, False], [True, True, True]])


def total(scores, labels, mask):
    return scores.sum()


def test_spread_by_hand():
    """3 - 1 without the padding, 2.5 - 0; a list of one has none."""
    assert spread(SCORES, MASK).tolist() == [2.0, 2.5]
    assert spread(SCORES, torch.tensor([[True, False, False], [True, True, True]])).tolist() == [0.0, 2.5]


def test_the_loss_is_as_it_was_and_its_account_has_means_since_last_told():
    watched = WatchedLoss(total)
    scores = SCORES.clone().requires_grad_()
    value = watched(scores, LABELS, MASK)
    value.backward()
    assert (value.item(), scores.grad.tolist()) == (17.5, [[1.0] * 3] * 2)
    watched(2 * SCORES, LABELS, MASK)
    assert watched.told() == {"score_spread": pytest.approx((2.25 + 4.5) / 2)}
    assert watched.told() == {}
    watched(SCORES, LABELS, MASK)
    assert watched.told() == {"score_spread": 2.25}


def test_the_hybrids_two_terms_bear_their_names():
    """Errors are 1 and 2, then 1, 2.5 and 0: squares of 2.5 and 7.25 / 3; differences squared below."""
    watched = WatchedLoss(hybrid.loss, hybrid)
    watched(SCORES, LABELS, MASK)
    told = watched.told()
    assert list(told) == ["score_spread", "point_mse", "margin_mse"]
    assert told["point_mse"] == pytest.approx((2.5 + 7.25 / 3) / 2)
    pairs = (2 * 1 / 4, 2 * (1.5**2 + 1 + 2.5**2) / 9)
    assert told["margin_mse"] == pytest.approx(sum(pairs) / 2)


def test_terms_without_names_are_numbered():
    module = SimpleNamespace(terms=lambda scores, labels, mask: (scores.sum(), labels.sum()))
    watched = WatchedLoss(total, module)
    watched(SCORES, LABELS, MASK)
    assert watched.told() == {"score_spread": 2.25, "term_1": 17.5, "term_2": 11.0}


@pytest.mark.parametrize("flat", [torch.full((2, 3), 4.0), 4 + 0.0004 * SCORES, torch.full((2, 3), float("nan"))])
def test_a_collapse_is_told_after_enough_batches_in_a_row(flat):
    watched = WatchedLoss(total)
    for _ in range(PATIENT - 1):
        watched(flat, LABELS, MASK)
    assert "collapsed_batches" not in watched.told()
    watched(flat, LABELS, MASK)
    assert watched.told()["collapsed_batches"] == PATIENT
    watched(SCORES, LABELS, MASK)  # one list that is not flat is enough
    watched(flat, LABELS, MASK)
    assert "collapsed_batches" not in watched.told()


@pytest.fixture
def dead_reranker(bert_reranker, tmp_path):
    """A cross-encoder whose head gives every pair the same score."""
    folder = shutil.copytree(bert_reranker, tmp_path / "dead")
    weights = load_file(folder / "model.safetensors")
    weights["classifier.weight"].zero_()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.parametrize("measured", [False, True])
def test_a_collapse_sounds_the_alarm_once_and_again_at_the_end(
    trained, dead_reranker, graded_groups, dev_set, caplog, measured
):
    caplog.set_level(logging.WARNING, "rerankkit")
    ways = {"max_steps": 5 if measured else 24, "logging_steps": 1, "learning_rate": 1e-12, "warmup_ratio": 0.1}
    dev = {"dev": dev_set, "eval_steps": 2} if measured else {}
    folder = trained(dead_reranker, graded_groups, teacher=False, **ways, **dev)
    alarms = [message for message in caplog.messages if "the model tells documents no more apart" in message]
    assert [alarm.partition(":")[0] for alarm in alarms[:1]] == ["step 2" if measured else "step 20"]
    assert alarms[1:] == [alarm for alarm in alarms if alarm.startswith("at the end of the training ")]
    assert len(alarms) == 2
    for remedy in ("--learning-rate", "--warmup-ratio", "--loss"):
        assert remedy in alarms[0]
    trained_note = json.loads((folder / "rerankkit.json").read_text())["trained"]
    assert alarms[1] in trained_note["warnings"]


def test_a_healthy_training_sounds_none(trained, tiny_bert, graded_groups, caplog):
    folder = trained(tiny_bert, graded_groups, teacher=False, max_steps=40)
    assert json.loads((folder / "rerankkit.json").read_text())["trained"]["warnings"] == []
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
