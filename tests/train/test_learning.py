"""A checkpoint's learning curves."""

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import Note
from rerankkit.train.learning import learning

LOG = [
    {"step": 0, "eval_nDCG@10": 0.5},
    {"step": 10, "loss": 2.0, "margin_mse": 1.0, "learning_rate": 1e-4, "grad_norm": 3.0, "score_spread": 1.0},
    {"step": 10, "eval_nDCG@10": 0.75},
    {"step": 20, "loss": 1.0, "margin_mse": 0.5, "learning_rate": 0.0},
    {"step": 20, "eval_nDCG@10": 0.7},
]


def test_the_loss_with_its_terms_and_the_dev_measure(tmp_path):
    Note("cross-encoder", trained={"log": LOG, "dev": {"measure": "nDCG@10", "first_stage": 0.6}}).write(tmp_path)
    assert learning(tmp_path) == {
        "name": tmp_path.name,
        "lines": [
            {"name": "loss", "points": [(10, 2.0), (20, 1.0)]},
            {"name": "margin_mse", "points": [(10, 1.0), (20, 0.5)]},
        ],
        "dev": {
            "measure": "nDCG@10",
            "first_stage": 0.6,
            "points": [(0, 0.5), (10, 0.75), (20, 0.7)],
            "best": (10, 0.75),
        },
    }


def test_without_dev_queries_there_is_the_loss_alone(tmp_path):
    Note("llm", trained={"log": LOG[1::2]}).write(tmp_path)
    assert learning(tmp_path)["dev"] is None


def test_what_has_none_is_told(tmp_path):
    with pytest.raises(InputError, match=r"no checkpoint of rerankkit\. Give a folder that sft or distill wrote"):
        learning(tmp_path)
    Note("llm").write(tmp_path)
    with pytest.raises(InputError, match=r"its note holds no loss\. Give a folder that sft or distill wrote"):
        learning(tmp_path)


def test_a_damaged_log_and_a_training_too_short_for_one_are_told(tmp_path):
    Note("llm", trained={"log": [{"loss": 1.0}]}).write(tmp_path)
    with pytest.raises(InputError, match="the log in its note is damaged"):
        learning(tmp_path)
    Note("llm", trained={"log": [{"train_runtime": 1.0, "step": 3}]}).write(tmp_path)
    with pytest.raises(InputError, match="shorter than --logging-steps"):
        learning(tmp_path)
