"""An output that could not be written is refused before the work, and the probe leaves nothing."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.io import probing
from rerankkit.io.probing import probe_file, probe_folder


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A folder to be in, with a file, a folder, links, and what is read-only."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("old")
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    Path("read-only").touch(0o444)
    Path("out.txt.meta.json").mkdir()
    Path("closed.meta.json").touch(0o444)
    return tmp_path


def state(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_mtime_ns) for path in [folder, *folder.rglob("*")])


@pytest.mark.parametrize("name", ["file", "new", "folder/new", "deep/er/new", "x" * 240, "/dev/stdout", "/dev/null"])
def test_what_can_be_written_passes_and_nothing_is_made(place, name):
    before = state(place)
    probe_file(Path(name), side=True)
    assert [path for path, _ in state(place)] == [path for path, _ in before]


@pytest.mark.parametrize("replaced", [True, False])
@pytest.mark.parametrize("name", ["folder", "new", "deep/er/new"])
def test_a_folder_that_can_be_made_passes(place, name, replaced):
    before = state(place)
    probe_folder(Path(name), replaced)
    assert [path for path, _ in state(place)] == [path for path, _ in before]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder", "folder: is a folder, where a file is to be written"),
        ("file/new", "file/new: .*/file is a file, not a folder"),
        ("file/deep/new", "is a file, not a folder"),
        ("loop", "loop: is a link to itself"),
        ("loop/new", "loop/new: .*/loop is a link to itself"),
        ("read-only", "is read-only"),
        ("out.txt", "out.txt.meta.json: is a folder, where the output's side file is to be written"),
        ("closed", "closed.meta.json: is read-only"),
        ("x" * 256, "a name of 256 bytes, 255 is the limit"),
        ("x" * 250, "a name of 260 bytes, 255 is the limit"),  # of the side file
        ("x" * 256 + "/new", "a name of 256 bytes"),
        ("a\0b", "is no path"),
        ("/proc/new", "cannot be written"),
        ("", "is a folder"),
    ],
)
def test_what_could_not_be_written_as_a_file_is_refused(place, name, message):
    with pytest.raises(InputError, match=message):
        probe_file(Path(name), side=True)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("file", "is a file, where a folder is to be written"),
        (".", "holds the current folder"),
        ("..", "holds the current folder"),
        ("/", "holds the current folder"),
        ("/dev/null", "is a file"),
        ("file/new", "is a file, not a folder"),
        ("/proc", "mount point|cannot be written|read-only"),
    ],
)
def test_what_could_not_be_written_as_a_folder_is_refused(place, name, message):
    with pytest.raises(InputError, match=message):
        probe_folder(Path(name))


def test_plots_may_go_into_the_current_folder(place):
    probe_folder(Path(), replaced=False)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "Free some room"),
        (errno.EDQUOT, "Free some room"),
        (errno.EACCES, "Choose a folder that you may write to"),
        (errno.EROFS, "Choose a place on another file system"),
    ],
)
def test_the_file_systems_refusal_is_told_with_a_remedy(place, monkeypatch, code, remedy):
    def refused(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", refused)
    with pytest.raises(InputError, match=f"new: cannot be written: {os.strerror(code)}. {remedy}"):
        probe_file(Path("new"))


def test_a_limit_on_file_sizes_is_found(place):
    code = "from pathlib import Path; from rerankkit.io.probing import probe_file; probe_file(Path('new'))"
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )
    assert "InputError: new: cannot be written: File too large. Raise the limit" in result.stderr


def test_a_mount_point_is_refused(place, monkeypatch):
    monkeypatch.setattr(probing, "_mount_points", lambda: {os.fsencode(place / "folder"), os.fsencode(place / "file")})
    for probe, name in ((probe_folder, "folder"), (probe_file, "file")):
        with pytest.raises(InputError, match="is a mount point"):
            probe(Path(name))
    probe_folder(Path("folder/new"))


def test_the_root_is_a_mount_point():
    assert b"/" in probing._mount_points()
