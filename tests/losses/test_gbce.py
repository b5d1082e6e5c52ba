"""The generalised binary cross-entropy."""

import math

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.losses import bce, gbce

SCORES = torch.tensor([[math.log(3), 0.0, -1.0, 0.5]])
LABELS = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
ALL = torch.ones(1, 4, dtype=torch.bool)


def by_hand(rate: float, calibration: float) -> float:
    """The paper's formula: the positive's probability, 3/4, to the power of beta."""
    beta = rate * (calibration * (1 - 1 / rate) + 1 / rate)
    probabilities = [1 / (1 + math.exp(-score)) for score in (0.0, -1.0, 0.5)]
    return -(math.log(0.75**beta) + sum(math.log(1 - p) for p in probabilities)) / 4


def test_worked_by_hand():
    # a = 3 / 10, t = 1/2: beta = .3 (.5 (1 - 10/3) + 10/3) = .65.
    value = gbce.loss(SCORES[:, :2], LABELS[:, :2], ALL[:, :2], calibration=0.5, sampling_rate=0.3)
    assert value.item() == pytest.approx((0.65 * math.log(4 / 3) + math.log(2)) / 2)


def test_the_rate_is_the_negatives_of_the_pool():
    assert gbce.loss(SCORES, LABELS, ALL).item() == pytest.approx(by_hand(3 / 1000, 0.75))
    assert gbce.loss(SCORES, LABELS, ALL, calibration=0.5, pool=10).item() == pytest.approx(by_hand(0.3, 0.5))
    assert gbce.loss(SCORES, LABELS, ALL, 0.5, 0.3, 1000).item() == pytest.approx(by_hand(0.3, 0.5))


def test_each_query_has_its_own_rate():
    mask = torch.tensor([[True, True, True, True], [True, True, False, False]])
    value = gbce.loss(SCORES.repeat(2, 1), LABELS.repeat(2, 1), mask, calibration=1.0, pool=10)
    second = (0.1 * math.log(4 / 3) + math.log(2)) / 2
    assert value.item() == pytest.approx((by_hand(0.3, 1.0) + second) / 2)


@pytest.mark.parametrize("options", [{"calibration": 0.0}, {"sampling_rate": 1.0}, {"pool": 2.0}])
def test_uncalibrated_or_unsampled_it_is_bce(options):
    assert gbce.loss(SCORES, LABELS, ALL, **options).item() == pytest.approx(bce.loss(SCORES, LABELS, ALL).item())


def test_candidates_of_equal_label_still_teach():
    ones, zeros = torch.ones(1, 2), torch.zeros(1, 2)
    assert gbce.loss(zeros, ones, ALL[:, :2]).item() == pytest.approx(0.25 * math.log(2))  # no negative: beta = 1 - t
    assert gbce.loss(zeros, zeros, ALL[:, :2]).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("calibration", value) for value in (-0.1, 1.1, float("nan"))),
        *(("sampling_rate", value) for value in (0.0, 1.1, float("nan"))),
        *(("pool", value) for value in (0.0, float("inf"))),
    ],
)
def test_options_out_of_range_are_refused(name, value):
    with pytest.raises(InputError, match=f"{name} is"):
        gbce.loss(SCORES, LABELS, ALL, **{name: value})
