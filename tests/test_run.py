"""Runs in evaluation order."""

import hashlib
import math
import re
import struct
from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerankkit.errors import InputError
from rerankkit.run import LARGEST, SMALLEST, Run, strictly_decreasing
from rerankkit.types import Hit


def float32(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]


def test_hits_stand_by_score_then_by_docid_descending():
    run = Run({"q": [("a", 1.0), ("c", 2.0), ("b", 1.0), ("d10", 1.0), ("d9", 1.0)]}, tag="mine")
    assert run["q"] == (Hit("c", 2.0), Hit("d9", 1.0), Hit("d10", 1.0), Hit("b", 1.0), Hit("a", 1.0))
    assert run.tag == "mine"


def test_scores_that_are_one_float32_are_tied():
    run = Run({"q": [("a", 1.0 + 1e-12), ("b", 1.0)]})
    assert run.docids("q") == ["b", "a"]


def test_a_run_is_a_mapping_in_the_order_of_its_queries():
    run = Run({"q2": [("a", 1)], "007": [("b", 0.5)], "7": []})
    assert list(run) == ["q2", "007", "7"]
    assert (len(run), "007" in run, "8" in run) == (3, True, False)
    assert run["7"] == ()
    assert list(run.scores("007")) == [0.5]
    with pytest.raises(KeyError):
        run["8"]


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("make", [Run, Run.ranked])
def test_a_score_that_is_no_number_is_refused_with_query_and_document(make, score):
    with pytest.raises(InputError, match=f"query q7, document d3 is {score}"):
        make({"q1": [("d3", 1.0)], "q7": [("d1", 1.0), ("d3", score)]})


@pytest.mark.parametrize("make", [Run, Run.ranked])
def test_a_document_twice_is_refused(make):
    with pytest.raises(InputError, match="query q has document b twice"):
        make({"q": [("a", 3.0), ("b", 2.0), ("c", 1.0), ("b", 0.0)]})


def test_ranked_keeps_scores_that_fall_and_the_given_order():
    run = Run.ranked({"q": [("a", 3.0), ("b", -1.5), ("c", -1.75)]})
    assert run["q"] == (Hit("a", 3.0), Hit("b", -1.5), Hit("c", -1.75))


def test_ranked_lowers_ties_by_one_step_each():
    scores = strictly_decreasing([1.0, 1.0, 1.0])
    assert list(scores) == [1.0, 1.0 - 2**-24, 1.0 - 2**-23]


def test_ranked_lowers_what_would_rise():
    assert list(strictly_decreasing([1.0, 5.0, 0.5])) == [1.0, 1.0 - 2**-24, 0.5]


def test_ranked_passes_through_zero_without_subnormal_numbers():
    assert list(strictly_decreasing([SMALLEST, SMALLEST, SMALLEST])) == [SMALLEST, 0.0, -SMALLEST]
    assert list(strictly_decreasing([1e-320, 0.0])) == [0.0, -SMALLEST]


def test_ranked_lifts_a_list_off_the_floor_of_float32():
    scores = strictly_decreasing([0.0, -LARGEST, -LARGEST])
    assert list(scores) == [0.0, -float32(LARGEST - 2**104), -LARGEST]


