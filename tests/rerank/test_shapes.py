"""Batches of few shapes."""

import random

from rerankkit.rerank.pairs import Pair
from rerankkit.rerank.shapes import few_shapes, padded_to_step, rounded


def pairs(*lengths: int) -> list[Pair]:
    return [Pair(list(range(10, 10 + length)), 2) for length in lengths]


def test_lengths_are_rounded_up_and_never_beyond_the_positions():
    assert [rounded(length, 64) for length in (1, 8, 9, 63, 64)] == [8, 8, 16, 64, 64]
    assert rounded(13, 14) == 14


def test_batches_by_hand():
    """Budget 48: two of 24, then six of 8."""
    assert few_shapes(pairs(5, 20, 8, 17, 3, 7), 48, 64) == [[1, 3], [2, 5, 0, 4]]
    assert few_shapes(pairs(60, 5), 10, 64) == [[0], [1]]
    assert few_shapes([], 10, 64) == []


def test_many_windows_have_few_shapes():
    chance, shapes = random.Random(0), set()
    for _ in range(40):
        window = pairs(*(min(256, max(8, round(chance.lognormvariate(4.2, 0.5)))) for _ in range(512)))
        batches = few_shapes(window, 1024, 512)
        assert sorted(place for batch in batches for place in batch) == list(range(512))
        shapes |= {(len(batch), rounded(len(window[batch[0]].ids), 512)) for batch in batches[:-1]}
    assert len(shapes) <= 32


def test_inputs_are_padded_to_the_step():
    inputs = padded_to_step(pairs(3, 5), 7, True, 64)
    assert inputs["input_ids"].tolist() == [[10, 11, 12, 7, 7, 7, 7, 7], [10, 11, 12, 13, 14, 7, 7, 7]]
    assert inputs["attention_mask"].tolist() == [[1] * 3 + [0] * 5, [1] * 5 + [0] * 3]
    assert inputs["token_type_ids"].tolist() == [[0, 0, 1] + [0] * 5, [0, 0, 1, 1, 1, 0, 0, 0]]
