"""Findings on malformed runs: the kinds that are meant, at their lines, and never a traceback."""

import gzip
import random
import tempfile
from pathlib import Path

import ir_measures
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ir_measures import RR, nDCG

from rerankkit.check.finding import KINDS
from rerankkit.check.lint import Against, Report, lint
from rerankkit.errors import InputError
from rerankkit.run import Run
from rerankkit.trec import read_run, write_run

CLEAN = "1 Q0 a 1 3 x\n1 Q0 b 2 2 x\n2 Q0 a 1 5 x\n2 Q0 b 2 4 x\n"
CASES = {
    "": [],
    "1 Q0 c 3 1 x\n2 Q0 c 3 1 x\n": [("scattered", 5)],
    "3 Q0 a 1 3 x\n3 Q0 a 2 2 x\n": [("duplicate", 6)],
    "3 Q0 a 1 nan x\n3 Q0 b 2 2 x\n": [("nan", 5)],
    "3 Q0 a 1 inf x\n3 Q0 b 2 2 x\n": [("infinite", 5)],
    "3 Q0 a 1 1e39 x\n3 Q0 b 2 2 x\n": [("overflow", 5)],
    "3 Q0 a 1 high x\n3 Q0 b 2 2 x\n": [("score", 5)],
    "3 Q0 a 1 1_0 x\n3 Q0 b 2 2 x\n": [("score", 5)],
    "3 Q0 a 1 2 x\n3 Q0 b 2 2.0 x\n": [("ties", 5)],
    "3 Q0 a 1 20.00000001 x\n3 Q0 b 2 20 x\n": [("saturated", 6), ("ties", 5)],
    "3 Q0 a 2 2 x\n3 Q0 b 1 3 x\n": [("unsorted", 6)],
    "3 Q0 a 1 2 x\n3 Q0 b 2 3 x\n": [("rank-order", 6), ("unsorted", 6)],
    "3 Q0 a 2 3 x\n3 Q0 b 1 2 x\n": [("rank-order", 5)],
    "3 Q0 a 1 3 x\n3 Q0 b 1 2 x\n": [("same-rank", 5)],
    "3 Q0 a 0 3 x\n3 Q0 b 1 2 x\n": [("zero-rank", 5)],
    "3 Q0 a 1 3 x\n3 Q0 b 5 2 x\n": [("rank-gaps", 5)],
    "3 Q0 a 1.5 3 x\n3 Q0 b 2 2 x\n": [("rank", 5)],
    "3 q0 a 1 3 x\n3 Q0 b 2 2 x\n": [("q0", 5)],
    "3 Q0 a 1 3 x\n3 Q0 b 2 2 y\n": [("tags", 6)],
    "3 Q0 a 1 3 x\n": [("shallow", 5)],
    f"3 Q0 a 1 3 x\n3 Q0 {'b' * 251} 2 2 x\n": [("long-word", 6)],
    f"{'3' * 251} Q0 a 1 3 x\n{'3' * 251} Q0 b 2 2 x\n": [("long-word", 5)],
    "3 Q0 a 1 3 x z\n3 Q0 a 1 3 x\n3 Q0 b 2 2 x\n": [("columns", 5)],
    "3 a 1\n3 b 2\n": [("mixed-columns", 5)],
    "\n3 Q0 a 1 3 x\n3 Q0 b 2 2 x\n": [("blank", 5)],
    "3 Q0 a 1 3 x\r\n3 Q0 b 2 2 x\r\n": [("line-ends", 5)],
    "3 Q0 a\u00a0b 1 3 x\n3 Q0 b 2 2 x\n": [("odd-space", 5)],
}


def linted(text: str | bytes, folder: Path, against: Against | None = None, name: str = "run.txt") -> Report:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return lint(path, against or Against())


def found(report: Report) -> list[tuple[str, int | None]]:
    return sorted((finding.kind, finding.line) for finding in report.findings)


@pytest.mark.parametrize("more", CASES)
def test_each_fault_is_found_at_its_line_and_nothing_else(more, tmp_path):
    assert found(linted(CLEAN + more, tmp_path)) == CASES[more]


def test_only_notes_do_not_mislead(tmp_path):
    assert not linted(CLEAN + "3 Q0 a 0 3 x\n", tmp_path).misleads
    assert linted(CLEAN + "3 Q0 a 1 2 x\n3 Q0 b 2 2 x\n", tmp_path).misleads
    assert linted(CLEAN + "3 Q0 a 1 nan x\n", tmp_path).misleads