SCORES = st.lists(
    st.one_of(
        st.sampled_from(
            [0.0, -0.0, 1.0, 0.99999999, 1e300, -1e300, 1e-320, -1e-320, 1e-45, 1e-38, 2e-38, LARGEST, -LARGEST]
        ),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    max_size=30,
)


@given(SCORES)
def test_any_scores_become_strictly_decreasing_normal_float32(scores):
    out = Run.ranked({"q": [(str(i), score) for i, score in enumerate(scores)]})
    assert out.docids("q") == [str(i) for i in range(len(scores))]
    values = list(out.scores("q"))
    assert all(a > b for a, b in pairwise(values))
    assert all(math.isfinite(value) and (value == 0 or abs(value) >= SMALLEST) for value in values)
    assert array("f", values).tolist() == values


@given(SCORES)
def test_a_strictly_decreasing_list_is_a_fixed_point(scores):
    once = strictly_decreasing([min(max(score, -LARGEST), LARGEST) for score in scores])
    assert strictly_decreasing(once) == once


def test_a_digest_tells_runs_apart_by_queries_documents_scores_and_order():
    hits = {"1": [("a", 2.0), ("b", 1.0)], "2": [("c", 1.0)]}
    others = [
        {"1": [("a", 2.0), ("b", 1.0)], "3": [("c", 1.0)]},
        {"1": [("b", 2.0), ("a", 1.0)], "2": [("c", 1.0)]},
        {"1": [("a", 2.0), ("b", 0.5)], "2": [("c", 1.0)]},
        {"2": [("c", 1.0)], "1": [("a", 2.0), ("b", 1.0)]},
    ]
    digests = [Run(other).digest() for other in [hits, *others]]
    assert len(set(digests)) == 5
    assert Run(hits, tag="other").digest() == digests[0]


def test_docids_are_one_text():
    run = Run({"q": [("a", 1.0), ("é", 2.0), ("", 0.5)], "one": [("", 1.0)], "none": []})
    assert [run.docid_text(qid) for qid in run] == ["é\na\n".encode(), b"", b""]
    assert [run.docids(qid) for qid in run] == [["é", "a", ""], [""], []]


@pytest.mark.parametrize("odd", ["a\nb", "\n", "\ud800"])
def test_docids_that_no_text_holds_stay_as_they_are(odd):
    run = Run({"q": [("a", 1.0), (odd, 2.0)]})
    assert run["q"] == (Hit(odd, 2.0), Hit("a", 1.0))
    with pytest.raises(InputError, match="of query q: " + re.escape(repr(odd))):
        run.docid_text("q")


def test_a_digest_stays_what_it_was():
    hits = {"1": [("a", 2.0), ("é", 1.0)], "none": [], "2": [("a\nb", -1.0)]}
    text = b"1\na\n\xc3\xa9\n" + struct.pack("<2f", 2, 1) + b"none\n" + b"2\na\nb\n" + struct.pack("<f", -1)
    assert Run(hits).digest() == hashlib.sha256(text).hexdigest()


def test_columns_become_a_run():
    columns = [("q2", "a\né\nb\n".encode(), array("f", [1, 2, 1])), ("q1", b"x\ny\n", array("f", [2, 1]))]
    run = Run.of_columns(columns, "mine")
    assert {qid: run[qid] for qid in run} == {
        "q2": (("é", 2.0), ("b", 1.0), ("a", 1.0)),
        "q1": (("x", 2.0), ("y", 1.0)),
    }
    assert (run.tag, list(run)) == ("mine", ["q2", "q1"])


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "é", "ﷺ", "😀", "10", "9", ""]), st.integers(0, 2)), max_size=8))
def test_columns_are_ordered_and_refused_as_hits_are(hits):
    text = b"".join(docid.encode() + b"\n" for docid, _ in hits)
    columns = [("q", text, array("f", [score for _, score in hits]))]
    if len({docid for docid, _ in hits}) == len(hits):
        assert dict(Run.of_columns(columns)) == dict(Run({"q": hits}))
    else:
        with pytest.raises(InputError, match="query q has document ") as caught:
            Run.of_columns(columns)
        with pytest.raises(InputError, match=re.escape(caught.value.problem)):
            Run({"q": hits})


def test_only_keeps_scores_and_order_of_what_is_named():
    run = Run({"1": [("a", 3.0), ("b", 2.0), ("c", 2.0)], "2": [("a", 1.0)], "3": [("d", 1.0)]}, tag="x")
    kept = run.only({"1": {"b", "a", "z"}, "2": set(), "4": {"a"}})
    assert dict(kept) == {"1": (("a", 3.0), ("b", 2.0)), "2": ()}
    assert (kept.tag, kept.docid_text("1")) == ("x", b"a\nb")
