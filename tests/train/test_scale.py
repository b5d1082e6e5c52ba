"""A teacher's mean and deviation, taken off and given back."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from rerankkit.errors import InputError
from rerankkit.plugins import load_plugin
from rerankkit.train.scale import Held, Scale, held, set_offset
from rerankkit.types import Candidate, Document, Group, Query


def group(*labels: float) -> Group:
    return Group(Query("1", "q"), tuple(Candidate(Document("d", "", "t"), 0.0) for _ in labels), labels)


class Scorer(nn.Module):
    """A model whose head is a linear layer."""

    def __init__(self, bias: bool) -> None:
        super().__init__()
        self.score = nn.Linear(3, 1, bias=bias)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return self.score(states)


STATES = torch.tensor([[1.0, 0.0, 2.0], [-1.0, 3.0, 0.5], [0.0, 0.0, 0.0]])


def test_one_scale_for_all_of_a_teachers_scores():
    """Mean of 11, 15, 19, 15 is 15; their deviation is the root of 32 / 4."""
    scale = Scale.of([group(11.0, 19.0), group(15.0), group(15.0)])
    assert scale.mean == 15.0
    assert scale.deviation == pytest.approx(math.sqrt(8))
    assert str(scale) == "scale 15.000 ± 2.828"


def test_labels_are_standardised():
    scaled = Scale(15.0, 4.0).apply(group(11.0, 19.0, 16.0))
    assert scaled.labels == (-1.0, 1.0, 0.25)
    assert scaled.query.qid == "1"


def test_the_head_gives_the_scale_back():
    model = Scorer(bias=True)
    before = model(STATES)
    Scale(15.0, 4.0).give_back(model)
    assert torch.allclose(model(STATES), 4 * before + 15, atol=1e-5)


def test_a_head_without_bias_keeps_the_mean_in_its_targets():
    model = Scorer(bias=False)
    scale = Scale(15.0, 4.0).fit_for(model)
    assert scale == Scale(0.0, 4.0)
    assert scale.apply(group(11.0, 19.0)).labels == (2.75, 4.75)
    before = model(STATES)
    scale.give_back(model)
    assert torch.allclose(model(STATES), 4 * before, atol=1e-5)


def test_a_head_with_bias_keeps_the_whole_scale():
    assert Scale(15.0, 4.0).fit_for(Scorer(bias=True)) == Scale(15.0, 4.0)


def test_of_a_deeper_head_the_last_layer_gives_the_scale_back():
    model = nn.Module()
    model.classifier = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1))
    before = model.classifier(STATES)
    Scale(-2.0, 0.5).give_back(model)
    assert torch.allclose(model.classifier(STATES), 0.5 * before - 2, atol=1e-6)


@pytest.mark.parametrize("labels", [(3.0, 3.0, 3.0), (1e9, 1e9 + 64), (0.0, 1e-9)])
def test_scores_that_are_all_the_same_teach_nothing(labels):
    with pytest.raises(InputError, match="the teacher's scores are all the same"):
        Scale.of([group(*labels)])


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("point-mse", {}, Held(True, True)),
        ("hybrid", {}, Held(True, True)),
        ("hybrid", {"alpha": 0.01}, Held(True, True)),
        ("hybrid", {"alpha": 0.0}, Held(True, False)),
        ("margin-mse", {}, Held(True, False)),
        ("kl", {}, Held(True, False)),
        ("kl", {"temperature": 3.0}, Held(True, False)),
        ("soft-ranknet", {}, Held(True, False)),
        ("ranknet", {}, Held(False, False)),
        ("hinge", {}, Held(False, False)),
        ("hinge", {"margin": 0.01}, Held(False, False)),
        ("list-mle", {}, Held(False, False)),
        ("adr-mse", {}, Held(False, False)),
    ],
)
def test_what_a_loss_holds_its_scores_to(name, options, expected):
    assert held(partial(load_plugin("losses", name).loss, **options)) == expected


def test_an_offset_is_set_by_the_mean_error():
    """Errors are 1, 3 and 2."""
    model = Scorer(bias=True)
    before = model(STATES)
    assert set_offset(model, [[1.0, 0.0], [5.0]], [group(2.0, 3.0), group(7.0)])
    assert torch.allclose(model(STATES), before + 2, atol=1e-6)


def test_a_head_without_bias_has_no_offset_to_set():
    assert not set_offset(Scorer(bias=False), [[1.0]], [group(2.0)])
