"""A few candidates of a long list."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerankkit.errors import InputError
from rerankkit.groups.sample import STRATEGIES, Sampling, draw, eligible, orders, pairs_left, ranks, thinned
from rerankkit.types import Candidate, Document, Group, Query


def labelled(labels: list[float], qid: str = "1") -> Group:
    candidates = tuple(Candidate(Document(str(i), "", "text"), -float(i)) for i in range(len(labels)))
    return Group(Query(qid, "query"), candidates, tuple(labels))


def group(count: int, positives: tuple[int, ...] = (), qid: str = "1") -> Group:
    return labelled([float(i in positives) for i in range(count)], qid)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_short_list_is_taken_whole(strategy):
    assert draw(group(8), Sampling(8, strategy), seed=1) == list(range(8))
    assert draw(group(3), Sampling(8, strategy, positives=2), seed=1) == [0, 1, 2]


@pytest.mark.parametrize(("size", "top"), [(8, 4), (7, 4), (2, 1)])
def test_half_comes_from_the_top_and_half_from_the_rest(size, top):
    """Of 100 candidates, the top is the first quarter."""
    for seed in range(50):
        drawn = draw(group(100), Sampling(size), seed)
        assert len(set(drawn)) == size
        assert drawn == sorted(drawn)
        assert sum(index < 25 for index in drawn) == top


def test_the_top_holds_at_least_as_many_as_are_drawn():
    """Of 12 candidates a quarter would be 3: four of the first 8 and all four others are drawn."""
    for seed in range(20):
        drawn = draw(group(12), Sampling(8), seed)
        assert sum(index < 8 for index in drawn) == 4
        assert drawn[4:] == [8, 9, 10, 11]


def test_the_seed_and_the_query_decide():
    halves = Sampling(8)
    assert draw(group(100), halves, seed=1) == [3, 15, 19, 22, 36, 44, 87, 99]
    assert draw(group(100), halves, seed=2) != draw(group(100), halves, seed=1)
    assert draw(group(100, qid="2"), halves, seed=1) != draw(group(100), halves, seed=1)


@pytest.mark.parametrize("strategy", ["halves", "random", "stratified"])
def test_every_candidate_has_its_turn(strategy):
    some = labelled([float(i % 7) for i in range(40)])
    assert {index for seed in range(400) for index in draw(some, Sampling(8, strategy), seed)} == set(range(40))


def test_the_top_is_the_lists_first_whatever_the_seed():
    assert {tuple(draw(group(100), Sampling(5, "top"), seed)) for seed in range(9)} == {(0, 1, 2, 3, 4)}


def test_at_random_each_place_is_as_likely():
    """Of 40 candidates 8 are drawn 2,000 times: each about 400 times, with a deviation of 18."""
    drawn = Counter(index for seed in range(2000) for index in draw(group(40), Sampling(8, "random"), seed))
    assert min(drawn[index] for index in range(40)) > 310
    assert max(drawn.values()) < 490


def test_stratified_by_hand():
    """Four bins of [0, 8]: eight scores in [0, 2), two in [2, 4), none in [4, 6), one in [6, 8]."""
    some = labelled([8.0, 3.9, 2.0, 1.9, 1.8, 1.7, 1.6, 1.5, 1.4, 1.3, 0.0])
    for seed in range(100):
        drawn = draw(some, Sampling(4, "stratified"), seed)
        low, middle, high = (sum(first <= i <= last for i in drawn) for first, last in ((3, 10), (1, 2), (0, 0)))
        assert high == 1
        assert sorted((low, middle)) == [1, 2]
    assert draw(some, Sampling(4, "stratified"), 1) == draw(some, Sampling(4, "stratified"), 1)


def test_stratified_takes_each_grade_as_often_where_it_can():
    """Of 20 candidates with grade 0, 10 with 1 and 2 with 3, eight: three, three and both."""
    some = labelled([0.0] * 20 + [1.0] * 10 + [3.0] * 2)
    for seed in range(30):
        drawn = draw(some, Sampling(8, "stratified"), seed)
        assert Counter(some.labels[i] for i in drawn) == {0.0: 3, 1.0: 3, 3.0: 2}


def test_stratified_is_not_moved_by_the_scores_scale():
    scores = [random.Random(7).uniform(0, 5) for _ in range(50)]
    one, two = labelled(scores), labelled([4 * score - 16 for score in scores])
    assert draw(one, Sampling(6, "stratified"), 3) == draw(two, Sampling(6, "stratified"), 3)


def test_equal_scores_and_missing_ones():
    assert len(draw(group(20), Sampling(6, "stratified"), 3)) == 6
    unlabelled = Group(Query("1", "query"), group(9).candidates)
    with pytest.raises(ValueError, match="needs labels"):
        draw(unlabelled, Sampling(6, "stratified"), 3)


@given(
    st.lists(st.sampled_from([-3.5, 0.0, 0.25, 1.0, 2.0, 22.0]), max_size=40),
    st.integers(2, 12),
    st.sampled_from(sorted(STRATEGIES)),
    st.data(),
)
def test_whatever_is_drawn_fits(labels, size, strategy, data):
    """A subset in the list's order, as large as can be, with as many positives as wanted, of the band alone."""
    wanted = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(1, 20))
    band = data.draw(st.sampled_from([None, (first, first + 15)]))
    drawn = draw(labelled(labels), Sampling(size, strategy, wanted, band), data.draw(st.integers(0, 9)))
    may = [i for i in range(len(labels)) if band is None or labels[i] > 0 or band[0] <= i + 1 <= band[1]]
    assert drawn == sorted(set(drawn))
    assert set(drawn) <= set(may)
    assert len(drawn) == min(size, len(may))
    assert sum(labels[i] > 0 for i in drawn) >= min(wanted, sum(label > 0 for label in labels))


