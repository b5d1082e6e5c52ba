"""What killed processes left is told from what live ones write."""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rerankkit.files import whole_file, whole_folder
from rerankkit.io import leftovers
from rerankkit.io.leftovers import clear_leftovers, temporary_file, temporary_folder, temporary_name


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def owner(pid: int, start: int, boot: str = "", host: str = "") -> str:
    return f"{pid}-{start:x}-{boot or leftovers._boot()}-{host or leftovers._host()}-0"


def own_start() -> int:
    return int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])


def test_a_temporary_name_holds_process_start_boot_and_host(tmp_path):
    name = temporary_name(tmp_path / "out.txt", "part").name
    pid, start, boot, host, number = name.removeprefix(".out.txt.").removesuffix(".part").split("-")
    assert (int(pid), int(start, 16)) == (os.getpid(), own_start())
    assert len(boot) == len(host) == 6
    assert temporary_name(tmp_path / "out.txt", "part").name != name
    assert int(number) >= 0


def test_a_name_at_the_limit_of_length_has_a_temporary_name_too(tmp_path):
    path = tmp_path / ("x" * 255)
    with whole_file(path) as file:
        file.write("1")
    assert names(tmp_path) == ["x" * 255]


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        (lambda: owner(os.getpid(), own_start()), True),
        (lambda: owner(os.getpid(), own_start() + 1), False),  # the number was given to another process
        (lambda: owner(os.getpid(), own_start(), boot="abcdef"), False),  # before a restart of the machine
        (lambda: owner(2**22 + 1, own_start()), False),
        (lambda: owner(1, 5, host="abcdef"), False),  # of another container, and nobody holds its lock
    ],
)
def test_the_process_that_a_name_holds_decides(tmp_path, left, kept):
    name = f".out.txt.{left()}.part"
    (tmp_path / name).write_text("half")
    clear_leftovers(tmp_path / "out.txt")
    assert names(tmp_path) == ([name] if kept else [])


@pytest.mark.parametrize("folder", [False, True])
def test_the_lock_decides_for_a_process_of_another_container(tmp_path, folder):
    left = tmp_path / f".out.{owner(1, 5, host='abcdef')}.part"
    if folder:
        left.mkdir()
    else:
        left.touch()
    held = os.open(left, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    clear_leftovers(tmp_path / "out")
    assert names(tmp_path) == [left.name]
    os.close(held)
    clear_leftovers(tmp_path / "out")
    assert names(tmp_path) == []


def test_without_locks_another_containers_leftover_goes_after_a_week(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    left = tmp_path / f".out.{owner(1, 5, host='abcdef')}.part"
    left.touch()
    clear_leftovers(tmp_path / "out")
    assert names(tmp_path) == [left.name]
    os.utime(left, (0, time.time() - 8 * 86400))
    clear_leftovers(tmp_path / "out")
    assert names(tmp_path) == []


def test_a_number_that_a_later_process_bears_keeps_no_leftover_of_an_earlier_version(tmp_path):
    left = tmp_path / f".out.{os.getpid()}.part"
    left.mkdir()
    clear_leftovers(tmp_path / "out")
    assert names(tmp_path) == [left.name]
    os.utime(left, (0, time.time() - 30 * 86400))
    clear_leftovers(tmp_path / "out")
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", [".out.txt.notes.part", ".out.txt.12.partial", ".out.txt.part", ".out.txt.12-3.part"])
def test_a_users_own_hidden_file_stays(tmp_path, name):
    (tmp_path / name).touch()
    clear_leftovers(tmp_path / "out.txt")
    assert names(tmp_path) == [name]


def test_a_file_that_another_process_removed_before_it_was_locked_is_made_again(tmp_path, monkeypatch):
    true_lock, calls = fcntl.flock, []

    def removed_first(descriptor: int, how: int) -> None:
        if not calls:
            for path in tmp_path.iterdir():
                path.unlink() if path.is_file() else shutil.rmtree(path)
        calls.append(how)
        true_lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", removed_first)
    with temporary_file(tmp_path / "out", 0o600) as part:
        assert part.is_file()
    calls.clear()
    with temporary_folder(tmp_path / "out", 0o700) as part:
        assert part.is_dir()
    assert names(tmp_path) == []


WRITER = """
import sys
from pathlib import Path
from rerankkit.files import whole_file, whole_folder
place, word = Path(sys.argv[1]), sys.argv[2]
for _ in range(30):
    with whole_file(place / "file") as file:
        for _ in range(100):
            file.write(word * 100)
    with whole_folder(place / "folder") as folder:
        for name in "abcde":
            (folder / name).write_text(word)
"""


@pytest.mark.parametrize("exchange", [True, False])
def test_of_processes_that_write_one_output_the_last_wins_and_none_is_torn(tmp_path, exchange):
    script = WRITER if exchange else f"import rerankkit.files as f; f._exchanged = lambda *_: False\n{WRITER}"
    command = [sys.executable, "-c", script, str(tmp_path)]
    writers = [subprocess.Popen([*command, word], stderr=subprocess.PIPE, text=True) for word in "xyz"]
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [("", 0)] * 3
    assert names(tmp_path) == ["file", "folder"]
    assert (tmp_path / "file").read_text() in {word * 10_000 for word in "xyz"}
    assert names(tmp_path / "folder") == list("abcde")
    assert len({path.read_text() for path in (tmp_path / "folder").iterdir()}) == 1


def test_a_folder_is_never_away_while_it_is_replaced(tmp_path):
    with whole_folder(tmp_path / "folder") as folder:
        (folder / "a").write_text("1")
    command = [sys.executable, "-c", WRITER, str(tmp_path), "x"]
    with subprocess.Popen(command) as writer:
        missing = 0
        while writer.poll() is None:
            missing += not (tmp_path / "folder").exists()
    assert (writer.returncode, missing) == (0, 0)