def test_bytes_that_are_no_text(tmp_path):
    assert found(linted(b"\xef\xbb\xbf" + CLEAN.encode(), tmp_path)) == [("bom", 1)]
    assert found(linted(CLEAN.encode() + b"3 Q0 a\xff 1 3 x\n3 Q0 b 2 2 x\n", tmp_path)) == [("encoding", 5)]


def test_ms_marcos_three_columns(tmp_path):
    assert found(linted("1\ta\t1\n1\tb\t2\n", tmp_path)) == [("no-tag", None)]
    assert found(linted("1\ta\t1\n1\tb\t1\n", tmp_path)) == [("no-tag", None), ("same-rank", 1), ("ties", 1)]
    assert found(linted("1\ta\tx\n1\tb\t2\n", tmp_path)) == [("no-tag", None), ("rank", 1)]
    assert found(linted("1\ta\t3\n1\tb\t1\n1\tc\t2\n", tmp_path)) == [("no-tag", None), ("unsorted", 2)]


def test_three_columns_that_are_no_ranks(tmp_path):
    report = linted("400001\t1540001\t3518001\n662002\t193002\t2975002\n", tmp_path)
    assert [(one.kind, one.count) for one in report.findings] == [("no-ranks", 2), ("no-tag", 1)]
    assert "rank 3,518,001 in the list of query 400001, which has 1 document:" in report.findings[0].message
    assert ("no-ranks", 2) in found(linted("1\ta\t1\n1\tb\t1\n1\tc\t2\n", tmp_path))


def test_documents_of_one_rank_say_no_order(tmp_path):
    assert found(linted("3 Q0 a 1 2 x\n3 Q0 b 1 3 x\n3 Q0 c 2 1 x\n", tmp_path)) == [("rank-gaps", 1), ("unsorted", 2)]
    report = linted("3 Q0 a 2 2 x\n3 Q0 b 1 1 x\n", tmp_path)
    assert next(iter(report.findings)).message == (
        "rank and score of query 3 say different orders: rank 2 has a higher score than rank 1"
    )


def test_a_long_or_odd_tag_is_noted(tmp_path):
    assert found(linted(f"1 Q0 a 1 3 {'x' * 26}\n", tmp_path)) == [("tag-form", 1)]
    assert found(linted("1 Q0 a 1 3 a/b\n", tmp_path)) == [("tag-form", 1)]


def test_saturated_probabilities_are_told_as_such(tmp_path):
    lines = "".join(f"1 Q0 d{i} {i + 1} {1 - i * 1e-9:.12f} x\n" for i in range(20))
    assert [kind for kind, _ in found(linted(lines, tmp_path))] == ["probabilities", "saturated", "ties"]


def test_against_topics_documents_and_a_depth(tmp_path):
    against = Against(topics=frozenset({"1", "9"}), documents={"a"}, depth=1)
    report = linted(CLEAN, tmp_path, against)
    assert found(report) == [("missing-query", None), ("too-deep", 1), ("unknown-document", 2), ("unknown-query", 3)]
    assert {one.kind: one.count for one in report.findings}["too-deep"] == 2


def test_a_fault_of_many_lines_is_told_once(tmp_path):
    report = linted("".join(f"1 Q0 a {i} {9 - i} x\n" for i in range(1, 9)), tmp_path)
    (finding,) = report.findings
    assert (finding.kind, finding.line, finding.count, finding.more) == ("duplicate", 2, 7, [3, 4, 5, 6])
    assert finding.told() == (
        f"{report.path}:2: error: query 1 has document a twice, first in line 1 (6 more: lines 3, 4, 5, 6, …). "
        "Keep each document once a query [duplicate]"
    )


def test_packed_runs_are_read(tmp_path):
    assert linted(gzip.compress(CLEAN.encode()), tmp_path, name="run.txt.gz").lines == 4


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("run.txt", b"", "the file is empty"),
        ("run.txt", b"\n \n\r\n", "the file is empty"),
        ("run.txt", b"1 Q0 a 1 \x00 x\n", "a NUL byte"),
        ("run.txt", CLEAN.encode("utf-16"), "is text in UTF-16"),
        ("run.txt.gz", gzip.compress(CLEAN.encode() * 999)[:-20], "cannot be unpacked as gzip"),
    ],
)
def test_what_cannot_be_read_is_an_input_error(name, content, told, tmp_path):
    with pytest.raises(InputError, match=told):
        linted(content, tmp_path, name=name)


