"""A run's lines as they are, whatever they are."""

from pathlib import Path

import pytest

from rerankkit.check import lines
from rerankkit.check.finding import Findings, shown
from rerankkit.check.lines import raw_lists, scattered


def read(text: str, folder: Path) -> list[tuple[bytes, list[int], list[bytes]]]:
    path = folder / "run.txt"
    path.write_text(text)
    return [(raw.qid, raw.numbers, raw.docids) for raw in raw_lists(path, Findings(path), scattered(path))]


def test_queries_that_lie_apart_come_whole_at_the_end(tmp_path):
    text = "1 Q0 a 1 9 x\n2 Q0 a 1 9 x\n1 Q0 b 2 8 x\n3 Q0 a 1 9 x\n1 Q0 c 3 7 x\n"
    assert read(text, tmp_path) == [(b"2", [2], [b"a"]), (b"3", [4], [b"a"]), (b"1", [1, 3, 5], [b"a", b"b", b"c"])]
    assert scattered(tmp_path / "run.txt") == {b"1"}


@pytest.mark.parametrize("block", [1, 7, 13, 14, 40, 1000])
def test_blocks_of_any_size_give_the_same_lists(tmp_path, monkeypatch, block):
    monkeypatch.setattr(lines, "BLOCK", block)
    text = "1 Q0 a 1 9 x\n\n1 Q0 b 2 8 x\nnot one line here\n2 Q0 a 1 9 x\n2 b 2\n"
    assert read(text, tmp_path) == [(b"1", [1, 3], [b"a", b"b"]), (b"2", [5, 6], [b"a", b"b"])]


def test_words_are_split_as_c_splits_them(tmp_path):
    assert read("1\tQ0\va\f1  9\tx\n", tmp_path) == [(b"1", [1], [b"a"])]


def test_words_for_messages_are_short_and_printable():
    assert shown(b"a\xff") == "a\\xff"
    assert shown(b"\x1b[31m") == "\\x1b[31m"
    assert shown("x" * 50) == "x" * 40 + "…"
