"""A cascade by hand: the top goes to the next model, the rest keeps its order below."""

from collections.abc import Iterable, Iterator

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank.cascade import hits_of, reordered, then
from rerankkit.run import Run
from rerankkit.types import Candidate, Document, Group, Query


class Table:
    """A Reranker by a table of scores; remembers what it was asked, and its last word."""

    def __init__(self, **scores: float) -> None:
        self.scores, self.asked, self.ended = scores, [], 0

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        for group in groups:
            docids = [candidate.document.docid for candidate in group.candidates]
            self.asked.append(" ".join(docids))
            yield [self.scores[docid] for docid in docids]
        self.ended += 1


def group(qid: str, docids: str) -> Group:
    candidates = (Candidate(Document(docid, "", docid), 9 - rank) for rank, docid in enumerate(docids))
    return Group(Query(qid, qid), tuple(candidates))


def hits(groups: Iterable[Group]) -> dict[str, list[tuple[str, float]]]:
    return {qid: [tuple(hit) for hit in of_query] for qid, of_query in hits_of(groups)}


def test_the_top_of_the_first_order_is_reordered_and_stays_on_top():
    """First c 9, a 5, d 4, b 1; then of c and a the second, which gives 0.2 and 0.7; d and b move from 4, 1 to -0.8."""
    small, large = Table(a=5, b=1, c=9, d=4), Table(a=0.7, c=0.2)
    ranked = list(then(reordered([group("1", "abcd")], small), large, 2))
    assert (small.asked, large.asked) == (["a b c d"], ["c a"])
    found = hits(ranked)["1"]
    assert [docid for docid, _ in found] == ["a", "c", "d", "b"]
    assert [score for _, score in found] == pytest.approx([0.7, 0.2, -0.8, -3.8])
    assert [candidate.document.text for candidate in ranked[0].candidates] == ["a", "c", "d", "b"]
    assert (small.ended, large.ended) == (1, 1)


def test_three_models_one_after_another():
    """Of e d c b a the top four go to the second: b c d e; of these the top two to the third: c b."""
    first, second, third = Table(a=1, b=2, c=3, d=4, e=5), Table(b=8, c=7, d=6, e=5), Table(b=-2, c=-1)
    found = hits(then(then(reordered([group("1", "abcde")], first), second, 4), third, 2))["1"]
    # b and c: -1 and -2; d and e from 6, 5 to -3, -4, and a, which the second left one below e, with them
    assert found == [("c", -1), ("b", -2), ("d", -3), ("e", -4), ("a", -5)]
    assert third.asked == ["b c"]


def test_equal_scores_keep_the_order_so_far():
    found = hits(then(reordered([group("1", "abc")], Table(a=1, b=3, c=2)), Table(b=7, c=7), 2))["1"]
    assert found == [("b", 7), ("c", 7), ("a", 6)]
    run = Run.ranked({"1": found})
    assert run.docids("1") == ["b", "c", "a"]
    assert list(run.scores("1")) == sorted(set(run.scores("1")), reverse=True)


@pytest.mark.parametrize("docids", ["", "ab"])
def test_a_list_no_longer_than_the_top_is_the_later_models_alone(docids):
    asked = [group("1", docids), group("2", "ba")]
    found = hits(then(reordered(asked, Table(a=1, b=2)), Table(a=4, b=3), 3))
    assert found == {"1": [("a", 4), ("b", 3)] if docids else [], "2": [("a", 4), ("b", 3)]}


def test_queries_come_out_before_all_are_taken():
    taken: list[str] = []
    asked = (taken.append(one.query.qid) or one for one in [group(str(i), "ab") for i in range(5)])
    ranked = then(reordered(asked, Table(a=1, b=2)), Table(a=4, b=3), 1)
    assert next(ranked).query.qid == "0"
    assert len(taken) <= 2


def test_a_later_models_score_that_is_no_number_is_named():
    with pytest.raises(InputError, match="query 1, document b: the model's score is nan"):
        list(then(reordered([group("1", "ab")], Table(a=1, b=2)), Table(b=float("nan")), 1))
