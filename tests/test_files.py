"""Files and folders written whole or not at all."""

import errno
import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.files import unwitnessed_file, whole_file, whole_folder, witnessed


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole_with_its_folders(tmp_path):
    path = tmp_path / "deep" / "er" / "a.txt"
    with whole_file(path) as file:
        file.write("né\n")
        assert not path.exists()
    assert path.read_bytes() == b"n\xc3\xa9\n"
    assert names(path.parent) == ["a.txt"]


def test_gz_is_packed_alike_every_time_and_binary_is_left_alone(tmp_path):
    for name in ("a.gz", "b.gz"):
        with whole_file(tmp_path / name) as file:
            file.write("x\n" * 500)
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == b"x\n" * 500
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    with whole_file(tmp_path / "c", binary=True) as file:
        file.write(b"\x00\r\n")
    assert (tmp_path / "c").read_bytes() == b"\x00\r\n"


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_file_leaves_the_old_content_and_no_litter(tmp_path, name, error):
    (tmp_path / name).write_text("old")

    def interrupted():
        with whole_file(tmp_path / name) as file:
            file.write("new" * 100_000)
            raise error

    with pytest.raises(error):
        interrupted()
    assert (tmp_path / name).read_text() == "old"
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
@pytest.mark.parametrize("step", ["write", "fsync"])
def test_a_full_disk_leaves_the_old_content(tmp_path, monkeypatch, name, step):
    (tmp_path / name).write_text("old")
    full = OSError(errno.ENOSPC, "No space left on device")

    def fails(*_):
        raise full

    if step == "fsync":
        monkeypatch.setattr(os, "fsync", fails)
    else:  # what is written lands on a device that is always full
        true_open = Path.open
        monkeypatch.setattr(Path, "open", lambda path, mode: true_open(Path("/dev/full"), mode))
        if not Path("/dev/full").exists():
            pytest.skip("this system has no /dev/full")
    with pytest.raises(OSError, match="No space left"), whole_file(tmp_path / name) as file:
        file.write(os.urandom(500_000).hex())
    monkeypatch.undo()
    assert (tmp_path / name).read_text() == "old"
    assert names(tmp_path) == [name]


KILLED = """
import os, signal, sys
from rerankkit.files import whole_file, whole_folder
if sys.argv[2] == "file":
    with whole_file(sys.argv[1]) as file:
        file.write("new" * 100_000)
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
else:
    with whole_folder(sys.argv[1]) as folder:
        (folder / "weights").write_text("new")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(path: Path, what: str) -> None:
    result = subprocess.run([sys.executable, "-c", KILLED, str(path), what])
    assert result.returncode == -signal.SIGKILL


def test_a_killed_process_leaves_the_old_file_and_nothing_new_under_its_name(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    killed(tmp_path / "a.txt", "file")
    killed(tmp_path / "b.txt", "file")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert not (tmp_path / "b.txt").exists()
    assert [path for path in tmp_path.iterdir() if not path.name.startswith(".")] == [tmp_path / "a.txt"]
    with whole_file(tmp_path / "a.txt") as file:
        file.write("later")
    assert (tmp_path / "a.txt").read_text() == "later"


def test_a_killed_process_leaves_the_old_folder(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_text("old")
    killed(tmp_path / "model", "folder")
    assert (tmp_path / "model" / "weights").read_text() == "old"


def test_a_folder_takes_its_predecessors_place_only_when_whole(tmp_path):
    path = tmp_path / "deep" / "model"
    with whole_folder(path) as folder:
        (folder / "a").write_text("1")
        assert not path.exists()

    def interrupted():
        with whole_folder(path) as folder:
            (folder / "a").write_text("2")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert (path / "a").read_text() == "1"
    with whole_folder(path) as folder:
        (folder / "b").write_text("3")
    assert names(path) == ["b"]
    assert names(path.parent) == ["model"]


def test_who_may_read_a_folder_may_read_its_files(tmp_path):
    with whole_folder(tmp_path / "model") as part:
        (part / "inner").mkdir()
        for path in (part / "weights", part / "inner" / "weights"):
            path.write_text("1")
            path.chmod(0o600)
        part.chmod(0o755)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "model").rglob("weights")}
    assert modes == {0o644}


def test_file_and_folder_are_not_confused(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(InputError, match="is a folder"), whole_file(tmp_path):
        pass
    with pytest.raises(InputError, match="is a file"), whole_folder(tmp_path / "file"):
        pass
    assert (tmp_path / "file").read_text() == "old"


def test_a_link_stays_a_link_and_its_target_is_written(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with whole_file(link) as file:
        file.write("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_pipe_is_written_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    with whole_file(pipe) as file:
        file.write("through\n")
    assert reader.communicate(timeout=20)[0] == b"through\n"
    assert pipe.is_fifo()


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_a_killed_process_left_is_cleared_and_what_a_living_one_writes_is_not(tmp_path):
    dead, alive = dead_pid(), os.getppid()
    for pid in (dead, alive):
        (tmp_path / f".out.txt.{pid}.part").write_text("half")
    with whole_file(tmp_path / "out.txt") as file:
        file.write("whole")
    assert {path.name for path in tmp_path.iterdir()} == {"out.txt", f".out.txt.{alive}.part"}


def test_a_folder_that_a_killed_process_had_moved_away_comes_back(tmp_path):
    old = tmp_path / f".model.{dead_pid()}.old"
    old.mkdir()
    (old / "weights").write_text("old")
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "model"):
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert (tmp_path / "model" / "weights").read_text() == "old"


def test_standard_output_that_is_a_pipe_is_written_as_it_comes():
    code = "from rerankkit.files import whole_file\nwith whole_file('/dev/stdout') as file: file.write('x')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "x", "")


def test_a_witness_is_told_of_what_lies_ready_and_the_innermost_one_only(tmp_path):
    told: list[tuple[str, str, str]] = []

    def witness(part: Path, path: Path) -> None:
        text = (part / "a").read_text() if part.is_dir() else part.read_text()
        told.append((path.name, text, "old" if path.exists() else "new"))

    (tmp_path / "one").write_text("before")
    with witnessed(lambda part, path: told.append(("outer", "", ""))), witnessed(witness):
        with whole_file(tmp_path / "one") as file:
            file.write("1")
        with whole_folder(tmp_path / "two") as folder:
            (folder / "a").write_text("2")
        with unwitnessed_file(tmp_path / "three") as file:
            file.write("3")
    with whole_file(tmp_path / "four") as file:
        file.write("4")
    assert told == [("one", "1", "old"), ("two", "2", "new")]
    assert (tmp_path / "three").read_text() == "3"


def test_what_a_witness_raises_leaves_the_former_file(tmp_path):
    (tmp_path / "one").write_text("before")

    def witness(part: Path, path: Path) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), witnessed(witness), whole_file(tmp_path / "one") as file:
        file.write("after")
    assert (tmp_path / "one").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
