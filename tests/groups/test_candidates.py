"""Several first stages' candidates as one list."""

from hypothesis import given
from hypothesis import strategies as st

from rerankkit.groups.candidates import union
from rerankkit.run import Run


def run(tag: str, **lists: str) -> Run:
    """A run whose docids are letters, best first."""
    return Run({qid: [(docid, 10.0 - rank) for rank, docid in enumerate(docids)] for qid, docids in lists.items()}, tag)


def test_lists_are_interleaved_by_rank_and_a_document_stands_once():
    """Ranks of the first: a1 b2 c3 d4; of the second: c1 a2 e3."""
    both = union([run("bm25", q="abcd"), run("dense", q="cae")])
    assert both.docids("q") == ["a", "c", "b", "e", "d"]
    assert [round(score, 4) for score in both.scores("q")] == [1.0, 1.0, 0.5, 0.3333, 0.25]
    assert both.scores("q")[0] > both.scores("q")[1]
    assert both.tag == "bm25+dense"


def test_the_first_run_goes_first_where_ranks_are_equal():
    one, two = run("one", q="ab"), run("two", q="xy")
    assert union([one, two]).docids("q") == ["a", "x", "b", "y"]
    assert union([two, one]).docids("q") == ["x", "a", "y", "b"]


def test_three_lists_of_different_lengths():
    assert union([run("r", q="a"), run("r", q="bcd"), run("r", q="ceb")]).docids("q") == ["a", "b", "c", "e", "d"]
    assert union([run("r", q="a"), run("r", q="b")]).tag == "r"


def test_a_query_of_one_run_keeps_its_scores():
    both = union([run("bm25", q1="ab"), run("dense", q1="b", q2="cd")])
    assert list(both) == ["q1", "q2"]
    assert both["q2"] == (("c", 10.0), ("d", 9.0))


def test_a_run_alone_stays_itself():
    alone = run("bm25", q="abc")
    assert union([alone]) is alone


@given(st.lists(st.lists(st.integers(0, 30), max_size=20, unique=True), min_size=2, max_size=4))
def test_any_lists(lists):
    """Every document once, in the order of best ranks, and the same after a second sorting by score."""
    runs = [Run({"q": [(str(docid), -float(rank)) for rank, docid in enumerate(docids)]}) for docids in lists]
    found = union(runs).docids("q")
    best = {str(d): min(docids.index(d) for docids in lists if d in docids) for docids in lists for d in docids}
    assert sorted(found) == sorted(best)
    assert [best[docid] for docid in found] == sorted(best.values())
    assert Run(dict(union(runs))).docids("q") == found
