"""A run file's lines by column and one by one: what the fast way reads, the plain one does too."""

import math
import random
import re
import struct
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerankkit import run_columns, run_lines
from rerankkit.errors import InputError
from rerankkit.io.lines import read_lines
from rerankkit.run import LARGEST, Run
from rerankkit.run_columns import columns
from rerankkit.run_lines import Stretch, stretches
from rerankkit.trec import read_run, write_run

TAG_AND_HITS = tuple[str, dict[str, list[tuple[str, float]]]]


def float32(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", min(max(value, -LARGEST), LARGEST)))[0]


def plainly(path) -> TAG_AND_HITS:
    """The reference: a run read with nothing but Python's split, float and sort."""
    lists: dict[str, dict[str, float]] = {}
    tag, width = path.name.split(".")[0], 0
    for number, line in read_lines(path):
        words = line.split()
        try:
            if len(words) == 6:
                qid, _, docid, _, value, tag = words
                score = float(value) if value.isascii() and "_" not in value else [][0]
            else:
                qid, docid, rank = words
                score = 1 / int(rank) if re.fullmatch("[+]?[0-9]{1,18}", rank) and int(rank) > 0 else [][0]
            if width not in (0, len(words)):
                raise ValueError(width)
        except (ValueError, IndexError):
            raise InputError(f"not a run line: {line[:80]!r}", "", path, number) from None
        width = len(words)
        lists.setdefault(qid, {})
        if docid in lists[qid]:
            lists[qid][docid] = math.nan
        else:
            lists[qid][docid] = float32(score) if math.isfinite(score) else math.nan
    if width == 3:
        ranks = {qid: [round(1 / score) for score in hits.values() if score == score] for qid, hits in lists.items()}
        twice = any(
            len(set(found)) < len(found) or max(found, default=1) > 10 * len(found) + 100 for found in ranks.values()
        )
        if twice or not any(1 in found for found in ranks.values()):
            raise InputError("no ranks", "", path)
    for qid, hits in lists.items():
        if any(map(math.isnan, hits.values())):
            raise InputError(f"query {qid}", "", path)
    best = {qid: sorted(hits.items(), key=lambda hit: hit[0], reverse=True) for qid, hits in lists.items()}
    return tag, {qid: sorted(hits, key=lambda hit: -hit[1]) for qid, hits in best.items()}


def outcome(read, path) -> object:
    """What a reader returns, or the line of the error, None for one of the whole run."""
    try:
        return read(path)
    except InputError as error:
        whole = error.problem.startswith("the score of query") or error.problem.endswith("twice")
        return (None if whole else error.line), "an error"


def ours(path) -> TAG_AND_HITS:
    run = read_run(path)
    return run.tag, {qid: [tuple(hit) for hit in hits] for qid, hits in run.items()}


QIDS = st.sampled_from(["1", "2", "007", "7", "1048585", "é", "q" * 40])
DOCIDS = st.one_of(
    st.integers(0, 99).map(str),
    st.sampled_from(["doc/é:1", "#2", "日本", "😀", "a\x01b", "ﷺ", "a\u200bb"]),
)
WHOLE = st.integers(-(10**18), 10**18)
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr),
    st.floats(-100, 100).map(lambda value: f"{value:.6f}"),
    st.builds(lambda digits, behind: f"{Decimal(digits).scaleb(-behind):f}", WHOLE, st.integers(0, 20)),
    st.floats(allow_nan=False).map(repr),
    st.sampled_from(["0", "-0.0", "-0", ".5", "5.", "-.5", "+1.5", "1e-5", "1E5", "1_0", "00012.50", "1e39", "-1e300"]),
    st.sampled_from(["9007199254740993", "123456789012345678", "0.12345678901234567890123", "1" * 30, "16777217.0"]),
    st.integers(0, 2**24).map(lambda n: f"{n}.50000000000000001"[:24]),
)
ODD_NUMBERS = st.sampled_from(
    ["nan", "inf", "-Infinity", "1e400", "nan(1)", "high", "-", ".", "--1", "1.2.3", "1-2", "0x1p3", "", "١", "1,5"]
)
ODD_RANKS = st.sampled_from(["0", "-1", "1.0", "+3", "1_0", "١", "x", "9" * 30, "2"])
SPACES = st.sampled_from([" ", " ", " ", " ", "\t", "  ", " \t ", "\r", "\f", "\v", "\x1c", "\xa0", "\u3000"])
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", " \n", "\n\n", "\n \t\n", "\n\u3000\n", "\x1f\n"])


