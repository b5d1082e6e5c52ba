"""What a training step sees."""

from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerankkit.errors import InputError
from rerankkit.groups.sample import Sampling, draw
from rerankkit.rerank.pairs import Pair
from rerankkit.train.data import GroupData, micro_batches
from rerankkit.train.settings import RankTraining
from rerankkit.types import Candidate, Document, Group, Query


class Docids:
    """Stands for an encoder: a pair is the document's number."""

    def encode(self, query: Query, documents: list[Document]) -> Any:
        return [int(document.docid) for document in documents]


def group(labels: list[float], qid: str = "1") -> Group:
    candidates = tuple(Candidate(Document(str(i), "", "text"), -float(i)) for i in range(len(labels)))
    return Group(Query(qid, "query"), candidates, tuple(labels))


def data(groups: list[Group], teacher: bool = False, **settings: Any) -> GroupData:
    return GroupData(groups, Docids(), RankTraining(**settings), teacher)  # type: ignore[arg-type]


def epochs(made: GroupData, index: int = 0, count: int = 50) -> list[list[int]]:
    """The documents of a group in each of several epochs."""
    drawn = []
    for epoch in range(count):
        made.set_epoch(epoch)
        drawn.append(list(made[index][0]))
    return drawn


def test_the_default_is_half_hard_half_middle_with_a_positive():
    """The positive stands last; without it, five of ten draws would miss it."""
    some = group([0.0] * 99 + [1.0])
    made = data([some], group_size=8, seed=4)
    for epoch, drawn in enumerate(epochs(made)):
        assert drawn == draw(some, Sampling(8, "halves", 1), 4 + 7919 * epoch)
        assert 99 in drawn
        assert sum(number < 25 for number in drawn) >= 3


def test_labels_stay_with_their_documents():
    made = data([group([float(number % 5) for number in range(30)])], group_size=6, sampling="random")
    for epoch in range(20):
        made.set_epoch(epoch)
        documents, labels = made[0]
        assert labels == [float(number % 5) for number in documents]


def test_the_strategy_is_the_settings():
    scores = [float(number) for number in range(40, 0, -1)]
    assert epochs(data([group(scores)], teacher=True, group_size=4, sampling="top"), count=3) == [[0, 1, 2, 3]] * 3
    for drawn in epochs(data([group(scores)], teacher=True, group_size=4, sampling="stratified")):
        assert [number // 10 for number in drawn] == [0, 1, 2, 3]


def test_a_teachers_scores_make_no_positives():
    """Of the first five all are below 0; a positive label is not put among them."""
    scores = [-1.0] * 5 + [3.0] * 5
    assert epochs(data([group(scores)], teacher=True, group_size=5, sampling="top"), count=1) == [[0, 1, 2, 3, 4]]
    (drawn,) = epochs(data([group(scores)], group_size=5, sampling="top", positives=2), count=1)
    assert sum(number > 4 for number in drawn) == 2


def test_negatives_of_a_band(caplog):
    """Ranks 10 to 19; the second query's list ends before them and is left out."""
    groups = [group([1.0] + [0.0] * 40), group([0.0, 1.0, 0.0], "2")]
    with caplog.at_level("INFO", "rerankkit"):
        made = data(groups, group_size=4, negatives="10-19", positives=1)
    assert len(made) == 1
    assert caplog.messages == ["1 groups left out: no pair with --negatives 10-19"]
    drawn = epochs(made)
    assert all(documents[0] == 0 for documents in drawn)
    assert {number for documents in drawn for number in documents} == {0, *range(9, 19)}


def test_a_band_without_negatives_is_told():
    with pytest.raises(InputError, match="no query has a negative at the ranks of --negatives 50-60") as caught:
        data([group([1.0, 0.0])], negatives="50-60")
    assert caught.value.remedy == "Widen them, or retrieve deeper"


@pytest.mark.parametrize("settings", [{"positives": 2}, {"negatives": "10-100"}])
def test_a_distillation_knows_neither_positives_nor_negatives(settings):
    with pytest.raises(InputError, match="positives and negatives are for labels from people"):
        data([group([1.0, 0.0])], teacher=True, **settings)


def pairs(*lengths: int) -> list[Pair]:
    return [Pair([7] * length, 1) for length in lengths]


@pytest.mark.parametrize(
    ("starting", "expected"), [(0, [[1], [2], [0, 3]]), (2, [[1, 2], [0, 3]]), (100, [[1, 2, 0, 3]])]
)
def test_a_micro_batch_is_opened_where_it_saves_more_padding_than_it_costs(starting, expected):
    """Of 2, 9, 8 and 2 tokens: the 8 beside the 9 are padded by 1 token, both 2 beside them by 14."""
    assert micro_batches(pairs(2, 9, 8, 2), 100, starting) == expected


def test_a_micro_batch_stays_in_its_budget_and_a_long_pair_goes_alone():
    assert micro_batches(pairs(50, 4, 4, 4), 8, 1000) == [[0], [1], [2, 3]]
    assert micro_batches([], 8, 1000) == []


@given(st.lists(st.integers(1, 12), min_size=1, max_size=7), st.integers(1, 60), st.integers(0, 20))
def test_micro_batches_are_the_cheapest_of_all(lengths, budget, starting):
    """Beside every way to cut the sorted pairs."""

    def cost(sizes: list[list[int]]) -> float:
        allowed = all(len(of) == 1 or len(of) * of[0] <= budget for of in sizes)
        return sum(len(of) * of[0] + starting for of in sizes) if allowed else float("inf")

    falling, count = sorted(lengths, reverse=True), len(lengths)
    cuts = [cut for many in range(count) for cut in combinations(range(1, count), many)]
    least = min(cost([falling[a:b] for a, b in pairwise((0, *cut, count))]) for cut in cuts)
    batches = micro_batches(pairs(*lengths), budget, starting)
    assert sorted(index for batch in batches for index in batch) == list(range(count))
    assert cost([[lengths[index] for index in batch] for batch in batches]) == least