ONE = Sampling(8, positives=1)


def test_a_positive_is_kept_wherever_it_stands():
    for seed in range(100):
        drawn = draw(group(100, positives=(99,)), ONE, seed)
        assert 99 in drawn
        assert len(set(drawn)) == 8
        assert drawn == sorted(drawn)


def test_of_several_positives_each_has_its_turn_and_negatives_stay():
    far = group(200, positives=(150, 160, 170))
    found: set[int] = set()
    for seed in range(100):
        positives = {150, 160, 170} & set(draw(far, Sampling(4, positives=1), seed))
        assert 1 <= len(positives) < 4
        found |= positives
    assert found == {150, 160, 170}


def test_a_draw_that_has_a_positive_is_left_alone():
    some = group(100, positives=tuple(range(0, 100, 2)))
    kept = [seed for seed in range(50) if any(index % 2 == 0 for index in draw(some, Sampling(8), seed))]
    assert len(kept) > 40
    assert all(draw(some, ONE, seed) == draw(some, Sampling(8), seed) for seed in kept)


def test_without_a_positive_nothing_is_forced():
    assert draw(group(100), ONE, seed=5) == draw(group(100), Sampling(8), seed=5)


def test_missing_positives_come_highest_grade_first():
    """The first five are drawn; of the rest, 3 comes before the two of grade 2, and those before the one of grade 1."""
    some = labelled([0.0] * 5 + [1.0, 2.0, 3.0, 2.0])
    draws = {wanted: draw(some, Sampling(5, "top", wanted), seed=4) for wanted in range(5)}
    assert [{i for i in drawn if i > 4} for drawn in draws.values()][:2] == [set(), {7}]
    assert 7 in draws[2]
    assert set(draws[2]) & {6, 8}
    assert {i for i in draws[3] if i > 4} == {6, 7, 8}
    assert {i for i in draws[4] if i > 4} == {5, 6, 7, 8}


def test_equal_grades_take_turns():
    some = labelled([0.0] * 5 + [1.0, 2.0, 2.0])
    assert {tuple(draw(some, Sampling(5, "top", 1), seed)[4:]) for seed in range(30)} == {(6,), (7,)}


def test_negatives_come_from_the_band_and_positives_from_anywhere():
    """Ranks 3 to 6 are the indices 2 to 5; the positives stand at 0 and 9, a negative grade counts as none."""
    some = labelled([1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0])
    sampling = Sampling(4, positives=1, band=(3, 6))
    assert eligible(some, sampling) == [0, 2, 3, 4, 5, 9]
    draws = [draw(some, sampling, seed) for seed in range(200)]
    assert {index for drawn in draws for index in drawn} == {0, 2, 3, 4, 5, 9}
    assert all(len(drawn) == 4 and {0, 9} & set(drawn) for drawn in draws)


def test_a_band_that_leaves_no_pair():
    some = group(10, positives=(0, 1))
    assert pairs_left(some, Sampling(4, band=(3, 3)))
    assert not pairs_left(some, Sampling(4, band=(11, 20)))
    assert not pairs_left(some, Sampling(4, band=(1, 2)))
    assert pairs_left(some, Sampling(4))


@pytest.mark.parametrize(
    ("ways", "message"),
    [
        ({"strategy": "best"}, "--sampling best is unknown. Known: halves, random, stratified, top"),
        ({"positives": 8}, "--positives 8 does not fit a group of 8"),
        ({"positives": -1}, "--positives -1 does not fit"),
        ({"band": (0, 9)}, "--negatives 0-9 holds no rank"),
        ({"band": (9, 8)}, "--negatives 9-8 holds no rank"),
    ],
)
def test_a_sampling_that_cannot_be(ways, message):
    with pytest.raises(InputError) as caught:
        Sampling(8, **ways)
    assert str(caught.value).startswith(message)


def test_ranks_are_two_numbers():
    assert (ranks("10-100"), ranks(" 1-1 ")) == ((10, 100), (1, 1))
    for text in ("", "10", "10-", "-100", "10–100", "10-20-30", "ten-twenty", "1.5-2"):
        with pytest.raises(InputError, match=r"Expected FIRST-LAST, e\.g\. --negatives 10-100"):
            ranks(text)


def test_thinned_lists_are_what_is_drawn_in_its_order():
    long, short = group(100, positives=(3,)), group(5, qid="2")
    first, second = thinned([long, short], 8, seed=1)
    assert [int(c.document.docid) for c in first.candidates] == [3, 15, 19, 22, 36, 44, 87, 99]
    assert (first.query, first.labels) == (long.query, None)
    assert second.candidates == short.candidates


def test_orders_needs_two_different_labels():
    unlabelled = Group(Query("1", "query"), (Candidate(Document("a", "", "text"), 1.0),))
    assert not orders(unlabelled)
    assert not orders(group(5))
    assert not orders(group(2, positives=(0, 1)))
    assert orders(group(5, positives=(4,)))


def test_ranks_are_those_of_the_run_whatever_was_left_out_since():
    kept = (1, 4, 12, 15, 30)
    candidates = tuple(Candidate(Document(str(rank), "", "text"), 0.0, rank) for rank in kept)
    judged = Group(Query("1", "query"), candidates, (1.0, 0.0, 0.0, 0.0, 0.0))
    assert eligible(judged, Sampling(4, band=(10, 20))) == [0, 2, 3]


def test_two_grades_without_a_negative_are_no_pair_within_a_band():
    assert pairs_left(labelled([2.0, 1.0, 0.0]), Sampling(2, band=(3, 3)))
    assert not pairs_left(labelled([2.0, 1.0, 0.0]), Sampling(2, band=(5, 9)))
