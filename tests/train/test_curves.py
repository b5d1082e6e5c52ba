"""A training's learning curves."""

import pytest

from rerankkit.train.course import Measured
from rerankkit.train.curves import draw_curves, figure_of, series

HISTORY = [
    {"eval_nDCG@10": 0.3, "eval_score_spread": 1.0, "epoch": 0, "step": 0},
    {"loss": 3.0, "point_mse": 1.0, "margin_mse": 2.0, "learning_rate": 1e-4, "grad_norm": 1.0, "step": 10},
    {"eval_nDCG@10": 0.7, "eval_score_spread": 1.0, "step": 10},
    {"loss": 2.0, "point_mse": 0.5, "margin_mse": 1.5, "learning_rate": 5e-5, "score_spread": 1.0, "step": 20},
    {"eval_nDCG@10": 0.6, "eval_score_spread": 1.0, "step": 20},
    {"train_loss": 2.5, "step": 20},
]
DEV = [Measured(0, 0.3), Measured(10, 0.7), Measured(20, 0.6)]


def test_what_the_curves_show():
    assert series(HISTORY) == {
        "loss": [(10, 3.0), (20, 2.0)],
        "point_mse": [(10, 1.0), (20, 0.5)],
        "margin_mse": [(10, 2.0), (20, 1.5)],
        "learning_rate": [(10, 1e-4), (20, 5e-5)],
    }


def test_axes_are_labelled_and_the_best_step_is_marked():
    figure = figure_of(series(HISTORY), DEV, "nDCG@10", 0.5)
    loss, dev, rate = figure.axes
    assert (loss.get_ylabel(), rate.get_ylabel()) == ("training loss", "learning rate")
    assert (dev.get_ylabel(), dev.get_xlabel()) == ("nDCG@10 on dev", "training step")
    named = [text.get_text() for axes in (loss, dev) for text in axes.get_legend().get_texts()]
    assert named == [
        *("loss", "point mse", "margin mse", "learning rate"),
        *("dev", "best: step 10", "first stage (0.5000)"),
    ]
    (star,) = dev.collections
    assert star.get_offsets().tolist() == [[10.0, 0.7]]
    assert loss.lines[0].get_ydata().tolist() == [3.0, 2.0]


def test_without_dev_there_is_one_panel():
    figure = figure_of(series(HISTORY), [], "", None)
    assert [axes.get_ylabel() for axes in figure.axes] == ["training loss", "learning rate"]


def test_the_picture_is_a_png(tmp_path):
    draw_curves(HISTORY, tmp_path, "nDCG@10", 0.5)
    written = (tmp_path / "learning_curve.png").read_bytes()
    assert written.startswith(b"\x89PNG\r\n")
    assert len(written) > 10_000


@pytest.mark.parametrize("history", [[], HISTORY[:1], HISTORY[1:2]])
def test_one_point_makes_no_curve(tmp_path, history):
    draw_curves(history, tmp_path, "nDCG@10", 0.5)
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_logged_no_loss_has_its_dev_values_drawn(tmp_path):
    draw_curves([HISTORY[0], HISTORY[2]], tmp_path, "nDCG@10", 0.5)
    assert (tmp_path / "learning_curve.png").is_file()
