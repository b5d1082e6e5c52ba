"""Compressed files."""

import bz2
import gzip
import lzma
import subprocess
import sys
import types
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.io import unpacking
from rerankkit.io.lines import read_blocks, read_lines

PACK = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}
TEXT = "".join(f"line {number} é\n" for number in range(60_000)).encode()


@pytest.mark.parametrize("ending", ["", ".txt", ".gz", ".bz2", ".jsonl"])
@pytest.mark.parametrize("name", PACK)
def test_a_file_is_unpacked_whatever_its_ending(tmp_path, name, ending):
    path = tmp_path / f"a{ending}"
    path.write_bytes(PACK[name](b"one\ntwo\n"))
    assert list(read_lines(path)) == [(1, "one"), (2, "two")]


@pytest.mark.parametrize("name", PACK)
def test_a_large_file_in_several_parts_with_zeros_behind(tmp_path, name):
    path = tmp_path / "a"
    half = TEXT.index(b"\n", len(TEXT) // 2) + 1
    path.write_bytes(PACK[name](TEXT[:half]) + PACK[name](b"") + PACK[name](TEXT[half:]) + b"\0" * 512)
    assert b"".join(block for _, block in read_blocks(path, 1 << 20)) == TEXT


def test_a_name_that_ends_in_gz_does_not_make_a_gzip_file(tmp_path):
    (tmp_path / "a.gz").write_text("one\n")
    assert list(read_lines(tmp_path / "a.gz")) == [(1, "one")]


def test_a_text_that_begins_as_bzip2_does_is_text(tmp_path):
    (tmp_path / "a").write_text("BZh9 0 d1 1\n")
    assert list(read_lines(tmp_path / "a")) == [(1, "BZh9 0 d1 1")]


@pytest.mark.parametrize("name", PACK)
@pytest.mark.parametrize("damage", ["cut", "flipped", "followed"])
def test_a_damaged_file_is_refused(tmp_path, name, damage):
    packed = bytearray(PACK[name](TEXT))
    if damage == "cut":
        del packed[-5:]
    elif damage == "flipped":
        packed[len(packed) // 2] ^= 0xFF
    else:
        packed += b"something else"
    (tmp_path / "a").write_bytes(packed)
    # bzip2 hands out a block's bytes before it has compared their checksum
    message = "not UTF-8|a NUL byte|" * ((name, damage) == ("bzip2", "flipped")) + f"a: cannot be unpacked as {name}: "
    with pytest.raises(InputError, match=message):
        list(read_lines(tmp_path / "a"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from Linux's /proc")
@pytest.mark.parametrize("name", PACK)
def test_a_file_that_grows_without_measure_is_refused_in_bounded_memory(tmp_path, name):
    path = tmp_path / "a"
    block = PACK[name](b"1 0 d 1\n" * (1 << 20))  # 8 MB of text
    path.write_bytes(block * 40)
    code = (
        "import sys\nfrom rerankkit.errors import InputError\nfrom rerankkit.io.lines import read_lines\n"
        "try:\n    sum(1 for _ in read_lines(sys.argv[1]))\nexcept InputError as error:\n    print(error)\n"
        "print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    result = subprocess.run([sys.executable, "-c", code, f"{path}"], capture_output=True, text=True, check=True)
    message, peak = result.stdout.splitlines()
    assert message.startswith(f"{path}: the {name} file unpacks to more than 200 times its size")
    assert int(peak) < 100_000


def test_a_line_that_does_not_end_is_refused_in_a_bomb(tmp_path):
    (tmp_path / "a").write_bytes(gzip.compress(b" " * (30 << 20)))
    with pytest.raises(InputError, match="a:1: a line of more than 8,388,608 bytes"):
        list(read_lines(tmp_path / "a"))


def test_xz_that_asks_for_much_memory_is_refused(tmp_path):
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 256 << 20}]
    packer = lzma.LZMACompressor(filters=filters)
    (tmp_path / "a").write_bytes(packer.compress(b"one\n") + packer.flush())
    with pytest.raises(InputError, match="a: cannot be unpacked as xz: Memory usage limit"):
        list(read_lines(tmp_path / "a"))


ZSTD = b"\x28\xb5\x2f\xfd\x20\x04\x21\x00\x00one\n"
"""A frame of one raw block, as the format's description lays it out."""


def test_zstd_without_its_package_names_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    (tmp_path / "a").write_bytes(ZSTD)
    with pytest.raises(InputError, match=r"a: a zstd file\. Install what unpacks it: pip install zstandard"):
        list(read_lines(tmp_path / "a"))


class FakeZstd:
    """A decompressor of ZSTD alone, with the interface of `zstandard`."""

    def __init__(self, max_window_size: int = 0) -> None:
        self.eof, self.unused_data, self._seen = False, b"", b""

    def decompressobj(self) -> "FakeZstd":
        return self

    def decompress(self, data: bytes) -> bytes:
        self._seen += data
        if not self._seen.startswith(ZSTD):
            return b""
        self.eof, self.unused_data = True, self._seen[len(ZSTD) :]
        return b"one\n"


def test_zstd_by_its_package(tmp_path, monkeypatch):
    module = types.SimpleNamespace(ZstdDecompressor=FakeZstd, ZstdError=KeyError)
    monkeypatch.setitem(sys.modules, "zstandard", module)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    (tmp_path / "a").write_bytes(ZSTD * 2)
    assert list(read_lines(tmp_path / "a")) == [(1, "one"), (2, "one")]
    (tmp_path / "a").write_bytes(ZSTD + ZSTD[:-1])
    with pytest.raises(InputError, match="a: cannot be unpacked as zstd: the file ends too early"):
        list(read_lines(tmp_path / "a"))


def test_zstd_by_the_real_package(tmp_path):
    import zstandard

    packed = zstandard.ZstdCompressor().compress(TEXT)
    (tmp_path / "a").write_bytes(packed * 2)
    assert b"".join(block for _, block in read_blocks(tmp_path / "a", 1 << 20)) == TEXT * 2
    (tmp_path / "a").write_bytes(packed[:-5])
    with pytest.raises(InputError, match="a: cannot be unpacked as zstd"):
        list(read_lines(tmp_path / "a"))


def test_every_packing_is_known_by_its_first_bytes():
    assert [unpacking.packing_of(pack(b"x")).name for pack in PACK.values()] == list(PACK)
    assert unpacking.packing_of(ZSTD).name == "zstd"
    assert unpacking.packing_of(b"plain") is None
