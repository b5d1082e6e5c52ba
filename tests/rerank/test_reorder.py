"""Candidates in their new order."""

from collections.abc import Iterable, Iterator

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank.cascade import hits_of, reordered
from rerankkit.rerank.reorder import reranked, run_of, with_tail
from rerankkit.run import LARGEST, Run
from rerankkit.trec import read_run, write_run
from rerankkit.types import Candidate, Document, Group, Hit, Query


def group(qid: str, docids: str) -> Group:
    return Group(Query(qid, f"query {qid}"), tuple(Candidate(Document(d, "", f"text {d}"), 0.0) for d in docids))


class Alphabet:
    """A Reranker that scores a document by its letter, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        for group in groups:
            self.asked.append(group.query.qid)
            yield [float(ord(candidate.document.docid) - ord("a")) for candidate in group.candidates]


GROUPS = [group("1", "abc"), group("2", "cab"), group("3", "b"), group("4", "ba")]
RESULT = [
    ("1", [("c", 2.0), ("b", 1.0), ("a", 0.0)]),
    ("2", [("c", 2.0), ("b", 1.0), ("a", 0.0)]),
    ("3", [("b", 1.0)]),
    ("4", [("b", 1.0), ("a", 0.0)]),
]


def test_hits_fall_by_score():
    assert reranked(group("1", "abc"), [0.5, -2.0, 7.0]) == [Hit("c", 7.0), Hit("a", 0.5), Hit("b", -2.0)]


def test_ties_keep_the_first_stages_order():
    assert [hit.docid for hit in reranked(group("1", "zyxab"), [1.0, 3.0, 1.0, 3.0, 1.0])] == list("yazxb")


def test_a_run_with_ties_is_read_back_in_the_same_order(tmp_path):
    """Evaluators break ties by docid, descending; here the first stage's order is the other one."""
    results = hits_of(reordered([group("1", "abcdef")], _Constant(1.0)))
    write_run(run_of(Run(), results, None, True, "t"), tmp_path / "run.txt")
    assert read_run(tmp_path / "run.txt").docids("1") == list("abcdef")


class _Constant:
    def __init__(self, value: float) -> None:
        self.value = value

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        return ([self.value] * len(group.candidates) for group in groups)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_no_number_is_named(score):
    with pytest.raises(InputError, match=rf"query 9, document b: the model's score is {score}") as caught:
        reranked(group("9", "abc"), [1.0, score, 2.0])
    assert "--dtype float32" in caught.value.remedy


def test_the_tail_lies_under_the_last_that_was_reranked():
    hits = with_tail([Hit("a", 3.0), Hit("b", -50.0)], ["x", "y"])
    assert hits == [Hit("a", 3.0), Hit("b", -50.0), Hit("x", -51.0), Hit("y", -52.0)]
    assert with_tail([], ["x"]) == [Hit("x", -1.0)]


@pytest.mark.parametrize(
    ("depth", "tail", "expected"), [(2, True, "bacd"), (2, False, "ba"), (None, True, "dcba"), (9, True, "dcba")]
)
def test_what_lies_below_the_depth(depth, tail, expected):
    first_stage = Run({"1": [("a", 9.0), ("b", 8.0), ("c", 7.0), ("d", 6.0)]})
    groups = [group("1", "abcd"[:depth])]
    run = run_of(first_stage, hits_of(reordered(groups, Alphabet())), depth, tail, "mine")
    assert (run.docids("1"), run.tag) == (list(expected), "mine")


@pytest.mark.parametrize("floor", [-3e38, LARGEST, 1e30, 0.0])
def test_a_tail_under_any_score_stays_in_order(floor):
    first_stage = Run({"1": [("a", 9.0), ("b", 8.0), ("c", 7.0)]})
    run = run_of(first_stage, hits_of(reordered([group("1", "a")], _Constant(floor))), 1, True, "t")
    assert run.docids("1") == ["a", "b", "c"]
    assert list(run.scores("1")) == sorted(set(run.scores("1")), reverse=True)


def test_results_come_in_the_groups_order():
    assert list(hits_of(reordered(iter(GROUPS), Alphabet()))) == RESULT


def test_the_reranker_is_asked_to_the_end():
    """A reranker says at its end how many documents it cut."""
    said = []

    class Talking(Alphabet):
        def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
            yield from super().score(groups)
            said.append("done")

    assert len(list(hits_of(reordered(GROUPS, Talking())))) == 4
    assert said == ["done"]
