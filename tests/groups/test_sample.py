"""A few candidates of a long list."""

import pytest

from rerankkit.groups.sample import draw, draw_with_positive, orders, thinned
from rerankkit.types import Candidate, Document, Group, Query


def group(count: int, positives: tuple[int, ...] = (), qid: str = "1") -> Group:
    candidates = tuple(Candidate(Document(str(i), "", "text"), -float(i)) for i in range(count))
    return Group(Query(qid, "query"), candidates, tuple(float(i in positives) for i in range(count)))


def test_a_short_list_is_taken_whole():
    assert draw(group(8), 8, seed=1) == list(range(8))
    assert draw(group(3), 8, seed=1) == [0, 1, 2]


@pytest.mark.parametrize(("size", "top"), [(8, 4), (7, 4), (2, 1)])
def test_half_comes_from_the_top_and_half_from_the_rest(size, top):
    """Of 100 candidates, the top is the first quarter."""
    for seed in range(50):
        drawn = draw(group(100), size, seed)
        assert len(set(drawn)) == size
        assert drawn == sorted(drawn)
        assert sum(index < 25 for index in drawn) == top


def test_the_top_holds_at_least_as_many_as_are_drawn():
    """Of 12 candidates a quarter would be 3: four of the first 8 and all four others are drawn."""
    for seed in range(20):
        drawn = draw(group(12), 8, seed)
        assert sum(index < 8 for index in drawn) == 4
        assert drawn[4:] == [8, 9, 10, 11]


@pytest.mark.parametrize(("hard", "top"), [(2, 2), (6, 4), (97, 5), (100, 8), (1000, 8)])
def test_any_number_of_hard_ones_gives_the_size_asked_for(hard, top):
    drawn = draw(group(100), 8, seed=3, hard=hard)
    assert len(set(drawn)) == 8
    assert sum(index < hard for index in drawn) == top


def test_the_seed_and_the_query_decide():
    assert draw(group(100), 8, seed=1) == draw(group(100), 8, seed=1)
    assert draw(group(100), 8, seed=1) == [3, 15, 19, 22, 36, 44, 87, 99]
    assert draw(group(100), 8, seed=2) != draw(group(100), 8, seed=1)
    assert draw(group(100, qid="2"), 8, seed=1) != draw(group(100), 8, seed=1)


def test_every_candidate_has_its_turn():
    assert {index for seed in range(400) for index in draw(group(40), 8, seed)} == set(range(40))


def test_a_positive_is_kept_wherever_it_stands():
    for seed in range(100):
        drawn = draw_with_positive(group(100, positives=(99,)), 8, seed)
        assert 99 in drawn
        assert len(set(drawn)) == 8
        assert drawn == sorted(drawn)


def test_of_several_positives_each_has_its_turn_and_negatives_stay():
    far = group(200, positives=(150, 160, 170))
    found: set[int] = set()
    for seed in range(100):
        drawn = draw_with_positive(far, 4, seed)
        positives = {150, 160, 170} & set(drawn)
        assert 1 <= len(positives) < 4
        found |= positives
    assert found == {150, 160, 170}


def test_a_draw_that_has_a_positive_is_left_alone():
    some = group(100, positives=tuple(range(0, 100, 2)))
    kept = [seed for seed in range(50) if any(index % 2 == 0 for index in draw(some, 8, seed))]
    assert len(kept) > 40
    assert all(draw_with_positive(some, 8, seed) == draw(some, 8, seed) for seed in kept)


def test_without_a_positive_nothing_is_forced():
    assert draw_with_positive(group(100), 8, seed=5) == draw(group(100), 8, seed=5)


def test_thinned_lists_are_what_is_drawn_in_its_order():
    long, short = group(100, positives=(3,)), group(5, qid="2")
    first, second = thinned([long, short], 8, seed=1)
    assert [c.document.docid for c in first.candidates] == [str(index) for index in draw(long, 8, seed=1)]
    assert (first.query, first.labels) == (long.query, None)
    assert second.candidates == short.candidates


def test_orders_needs_two_different_labels():
    unlabelled = Group(Query("1", "query"), (Candidate(Document("a", "", "text"), 1.0),))
    assert not orders(unlabelled)
    assert not orders(group(5))
    assert not orders(group(2, positives=(0, 1)))
    assert orders(group(5, positives=(4,)))