@st.composite
def run_text(draw) -> tuple[str, bool]:
    """Lines of a run, and whether they have three columns; now and then odd in spaces, ends, numbers or columns."""
    odd = {kind: draw(st.booleans()) for kind in ("spaces", "ends", "numbers", "columns")}
    three = draw(st.booleans())
    text = draw(st.sampled_from(["", "", "\ufeff", "\n", " "])) if odd["ends"] else ""
    for place in range(draw(st.integers(0, 12))):
        docid = draw(DOCIDS) + (f"-{place}" if draw(st.integers(0, 9)) else "")
        if three:
            rank = (
                draw(st.sampled_from(["0", "-1", "1.0", "+3", "1_0", "١", "x"])) if odd["numbers"] else f"{place + 1}"
            )
            words = [draw(QIDS), docid, rank]
        else:
            score = draw(ODD_NUMBERS) if odd["numbers"] and not draw(st.integers(0, 5)) else draw(NUMBERS)
            words = [draw(QIDS), "Q0", docid, draw(st.sampled_from("1x0")), score, draw(st.sampled_from("ts"))]
        if odd["columns"] and not draw(st.integers(0, 5)):
            words = words[:-1] if draw(st.booleans()) else [*words, "more"]
        line = words[0] + "".join((draw(SPACES) if odd["spaces"] else " ") + word for word in words[1:])
        text += line + (draw(ENDS) if odd["ends"] else "\n")
    return (text[:-1] if draw(st.booleans()) else text), three


