"""What a replaced file or folder passes on: its links, its mode, its name in errors."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.files import whole_file, whole_folder

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def write(path: Path, text: str = "new") -> None:
    with whole_file(path) as file:
        file.write(text)


def test_a_private_file_stays_private_also_while_it_is_written(tmp_path):
    path = tmp_path / "run.txt"
    path.write_text("old")
    path.chmod(0o600)
    with whole_file(path) as file:
        file.write("new")
        file.flush()
        assert {mode(one) for one in tmp_path.iterdir()} == {0o600}
    assert (path.read_text(), mode(path)) == ("new", 0o600)


@pytest.mark.parametrize(("umask", "file", "folder"), [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700)])
def test_what_is_new_follows_the_umask(tmp_path, umask, file, folder):
    before = os.umask(umask)
    try:
        write(tmp_path / "new.txt")
        with whole_folder(tmp_path / "model") as part:
            (part / "weights").touch(0o600)
    finally:
        os.umask(before)
    assert (mode(tmp_path / "new.txt"), mode(tmp_path / "model")) == (file, folder)
    assert mode(tmp_path / "model" / "weights") == file


@pytest.mark.parametrize("kept", [0o700, 0o750, 0o2775])
def test_a_folder_keeps_its_mode_and_its_files_keep_theirs(tmp_path, kept):
    path = tmp_path / "model"
    path.mkdir()
    path.chmod(kept)
    (path / "key").touch(0o600)
    with whole_folder(path) as part:
        assert mode(part) == 0o700
        (part / "key").touch(0o644)
        (part / "weights").touch(0o600)
    assert mode(path) == kept
    assert mode(path / "key") == 0o600
    assert mode(path / "weights") == 0o600 | kept & 0o666


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_the_owner_stays_and_a_group_that_cannot_be_kept_gets_no_rights(tmp_path, monkeypatch):
    path = tmp_path / "run.txt"
    path.write_text("old")
    path.chmod(0o660)
    os.chown(path, 1234, 2345)
    write(path)
    assert (path.stat().st_uid, path.stat().st_gid, mode(path)) == (1234, 2345, 0o660)

    def refused(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refused)
    write(path)
    assert (path.stat().st_uid, mode(path)) == (0, 0o600)


def test_a_read_only_file_or_folder_is_refused(tmp_path):
    path, folder = tmp_path / "run.txt", tmp_path / "model"
    path.write_text("old")
    folder.mkdir()
    path.chmod(0o444)
    folder.chmod(0o555)
    with pytest.raises(InputError, match="is read-only"):
        write(path)
    with pytest.raises(InputError, match="is read-only"), whole_folder(folder):
        pass
    assert (path.read_text(), mode(path)) == ("old", 0o444)


def test_a_link_to_a_folder_stays_and_the_folder_is_replaced(tmp_path):
    target, link = tmp_path / "disk" / "model", tmp_path / "model"
    target.mkdir(parents=True)
    (target / "old").touch()
    link.symlink_to("disk/model")
    with whole_folder(link) as part:
        assert part.parent == target.parent
        (part / "new").touch()
    assert link.readlink() == Path("disk/model")
    assert [path.name for path in target.iterdir()] == ["new"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "model"]


def test_a_link_to_nothing_yet_is_followed(tmp_path):
    (tmp_path / "file").symlink_to("far/file")
    (tmp_path / "folder").symlink_to("far/folder")
    write(tmp_path / "file")
    with whole_folder(tmp_path / "folder") as part:
        (part / "a").touch()
    assert (tmp_path / "far/file").read_text() == "new"
    assert (tmp_path / "far/folder/a").is_file()
    assert (tmp_path / "file").is_symlink()
    assert (tmp_path / "folder").is_symlink()


def test_a_full_disk_names_the_output(tmp_path):
    path = tmp_path / "out"
    with pytest.raises(OSError, match="No space left") as caught, whole_file(path):
        raise OSError(*FULL.args)
    assert caught.value.filename == str(path)
    with pytest.raises(OSError, match="No space left") as caught, whole_folder(path):
        raise OSError(*FULL.args)
    assert caught.value.filename == str(path)


@pytest.mark.parametrize("told", ["IoError: No space left on device (os error 28)", "database or disk is full"])
def test_a_full_disk_that_a_library_reports_in_its_own_way_names_the_output(tmp_path, told):
    with pytest.raises(OSError, match="No space left") as caught, whole_folder(tmp_path / "model"):
        raise RuntimeError(told)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "model"))


def test_an_error_of_an_input_keeps_its_own_name(tmp_path):
    with pytest.raises(OSError, match="input") as caught, whole_file(tmp_path / "out"):
        raise OSError(errno.ENOSPC, "No space left on device", "input")
    assert caught.value.filename == "input"


@pytest.mark.parametrize("redirection", [">", ">>"])
def test_standard_output_is_written_from_where_it_stands(tmp_path, redirection):
    """A program that opens /dev/stdout anew would cut what is there; one that replaces it would lose what follows."""
    code = (
        "from rerankkit.files import whole_file\nprint('one')\n"
        "with whole_file('/dev/stdout') as file: file.write('two\\n')\nprint('three')"
    )
    (tmp_path / "log").write_text("before\n")
    with (tmp_path / "log").open("a" if redirection == ">>" else "w") as log:
        assert subprocess.run([sys.executable, "-c", code], stdout=log).returncode == 0
    kept = "before\n" if redirection == ">>" else ""
    assert (tmp_path / "log").read_text() == f"{kept}one\ntwo\nthree\n"


def test_a_name_that_is_no_utf_8_is_written_escaped(tmp_path):
    write(tmp_path / os.fsdecode(b"caf\xe9.txt"), f"tag {os.fsdecode(bytes([0xE9]))}\n")
    assert (tmp_path / os.fsdecode(b"caf\xe9.txt")).read_text() == "tag \\udce9\n"
