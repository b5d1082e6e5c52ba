import os
import subprocess
import sys
from pathlib import Path

import pytest

from rerankkit.collection import archive
from rerankkit.collection.archive import archive_classes
from rerankkit.collection.jvm import CACHE, anserini_jar, class_archive, find_java


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_classes_are_archived_once_and_loaded_from_there(cache, index, monkeypatch):
    path = class_archive(find_java(), anserini_jar())
    assert path.parent == cache
    assert archive_classes(index)
    assert list(cache.iterdir()) == [path]
    log = cache / "log"
    code = "from rerankkit.collection.jvm import java_class; java_class('io.anserini.search.SimpleSearcher')"
    noting = {"JAVA_TOOL_OPTIONS": f"-Xlog:class+load:file={log}"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | noting)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    loaded = [line for line in log.read_text().splitlines() if " io.anserini.search.SimpleSearcher " in line]
    assert len(loaded) == 1
    assert loaded[0].endswith("source: shared objects file")
    monkeypatch.setattr(archive, "_run", None)  # a second call runs nothing
    assert archive_classes(index)


def test_a_failure_is_survived_and_leaves_nothing(cache, index, monkeypatch):
    monkeypatch.setattr(archive, "RETRIEVAL", "raise SystemExit(1)")
    assert not archive_classes(index)
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_survived(index, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE, str(tmp_path / "file" / "cache"))
    assert not archive_classes(index)


def test_another_java_or_jar_has_another_archive(cache, tmp_path):
    java = find_java()
    for name in ("a.jar", "b.jar"):
        (tmp_path / name).touch()
    paths = {class_archive(java, tmp_path / name) for name in ("a.jar", "b.jar")}
    (tmp_path / "a.jar").write_text("changed")
    assert len(paths | {class_archive(java, tmp_path / "a.jar")}) == 3


HOSTILE = "import pathlib; pathlib.Path({marker!r}).touch()\nraise SystemExit(9)\n"


def test_index_imports_nothing_from_the_current_folder(cache, tmp_path):
    """Modules of a stranger's folder with the names of those that the process of the archive imports."""
    marker, folder = tmp_path / "marker", tmp_path / "theirs"
    (folder / "rerankkit").mkdir(parents=True)
    for name in ("rerankkit/__init__.py", "json.py", "jnius.py", "click.py", "sitecustomize.py", "logging.py"):
        (folder / name).write_text(HOSTILE.format(marker=str(marker)))
    (folder / "docs.jsonl").write_text('{"id": "1", "contents": "red"}\n')
    script = Path(sys.executable).with_name("rerankkit")
    command = [str(script), "index", "--input", "docs.jsonl", "--index", "made"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "made: 1 documents\n"), done.stderr
    assert list(cache.iterdir()) == [class_archive(find_java(), anserini_jar())]
    assert not marker.exists()
