"""Pipes and devices, and paths that cannot be opened."""

import gzip
import os
import threading

import pytest

from rerankkit.errors import InputError
from rerankkit.io import streams
from rerankkit.io.lines import read_lines
from rerankkit.io.streams import is_regular, replayed


@pytest.fixture
def pipe(tmp_path):
    """Makes a FIFO that gives the content to its first reader."""

    def make(content: bytes):
        path = tmp_path / "fifo"
        if not path.exists():
            os.mkfifo(path)
        threading.Thread(target=path.write_bytes, args=(content,), daemon=True).start()
        return path

    return make


@pytest.mark.timeout(20)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_fifo_is_read_again_within_the_block(pipe, monkeypatch, pack):
    monkeypatch.setattr(streams, "KEPT", 1000)
    path = pipe(pack(b"one\ntwo\n" * 50_000))
    with replayed():
        assert next(read_lines(path)) == (1, "one")  # a reader that leaves early
        assert [len(list(read_lines(path))) for _ in range(3)] == [100_000] * 3


@pytest.mark.timeout(20)
def test_two_readers_of_a_fifo_at_once_get_the_same_lines(pipe):
    path = pipe(b"one\ntwo\n" * 50_000)
    with replayed():
        assert all(one == two for one, two in zip(read_lines(path), read_lines(path), strict=True))


@pytest.mark.timeout(20)
def test_without_the_block_each_opening_has_a_writer_of_its_own(pipe):
    assert list(read_lines(pipe(b"one\n"))) == [(1, "one")]
    assert list(read_lines(pipe(b"two\n"))) == [(1, "two")]


@pytest.mark.timeout(20)
def test_blocks_within_each_other_end_with_the_outermost(pipe):
    with replayed():
        with replayed():
            path = pipe(b"one\n")
            assert list(read_lines(path)) == [(1, "one")]
        assert list(read_lines(path)) == [(1, "one")]
    assert list(read_lines(pipe(b"two\n"))) == [(1, "two")]


@pytest.mark.timeout(20)
def test_an_endless_device_is_refused():
    with pytest.raises(InputError, match="/dev/zero:1: a NUL byte"):
        list(read_lines("/dev/zero"))
    with pytest.raises(InputError, match="/dev/null: the file is empty"):
        list(read_lines("/dev/null"))


def test_what_cannot_be_opened_is_refused_with_the_reason(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.txt: no such file"):
        list(read_lines(tmp_path / "nothing.txt"))
    with pytest.raises(InputError, match="is a folder"):
        list(read_lines(tmp_path))
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(InputError, match=r"a: cannot be read: Too many levels of symbolic links"):
        list(read_lines(tmp_path / "a"))
    with pytest.raises(InputError, match="cannot be read: File name too long"):
        list(read_lines(tmp_path / ("x" * 300)))
    with pytest.raises(InputError, match="is no path"):
        list(read_lines("a\0b"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_a_file_that_may_not_be_read(tmp_path):
    (tmp_path / "a").touch(0)
    with pytest.raises(InputError, match="a: cannot be read: Permission denied"):
        list(read_lines(tmp_path / "a"))


def test_a_name_that_is_not_utf8(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9")
    path.write_text("one\n")
    assert list(read_lines(path)) == [(1, "one")]


def test_a_regular_file_is_told_from_others(tmp_path):
    (tmp_path / "a").touch()
    assert is_regular(tmp_path / "a")
    assert not any(map(is_regular, [tmp_path, tmp_path / "none", "/dev/null", "a\0b"]))
