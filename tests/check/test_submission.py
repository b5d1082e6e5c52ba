"""Runs under a track's rules: mended where that is safe, refused where it is not, the order as it was."""

import re
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerankkit.check.submission import Checked, checked
from rerankkit.check.track import Track, load_track
from rerankkit.trec import write_run

TRACK = Track("a track", depth=3, tag_length=5)
LINES = "1 Q0 a 1 3 x\n1 Q0 b 2 2 x\n2 Q0 a 1 5 x\n"
TOPICS = frozenset("12")


def submitted(text: str | bytes, folder: Path, track: Track = TRACK, tag: str | None = None) -> Checked:
    (folder / "run.txt").write_bytes(text.encode() if isinstance(text, str) else text)
    return checked(folder / "run.txt", track, TOPICS, tag)


def test_a_run_as_it_should_be(tmp_path):
    result = submitted(LINES, tmp_path)
    assert (result.refusals, result.mended) == ([], [])
    assert result.run is not None
    assert ({qid: result.run.docids(qid) for qid in result.run}, result.run.tag) == ({"1": ["a", "b"], "2": ["a"]}, "x")


@pytest.mark.parametrize(
    ("text", "order", "mended"),
    [
        ("1 Q0 a 1 3 x\n1 Q0 b 2 3 x\n1 Q0 c 3 3 x\n", "abc", "equal scores lowered"),
        ("1 Q0 c 1 3 x\n1 Q0 b 2 3 x\n1 Q0 a 3 3 x\n", "cba", "equal scores lowered"),
        ("1 Q0 a 2 3 x\n1 Q0 b 1 3 x\n", "ba", "equal scores lowered"),
        ("1 Q0 a 1 20.00000001 x\n1 Q0 b 2 20 x\n", "ab", "that 32-bit floats cannot tell apart"),
        ("1 Q0 b 2 20 x\n1 Q0 a 1 20.00000001 x\n", "ab", "that 32-bit floats cannot tell apart"),
        ("1 Q0 a 1 1e300 x\n1 Q0 b 2 1e299 x\n", "ab", "beyond 32-bit floats"),
        ("1 Q0 a 1 1e999 x\n1 Q0 b 2 1 x\n", "ab", "beyond 32-bit floats"),
        ("1 Q0 b 2 1 x\n1 Q0 a 1 3 x\n", "ab", "lines sorted by score"),
        ("1 Q0 a 0 3 x\n1 Q0 b 0 2 x\n", "ab", "ranks numbered from 1"),
        ("1 Q0 a 0 3 x\n1 Q0 b 1 2 x\n", "ab", "ranks numbered from 1"),
        ("1 0 a 1 3 x\n1 0 b 2 2 x\n", "ab", "second column set to Q0"),
        ("1 Q0 a 1 3 x\r\n\r\n1 Q0 b 2 2 x\r\n", "ab", "line ends made plain"),
        ("1 Q0 a 1 4 x\n1 Q0 b 2 3 x\n1 Q0 c 3 2 x\n1 Q0 d 4 1 x\n", "abc", "1 document below depth 3 left out"),
    ],
)
def test_what_is_safe_is_mended_and_told(tmp_path, text, order, mended):
    result = submitted(text + "2 Q0 a 1 5 x\n", tmp_path)
    assert result.refusals == []
    assert result.run is not None
    assert "".join(result.run.docids("1")) == order
    assert any(mended in told for told in result.mended), result.mended


def test_lines_of_a_query_are_brought_together(tmp_path):
    result = submitted("1 Q0 a 1 3 x\n2 Q0 a 1 5 x\n1 Q0 b 2 2 x\n", tmp_path)
    assert result.run is not None
    assert result.run.docids("1") == ["a", "b"]
    assert "lines of a query brought together" in result.mended


def test_ms_marcos_columns_need_a_tag(tmp_path):
    refused = submitted("1\ta\t2\n1\tb\t1\n2\ta\t1\n", tmp_path)
    assert refused.refusals == [f"{tmp_path / 'run.txt'}: 0 tags, where a run has one. Give it: --tag"]
    taken = submitted("1\ta\t2\n1\tb\t1\n2\ta\t1\n", tmp_path, tag="mine")
    assert taken.run is not None
    assert (taken.run.docids("1"), taken.run.tag) == (["b", "a"], "mine")