def test_blocks_end_within_a_query(tmp_path):
    """Two million bytes of one query and a fault in the last line."""
    lines = [f"1 Q0 document{i:030} {i} {10**6 - i} x\n" for i in range(1, 40_000)]
    report = linted("".join([*lines, "1 Q0 last 40000 3.5 y\n"]), tmp_path)
    assert found(report) == [("tags", 40_000)]
    assert (report.lines, report.queries) == (40_000, 1)


WORDS = st.one_of(
    st.sampled_from(
        [b"1", b"2", b"Q0", b"a", b"b", b"x", b"-0", b"1e999", b"nan", b"inf", b"1_0", b"0", b"007", b"\xff"]
    ),
    st.sampled_from(["1.5", "٣", "１", "\u3000", "\ufeff1", "é"]).map(str.encode),
    st.binary(min_size=0, max_size=6),
)
LINES = st.lists(WORDS, max_size=8).map(b" ".join)
FILES = st.lists(LINES, max_size=12).map(b"\n".join)


@settings(deadline=None, max_examples=300)
@given(FILES)
@example(b"1 Q0 a 1 1e999 x\n1 Q0 b 2 -1e999 x\n")
@example(b"1 Q0 a 99999999999999999999999 1 x")
@example(b"\xef\xbb\xbf")
@example(b"1 a 0\n1 b -1\n")
def test_whatever_the_bytes_there_are_findings_or_an_input_error(content):
    qrels = {"1": {"a": 1}, "2": {"b": 2}}
    with tempfile.TemporaryDirectory() as folder:
        try:
            report = linted(content, Path(folder), Against(topics=frozenset("12"), documents={"a"}))
            linted(content, Path(folder), Against(qrels=qrels))
        except InputError:
            return
    assert {finding.kind for finding in report.findings} <= set(KINDS)
    assert all(finding.told().isprintable() for finding in report.findings)


@settings(deadline=None, max_examples=150)
@given(FILES)
@example(b"1 a 0\n1 b 1\n")
@example(b"1 a 1\n1 b -1\n")
def test_a_run_without_error_is_one_that_is_read(content):
    """What lint does not call an error, the reader takes; and what the reader refuses, lint calls one."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            errors = [one.kind for one in linted(content, Path(folder)).findings if one.severity == "error"]
        except InputError:
            errors = ["unread"]
        try:
            read_run(Path(folder) / "run.txt")
        except InputError:
            assert errors or any(one.kind == "odd-space" for one in linted(content, Path(folder)).findings)


def test_the_intervals_are_those_of_the_ties_orders(tmp_path):
    """Scores of four levels over thirty documents: as good and as bad as trec_eval can be made to see them."""
    draw = random.Random(4)
    qrels = {str(qid): {f"d{i}": draw.choice([0, 0, 1, 2, 3]) for i in range(30)} for qid in range(12)}
    hits = {qid: [(docid, draw.randint(1, 4)) for docid in grades] for qid, grades in qrels.items()}
    write = "".join(f"{qid} Q0 {docid} 1 {score} x\n" for qid, pairs in hits.items() for docid, score in pairs)
    report = linted(write, tmp_path, Against(qrels=qrels))

    def measured(sign: int) -> dict[str, float]:
        moved = {
            qid: {docid: score + sign * qrels[qid][docid] / 100 for docid, score in pairs}
            for qid, pairs in hits.items()
        }
        values = ir_measures.calc_aggregate([nDCG @ 10, RR @ 10], qrels, moved)
        return {str(measure): value for measure, value in values.items()}

    assert {name: interval.low for name, interval in report.measures.items()} == pytest.approx(measured(-1))
    assert {name: interval.high for name, interval in report.measures.items()} == pytest.approx(measured(1))
    evaluated = ir_measures.calc_aggregate([nDCG @ 10], qrels, ir_measures.read_trec_run(str(tmp_path / "run.txt")))
    assert report.measures["nDCG@10"].evaluated == pytest.approx(evaluated[nDCG @ 10])


def test_a_run_that_we_wrote_is_clean(tmp_path):
    write_run(Run.ranked({"1": [("a", 1.0), ("b", 1.0), ("c", 2.0)]}, "x"), tmp_path / "run.txt")
    assert lint(tmp_path / "run.txt", Against()).findings == []


def test_qrels_of_other_queries_are_refused(tmp_path):
    with pytest.raises(InputError, match="no query in common with the qrels"):
        linted(CLEAN, tmp_path, Against(qrels={"7": {"a": 1}}))
