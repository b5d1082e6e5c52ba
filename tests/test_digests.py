"""Hashes of files and folders: whole where that is quick, sampled where it is not."""

import hashlib
import time

import pytest

from rerankkit import digests
from rerankkit.digests import digest, digest_whole


def test_a_small_file_is_hashed_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert digest(tmp_path / "a") == (hashlib.sha256(b"abc").hexdigest(), 3, True)


@pytest.fixture
def small(monkeypatch):
    """What is large is a few hundred bytes here."""
    monkeypatch.setattr(digests, "WHOLE", 1000)
    monkeypatch.setattr(digests, "SMALL", 10)
    monkeypatch.setattr(digests, "BLOCKS", 4)
    monkeypatch.setattr(digests, "BLOCK", 8)


def test_a_large_file_is_sampled_from_its_first_to_its_last_byte(small, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes(2000))
    before = digest(path)
    assert (before.bytes, before.whole) == (2000, False)
    for place in (0, 7, 664, 1999):
        changed = bytearray(2000)
        changed[place] = 1
        path.write_bytes(changed)
        assert digest(path).sha256 != before.sha256, place
        assert digest_whole(path) == hashlib.sha256(changed).hexdigest()
    path.write_bytes(bytes(2001))
    assert digest(path).sha256 != before.sha256


def test_a_folder_is_its_names_sizes_and_contents(tmp_path):
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "a").write_text("1")
    (folder / "deep/b").write_text("2")
    before = digest(folder)
    assert (before.bytes, before.whole) == (2, True)
    for name in ("meta.json", "write.lock", ".hidden"):
        (folder / name).write_text("x")
    assert digest(folder) == before
    (folder / "a").write_text("3")
    assert digest(folder).sha256 != before.sha256
    (folder / "a").write_text("1")
    (folder / "deep/b").rename(folder / "deep/c")
    assert digest(folder).sha256 != before.sha256


def test_a_large_folders_small_files_are_hashed_whole(small, tmp_path):
    (tmp_path / "large").write_bytes(bytes(2000))
    (tmp_path / "small").write_bytes(b"12345")
    before = digest(tmp_path)
    assert not before.whole
    (tmp_path / "small").write_bytes(b"12x45")
    assert digest(tmp_path).sha256 != before.sha256


def test_ten_gigabytes_take_no_time(tmp_path):
    """A sparse file reads as zeros without lying on the disk; hashed whole it would take ten seconds at the least."""
    with (tmp_path / "segment").open("wb") as file:
        file.truncate(10 << 30)
    started = time.process_time()
    assert digest(tmp_path).bytes == 10 << 30
    assert time.process_time() - started < 5
