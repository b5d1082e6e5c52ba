"""Lines of text files."""

import gzip

import pytest

from rerankkit.errors import InputError
from rerankkit.io import lines
from rerankkit.io.lines import read_blocks, read_lines, read_text


def test_lines_with_their_numbers_and_without_blank_ones(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\n\n  \ntwo \xc3\xa9\n three")
    assert list(read_lines(path)) == [(1, "one"), (4, "two é"), (5, " three")]


def test_line_numbers_go_on_from_block_to_block(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("".join(f"line {number}\n\n" for number in range(30_000)))
    assert list(read_lines(path)) == [(2 * number + 1, f"line {number}") for number in range(30_000)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "a.txt: the file is empty"),
        ("a.txt", b"\n \n", "a.txt: the file is empty"),
        ("a.txt", b"1\tfirst\r2\tsecond\r", "a.txt: the lines end in CR alone. Convert the file: tr"),
        ("a.txt", b"fine\ncaf\xe9\n", r"a.txt:2: not UTF-8 \(byte 0xe9\). Convert"),
        ("a.txt", b"fine\n" * 70_000 + b"caf\xe9\n", r"a.txt:70001: not UTF-8 \(byte 0xe9\)"),
        ("a.gz", gzip.compress(b""), "a.gz: the file is empty"),
        ("a.gz", b"\x1f\x8bplain text", "a.gz: cannot be unpacked as gzip"),
        ("a.gz", gzip.compress(b"one\n" * 9000)[:-20], "a.gz: cannot be unpacked as gzip: the file ends too early"),
        ("a.txt", "one\n".encode("utf-16"), "a.txt: is text in UTF-16. Convert the file: iconv -f UTF-16"),
        ("a.txt", "one\n".encode("utf-16-le"), "a.txt:1: a NUL byte: not a text file, or one in UTF-16"),
        ("a.txt", b"one\ntwo\nth\0ree\n", "a.txt:3: a NUL byte"),
        ("a.txt", b"PK\x03\x04....", "a.txt: is a zip archive"),
        ("a.txt", b"PAR1\x15\x04", "a.txt: is a Parquet file"),
        ("a.txt", b"version https://git-lfs.github.com/spec/v1\noid", "a.txt: is a Git LFS pointer"),
    ],
)
def test_unreadable_content_is_refused_with_its_place(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read_lines(tmp_path / name))


def test_lines_up_to_a_byte_that_is_not_utf8_are_read(tmp_path):
    (tmp_path / "a").write_bytes(b"one\ncaf\xe9\n")
    found = read_lines(tmp_path / "a")
    assert next(found) == (1, "one")
    with pytest.raises(InputError, match="a:2: not UTF-8"):
        next(found)


@pytest.mark.parametrize("size", [1, 10, 100])
def test_the_longest_line_is_read_and_one_byte_more_is_refused(tmp_path, monkeypatch, size):
    monkeypatch.setattr(lines, "LONGEST_LINE", 100)
    path = tmp_path / "a"
    path.write_text("short\n" + "x" * 99 + "\n" + "y" * 100)
    assert b"".join(block for _, block in read_blocks(path, size)) == path.read_bytes()
    path.write_text("short\n" + "x" * 100 + "\nz\n")
    with pytest.raises(InputError, match="a:2: a line of more than 100 bytes"):
        list(read_blocks(path, size))


def test_a_whole_text_keeps_its_lines(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbf{\r\n\n}\n")
    assert read_text(tmp_path / "a") == "{\n\n}\n"
    (tmp_path / "a").write_bytes(b"{\n\xe9}")
    with pytest.raises(InputError, match="a:2: not UTF-8"):
        read_text(tmp_path / "a")


def test_a_text_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LARGEST_TEXT", 10)
    (tmp_path / "a").write_text("12345\n" * 2)
    with pytest.raises(InputError, match="a: more than 10 bytes"):
        read_text(tmp_path / "a")