# What NIST's check scripts of the Deep Learning track call an error (2020 and 2022), and the guidelines.
NIST = {
    "Too few fields": ("1 Q0 a 1 3\n2 Q0 a 1 5 x\n", "5 columns"),
    "Run tag malformed": (LINES.replace(" x", " a.b"), "the tag a.b"),
    "Run tag too long": (LINES.replace(" x", " abcdef"), "the tag abcdef"),
    "Run tag inconsistent": (LINES + "2 Q0 b 2 4 y\n", "2 tags"),
    "Unknown test topic": (LINES + "3 Q0 a 1 4 x\n", "query 3 is none of the topics"),
    "rank must be an integer": (LINES + "2 Q0 b 1.5 4 x\n", "no whole number: '1.5'"),
    "retrieved more than once": (LINES + "2 Q0 a 2 4 x\n", "query 2 has document a twice"),
    "No documents retrieved for topic": ("1 Q0 a 1 3 x\n", "1 of 2 topics lack: 2"),
    "score must be in descending order": (LINES + "2 Q0 b 2 9 x\n", "rank and score of query 2 say different orders"),
    "score is a number": (LINES + "2 Q0 b 2 nan x\n", "is nan"),
}


@pytest.mark.parametrize("rule", NIST)
def test_what_the_check_scripts_call_an_error_is_refused(tmp_path, rule):
    text, told = NIST[rule]
    result = submitted(text, tmp_path)
    assert result.run is None
    assert any(told in refusal for refusal in result.refusals), result.refusals


def test_ids_of_another_collection_are_refused(tmp_path):
    track = load_track("trec-dl-2022-passages")
    (refusal,) = [one for one in submitted(LINES, tmp_path, track).refusals if "MS MARCO" in one]
    assert refusal.startswith(f"{tmp_path / 'run.txt'}:1: document a is none of MS MARCO v2 passages")


def test_fewer_topics_than_the_track_has_are_refused(tmp_path):
    (refusal,) = submitted(LINES, tmp_path, Track("a track", topics=3)).refusals
    assert "2 of 3 topics" in refusal
    assert submitted(LINES, tmp_path, Track("a track", topics=3, all_topics=False)).refusals == []


def accepted(path: Path, track: Track, topics: frozenset[str]) -> None:
    """NIST's rules written out, with strictly falling scores beside them: what is handed in must pass."""
    numbers: dict[str, list[tuple[str, float]]] = {}
    tags = set()
    for line in path.read_text().splitlines():
        topic, q0, docid, rank, score, tag = line.split(" ")
        tags.add(tag)
        numbers.setdefault(topic, []).append((docid, float(score)))
        assert (q0, int(rank)) == ("Q0", len(numbers[topic]))
    assert numbers.keys() == topics
    (tag,) = tags
    assert re.fullmatch("[A-Za-z0-9_-]{1,25}", tag)
    for pairs in numbers.values():
        assert len(pairs) <= track.depth
        assert len({docid for docid, _ in pairs}) == len(pairs)
        assert all(one[1] > two[1] for one, two in pairwise(pairs))


SCORES = st.sampled_from(["1", "1.0", "2", "0.99999999", "1.00000001", "1e-40", "-3", "1e39", "7e-1"])
ROWS = st.tuples(st.sampled_from("12"), st.sampled_from("abcdef"), st.integers(0, 4), SCORES, st.sampled_from("xy"))


@settings(deadline=None, max_examples=150)
@given(st.lists(ROWS, min_size=1, max_size=9))
def test_whatever_is_taken_passes_the_rules_and_keeps_the_order_of_the_scores(rows):
    text = "".join(f"{qid} Q0 {docid} {rank} {score} {tag}\n" for qid, docid, rank, score, tag in rows)
    with tempfile.TemporaryDirectory() as folder:
        result = submitted(text, Path(folder), tag="mine")
        if result.run is None:
            assert result.refusals
            return
        write_run(result.run, Path(folder) / "out.txt")
        accepted(Path(folder) / "out.txt", TRACK, TOPICS)
        for qid in TOPICS:
            given_scores = {docid: float(score) for q, docid, _, score, _ in rows if q == qid}
            kept = [given_scores[docid] for docid in result.run.docids(qid)]
            assert kept == sorted(given_scores.values(), reverse=True)[: TRACK.depth]
