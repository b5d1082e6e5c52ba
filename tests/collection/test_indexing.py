import json
import logging

import pytest

from rerankkit.collection import indexing
from rerankkit.collection.indexing import Indexed, IndexSettings, index_documents, told
from rerankkit.collection.lucene import LuceneCollection
from rerankkit.errors import InputError


def documents(folder, *records):
    path = folder / "docs.jsonl"
    path.write_text("".join((record if isinstance(record, str) else json.dumps(record)) + "\n" for record in records))
    return path


def test_rejected_documents_are_counted_and_named(tmp_path, caplog):
    source = documents(
        tmp_path,
        {"id": "1", "contents": "first"},
        {"id": "1", "contents": "again"},
        {"id": "2", "contents": " \n"},
        {"id": "2", "contents": "filled now"},
        {"id": "3 4", "contents": "two words"},
        *({"id": f"e{number}", "contents": ""} for number in range(5)),
    )
    with caplog.at_level(logging.WARNING, "rerankkit"):
        counts = index_documents(source, tmp_path / "index")
    assert counts == Indexed(2, {"repeated id": 1, "empty": 6, "id with a space": 1})
    assert told(counts.rejected) == "1 repeated id, 6 empty, 1 id with a space"
    assert dict(LuceneCollection(tmp_path / "index")) == {
        "1": ("1", "", "first"),
        "2": ("2", "", "filled now"),
    }
    assert caplog.messages == [
        f"{source}:2: document '1' rejected: repeated id",
        f"{source}:3: document '2' rejected: empty",
        f"{source}:5: document '3 4' rejected: id with a space",
        f"{source}:6: document 'e0' rejected: empty",
        f"{source}:7: document 'e1' rejected: empty",
    ]


def test_an_index_takes_the_place_of_a_former_one_only_when_whole(tmp_path):
    index = tmp_path / "index"
    index_documents(documents(tmp_path, {"id": "1", "contents": "old"}), index)
    with pytest.raises(InputError, match=r"docs.jsonl:2: not a document: 'oops'"):
        index_documents(documents(tmp_path, {"id": "2", "contents": "new"}, "oops"), index)
    with pytest.raises(InputError, match=r"docs.jsonl: no document to index: 1 empty"):
        index_documents(documents(tmp_path, {"id": "2", "contents": ""}), index)
    assert list(LuceneCollection(index)) == ["1"]
    index_documents(documents(tmp_path, {"id": "2", "contents": "new"}), index)
    assert list(LuceneCollection(index)) == ["2"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs.jsonl", "index"]


def test_a_folder_of_something_else_is_not_replaced(tmp_path):
    source = documents(tmp_path, {"id": "1", "contents": "text"})
    with pytest.raises(InputError, match=r"the folder holds something else than an index\. Choose a new folder"):
        index_documents(source, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["docs.jsonl"]


def test_documents_that_lucene_lost_are_an_error(tmp_path, monkeypatch):
    convert = indexing._convert
    monkeypatch.setattr(indexing, "_convert", lambda *args: Indexed(convert(*args).documents + 1, {}))
    with pytest.raises(InputError, match="Lucene kept 1 of 2 documents"):
        index_documents(documents(tmp_path, {"id": "1", "contents": "text"}), tmp_path / "index")
    assert not (tmp_path / "index").exists()


def test_what_java_throws_is_told(tmp_path, monkeypatch):
    folder = tmp_path / "part"
    (folder / "documents").mkdir(parents=True)
    arguments = (folder, IndexSettings(threads=1), 0, tmp_path / "index")
    with monkeypatch.context() as patch:
        patch.setattr(indexing, "_indexed", lambda indexer: indexer.no_such_method())
        with pytest.raises(AttributeError):
            indexing._run_anserini(*arguments)
    (folder / "documents").rmdir()
    with pytest.raises(InputError, match=r"/index: indexing failed: "):
        indexing._run_anserini(*arguments)


def test_half_a_surrogate_pair_in_a_text_is_survived(tmp_path):
    source = documents(tmp_path, '{"id": "1", "contents": "broken \\ud83d here"}')
    assert index_documents(source, tmp_path / "index").documents == 1
    assert LuceneCollection(tmp_path / "index")["1"].text in ("broken ? here", "broken � here")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"language": "xx"}, "no analyzer for the language 'xx'. Known: en ar"),
        ({"threads": 0}, "0 threads. Give at least 1"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(InputError, match=message):
        IndexSettings(**settings)


def test_a_disk_that_is_full_while_java_writes_is_told_by_its_cause(tmp_path, monkeypatch, capfd):
    def run(indexer):
        err = indexing.java_class("java.lang.System").err
        err.println("java.io.IOException: No space left on device")
        indexing.java_class("java.util.ArrayList")().get(3)  # what Java throws in the end is another exception
        yield 1

    monkeypatch.setattr(indexing, "_indexed", run)
    with pytest.raises(InputError) as caught:
        index_documents(documents(tmp_path, {"id": "1", "contents": "text"}), tmp_path / "index")
    assert caught.value.problem == "indexing failed: No space left on device"
    assert caught.value.path == tmp_path / "index"
    assert "java" not in "".join(capfd.readouterr())
    assert [path.name for path in tmp_path.iterdir()] == ["docs.jsonl"]
