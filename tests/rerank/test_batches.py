"""Pairs to padded batches."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rerankkit.rerank.batches import by_length, pad
from rerankkit.rerank.pairs import Pair


def pairs(*lengths: int) -> list[Pair]:
    return [Pair(list(range(1, length + 1)), min(2, length)) for length in lengths]


def test_longest_first_within_the_budget():
    """Padded sizes 2 x 6, 3 x 4 and 1 x 2 of a budget of 12."""
    assert by_length(pairs(4, 6, 2, 4, 6, 3), 12) == [[1, 4], [0, 3, 5], [2]]


def test_equal_lengths_keep_their_order():
    assert by_length(pairs(3, 3, 3, 3), 6) == [[0, 1], [2, 3]]


def test_a_pair_over_the_budget_goes_alone():
    assert by_length(pairs(2, 50, 2), 10) == [[1], [0, 2]]


def test_nothing_makes_no_batch():
    assert by_length([], 10) == []


@given(st.lists(st.integers(1, 60), max_size=60), st.integers(1, 200))
def test_every_pair_once_and_no_batch_over_the_budget(lengths, budget):
    batches = by_length(pairs(*lengths), budget)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= budget
    for one, two in itertools.pairwise(batches):  # the next pair would not have fitted
        assert (len(one) + 1) * max(lengths[index] for index in one) > budget
        assert min(lengths[index] for index in one) >= max(lengths[index] for index in two)


def test_padding_stands_on_the_right():
    made = pad([Pair([7, 8, 9], 1), Pair([4], 1)], pad_id=99, segments=False)
    assert list(made) == ["input_ids", "attention_mask"]
    assert made["input_ids"].tolist() == [[7, 8, 9], [4, 99, 99]]
    assert made["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert all(tensor.dtype == torch.long for tensor in made.values())


@pytest.mark.parametrize(("first", "types"), [(1, [0, 1, 1]), (2, [0, 0, 1])])
def test_segments_tell_query_from_document(first, types):
    made = pad([Pair([7, 8, 9], first), Pair([4, 5], 1)], pad_id=0, segments=True)
    assert made["token_type_ids"].tolist() == [types, [0, 1, 0]]
