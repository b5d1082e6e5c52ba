"""Room on the disk for an index."""

import shutil
from types import SimpleNamespace

import pytest

from rerankkit.collection.indexing import index_documents
from rerankkit.collection.room import check_room
from rerankkit.errors import InputError


def sized(path, size):
    with path.open("wb") as file:
        file.truncate(size)  # takes no room
    return path


@pytest.mark.parametrize(
    ("name", "free", "needed"),
    [
        ("d.jsonl", 3_000_000_000, ""),  # 2 GB of documents, 1.5 times that
        ("d.jsonl", 2_999_999_999, r"needs at least 3\.0 GB while it is made, 3\.0 GB are free"),
        ("d.jsonl", 900_000_000, r"needs at least 3\.0 GB while it is made, 900\.0 MB are free"),
        ("d.jsonl.gz", 8_900_000_000, r"needs at least 9\.0 GB"),
    ],
)
def test_a_disk_that_is_too_small_is_refused(tmp_path, monkeypatch, name, free, needed):
    asked = []
    monkeypatch.setattr(shutil, "disk_usage", lambda path: asked.append(path) or SimpleNamespace(free=free))
    source, index = sized(tmp_path / name, 2_000_000_000), tmp_path / "new" / "index"
    if needed:
        with pytest.raises(InputError, match=f"new/index: the index {needed}"):
            check_room([source], index)
    else:
        check_room([source], index)
    assert asked == [tmp_path]


def test_index_looks_for_room_before_it_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10))
    (tmp_path / "docs.jsonl").write_text('{"id": "1", "contents": "red"}\n')
    with pytest.raises(InputError, match=r"at least 0\.0 MB while it is made"):
        index_documents(tmp_path / "docs.jsonl", tmp_path / "index")
    assert [path.name for path in tmp_path.iterdir()] == ["docs.jsonl"]