@settings(max_examples=150, deadline=None)
@given(run=run_text(), size=st.sampled_from([1, 60, 1 << 20]))
def test_any_lines_are_read_as_python_splits_them(tmp_path_factory, run, size):
    text, three = run
    path = tmp_path_factory.getbasetemp() / "any.txt"
    # a first line that is read on its own, so that the others are read by column
    first = "0 first 1\n" if three else "0 Q0 first 1 1.0 t\n"
    path.write_text(first * (size < 100) + text, "utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_lines, "BLOCK", size)
        assert outcome(ours, path) == outcome(plainly, path)


def by_column(block: bytes) -> list[Stretch]:
    return [Stretch(*found) for found in columns(block)]


def scores(stretch: Stretch) -> list[float]:
    return list(struct.unpack(f"<{len(stretch.scores) // 4}f", stretch.scores))


def test_columns_in_stretches_of_a_query():
    lines = b"7 Q0 a 1 2.5 t\n7 Q0 bcd 2 -1 t\n07 Q0 a 1 .5 t\n7 Q0 \xc3\xa9 3 1e-3 u\n"
    found = by_column(lines)
    assert [(one.qid, one.docids, one.tag) for one in found] == [
        ("7", b"a\nbcd\n", "u"),
        ("07", b"a\n", "u"),
        ("7", b"\xc3\xa9\n", "u"),
    ]
    assert [scores(one) for one in found] == [[2.5, -1.0], [0.5], [float32(1e-3)]]
    assert by_column(lines[:-1].replace(b"\n", b" \r\n\n\t").replace(b" ", b" \t ")) == found
    assert by_column(lines.translate(bytes.maketrans(b" ", b"\t"))) == found


def test_columns_of_ms_marco():
    (found,) = by_column(b"7 a 1\n7 b 4\n")
    assert (found.qid, found.docids, scores(found), found.tag) == ("7", b"a\nb\n", [1.0, 0.25], "")


ODD_LINES = ["7 Q0 a 1 t", "7 Q0 a 1 2.5 t u", "7 a 0", "7 a 1.0", "7 Q0 a 1 x t", "7 Q0 a\x00 1 2 t"]
ODD_LINES += ["7 Q0 a\xa0b 1 2 t", "7 Q0 a\u3000 1 2 t", "q" * 40 + " Q0 a 1 2 t"]


@pytest.mark.parametrize("line", [*map(str.encode, ODD_LINES), b"\xff Q0 a 1 2 t"])
def test_what_is_not_plain_is_left_to_python(line):
    with pytest.raises(ValueError):
        by_column(line)
    with pytest.raises(ValueError):
        by_column(b"7 Q0 z 1 9 t\n7 Q0 y 1 8 t\n" + line)


def test_blank_lines_have_no_columns():
    with pytest.raises(ValueError):
        by_column(b"\n \n")


def test_a_line_too_short_and_one_too_long_do_not_make_up_for_each_other():
    with pytest.raises(ValueError):
        by_column(b"1 Q0 a 1 2.5\nt 1 Q0 b 2 2.0 t\n")


@pytest.mark.parametrize(
    ("word", "exact"),
    [
        ("12.345600128173828", True),  # a float32 in a double's digits, its integer beyond 2^53
        ("0.0010000000474974513", True),
        ("1234567890123456789", False),  # more digits than 64 bits are sure to hold
        ("16777217.0", True),  # between two float32
        ("16777217.00000000001", False),  # just above, more digits than 53 bits hold
        ("-24.5", True),
        ("1e-5", False),
        ("7", True),
    ],
)
def test_a_number_is_read_by_its_digits_where_no_rounding_can_differ(word, exact):
    words = run_columns._words(f"1 Q0 a 1 {word} t\n".encode())[4]
    (value,), (left,) = run_columns._decimals(words)
    assert bool(left) is not exact
    if exact:
        assert float32(value) == float32(float(word))
    assert float32(run_columns.numbers(words)[0]) == float32(float(word))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A run of 60,000 lines, more than one block, and its lines."""
    chance = random.Random(0)
    lines = []
    for query in range(60):
        scores = sorted((round(20 * chance.random(), 4) for _ in range(1000)), reverse=True)
        docids = chance.sample(range(10**6), 1000)
        lines += [
            f"{query} Q0 {d} {r} {s:.6f} Anserini-BM25\n"
            for r, (d, s) in enumerate(zip(docids, scores, strict=True), 1)
        ]
    path = tmp_path_factory.mktemp("large") / "large.txt"
    path.write_text("".join(lines))
    assert path.stat().st_size > 2 * run_lines.BLOCK
    return path, lines


def test_a_large_run_is_what_its_lines_say(large):
    path, _ = large
    assert ours(path) == plainly(path)
    assert len(list(stretches(path))) < 70


@pytest.mark.parametrize("number", [5, 25_000, 40_001, 60_000])
@pytest.mark.parametrize("line", ["9 Q0 d 1 high t", "9 Q0 d 1 2.0", "9 Q0 d 1 2.0 t t"])
def test_a_malformed_line_of_a_large_run_is_named(large, tmp_path, number, line):
    lines = list(large[1])
    lines[number - 1] = f"{line}\n"
    lines[7] = f"\n{lines[7]}" if number > 5 else lines[7]
    (tmp_path / "run.txt").write_text("".join(lines))
    with pytest.raises(InputError, match="not a run line: '9 Q0 d 1") as caught:
        read_run(tmp_path / "run.txt")
    assert caught.value.line == number + (number > 5)


def test_bytes_that_are_not_utf8_are_named_in_a_large_run(large, tmp_path):
    lines = [line.encode() for line in large[1]]
    lines[49_999] = b"9 Q0 caf\xe9 1 2.0 t\n"
    (tmp_path / "run.txt").write_bytes(b"".join(lines))
    with pytest.raises(InputError, match=r"run.txt:50000: not UTF-8 \(byte 0xe9\)"):
        read_run(tmp_path / "run.txt")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("59 Q0 b 1 nan t\n", r"run.txt:60001: the score of query 59, document b is nan"),
        ("59 Q0 é 1 -1e400 t\n", r"run.txt:60001: the score of query 59, document é is -inf"),
        ("59 Q0 é 1 2 t\n" * 2, r"run.txt:60002: query 59 has document é twice"),
    ],
)
def test_what_a_run_refuses_is_told_of_a_large_one(large, tmp_path, line, message):
    (tmp_path / "run.txt").write_text("".join([*large[1], line]), "utf-8")
    with pytest.raises(InputError, match=message):
        read_run(tmp_path / "run.txt")


def test_queries_whose_lines_are_scattered(large, tmp_path):
    path, lines = large
    tidy, mixed = plainly(path), list(lines)
    random.Random(1).shuffle(mixed)
    (tmp_path / "run.txt").write_text("".join(mixed))
    assert ours(tmp_path / "run.txt") == tidy  # as dictionaries, whatever the order of the queries


def test_a_large_run_comes_back_as_it_was_packed_or_not(large, tmp_path):
    run = read_run(large[0])
    kept = Run.ranked(dict(run), "mine")
    for name in ("run.txt", "run.txt.gz"):
        write_run(kept, tmp_path / name)
        back = read_run(tmp_path / name)
        assert (back.tag, back.digest()) == ("mine", kept.digest())


def test_a_short_run_needs_no_numpy(tmp_path):
    (tmp_path / "run.txt").write_text("1 Q0 a 1 2.0 t\n")
    code = "import sys; from rerankkit.trec import read_run; read_run(sys.argv[1]); print('numpy' in sys.modules)"
    command = [sys.executable, "-c", code, f"{tmp_path / 'run.txt'}"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"
