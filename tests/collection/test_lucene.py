import json
import os
import pickle
import shutil

import pytest

from rerankkit.collection import jvm
from rerankkit.collection.indexing import Indexed, IndexSettings, index_documents
from rerankkit.collection.lucene import LANGUAGES, LuceneCollection, index_folder, index_language
from rerankkit.errors import InputError
from rerankkit.types import Document


def test_documents_come_back_as_they_were(index):
    collection = LuceneCollection(index)
    assert collection.fetch(["007", "1", "2", "a/b|c:ü", "5"]) == {
        "007": Document("007", "Only a title", ""),
        "1": Document("1", "Red apples", "Grown in the north."),
        "2": Document("2", "", "A plum tree 😀 and 漢字, no title."),
        "a/b|c:ü": Document("a/b|c:ü", "Odd", "signs in the id, the title before the text"),
        "5": Document("5", "", "BEIR's names, the id a number"),
    }


def test_fetch_keeps_the_order_and_leaves_the_unknown_out(index):
    assert list(LuceneCollection(str(index)).fetch(["5", "nope", "1", "5"])) == ["5", "1"]


def test_it_is_a_mapping(index):
    collection = LuceneCollection(index)
    assert collection["1"].title == "Red apples"
    assert (len(collection), sorted(collection)) == (5, ["007", "1", "2", "5", "a/b|c:ü"])
    assert "1" in collection
    assert "7" not in collection
    assert 1 not in collection
    with pytest.raises(KeyError, match="nope"):
        collection["nope"]


def test_a_forked_process_is_refused(index, monkeypatch):
    collection = LuceneCollection(index)
    monkeypatch.setattr(jvm, "_owner", os.getpid() + 1)
    with pytest.raises(RuntimeError, match="fork"):
        collection["1"]


def test_a_spawned_process_opens_it_anew(index):
    assert pickle.loads(pickle.dumps(LuceneCollection(index)))["1"].title == "Red apples"


def anserini(folder, documents, *flags):
    """An index made by Anserini alone, as Pyserini's users make theirs."""
    source = folder / "source"
    source.mkdir()
    (source / "docs.jsonl").write_text("".join(json.dumps(document) + "\n" for document in documents))
    arguments = jvm.java_class("io.anserini.index.IndexCollection$Args")()
    words = jvm.java_class("java.util.ArrayList")()
    for word in ("-quiet", "-collection", "JsonCollection", "-generator", "DefaultLuceneDocumentGenerator"):
        words.add(word)
    for word in ("-input", str(source), "-index", str(folder / "index"), "-threads", "1", *flags):
        words.add(word)
    jvm.java_class("org.kohsuke.args4j.CmdLineParser")(arguments).parseArgument(words)
    jvm.java_class("io.anserini.index.IndexCollection")(arguments).run()
    return folder / "index"


def test_pyserinis_own_index(tmp_path, index):
    beir = {"id": "1", "_id": "1", "title": "T", "text": "body", "contents": "T\nbody", "metadata": {"url": "x"}}
    passages = {"id": "2", "pid": "2", "passage": "a passage", "spans": "(1,2)", "contents": ""}
    folder = anserini(tmp_path, [beir, passages | {"contents": "a passage"}], "-storeRaw")
    assert LuceneCollection(folder).fetch(["1", "2"]) == {
        "1": Document("1", "T", "body"),
        "2": Document("2", "", "a passage"),
    }
    assert index_language(folder) == "en"


def test_an_index_without_text_is_told(tmp_path, index):
    folder = anserini(tmp_path, [{"id": "1", "contents": "text"}])
    with pytest.raises(InputError, match=r"the index stores no text\. Index with rerankkit"):
        LuceneCollection(folder)


def test_raw_text_that_is_no_json_or_holds_no_text(index):
    collection = LuceneCollection(index)
    assert collection._document("9", "<DOC>\nold\n</DOC>\n") == Document("9", "", "<DOC>\nold\n</DOC>")
    assert collection._document("9", " 1984 ") == Document("9", "", "1984")
    with pytest.raises(InputError, match=r"document 9: no text: none of text, contents.*; its keys are id, url"):
        collection._document("9", '{"id": "9", "url": "x"}')


def test_a_missing_index_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(InputError, match=r"no such index folder\. Make it: rerankkit index --input FILE --index /"):
        index_folder(tmp_path / "nope")
    with pytest.raises(InputError, match=r"no Lucene index\. Make one: rerankkit index"):
        LuceneCollection(tmp_path)


def test_a_broken_index_is_told(index, tmp_path):
    shutil.copytree(index, tmp_path / "index")
    for path in (tmp_path / "index").glob("segments_*"):
        path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(InputError, match=r"Lucene cannot open the index: .*Index the documents again"):
        LuceneCollection(tmp_path / "index")


def test_an_index_that_is_damaged_inside_is_told(tmp_path):
    lines = (json.dumps({"id": str(number), "contents": os.urandom(2000).hex()}) for number in range(50))
    (tmp_path / "docs.jsonl").write_text("\n".join(lines))
    index_documents(tmp_path / "docs.jsonl", tmp_path / "index", IndexSettings(threads=1))
    (stored,) = (tmp_path / "index").glob("*.fdt")
    content = bytearray(stored.read_bytes())
    half = len(content) // 2
    content[half:-16] = bytes(len(content) - half - 16)  # the file's foot is checked when it is opened
    stored.write_bytes(content)
    collection = LuceneCollection(tmp_path / "index")
    message = r"/index: Lucene cannot read the index: .*Index the documents again"
    assert list(collection.fetch(["0"])) == ["0"]
    for reading in (lambda: collection.fetch(map(str, range(50))), lambda: list(collection.documents())):
        with pytest.raises(InputError, match=message):
            reading()


def test_all_documents_in_the_order_of_the_index(index):
    collection = LuceneCollection(index)
    assert [document.docid for document in collection.documents()] == list(collection)
    assert sorted(collection.documents()) == sorted(collection.fetch(collection).values())


def test_an_index_reads_the_forms_that_files_have(index):
    collection = LuceneCollection(index)
    raw = '{"docid": "D1", "url": "x", "title": "Fox", "headings": "h", "body": "eats mice"}'
    assert collection._document("D1", raw) == Document("D1", "Fox", "eats mice")
    assert collection._document("1", '{"id": "1", "contents": ["red", "fox"]}') == Document("1", "", "red\nfox")
    assert collection._document("1", '{"id": "1", "text": null, "contents": "red"}') == Document("1", "", "red")


@pytest.mark.parametrize(
    ("note", "problem"),
    [
        ("[]", "not rerankkit's note on the index"),
        ('{"language": 3}', "the field 'language' is 3"),
        ('{"language": "xx"}', "no analyzer for the language 'xx'"),
        ('{"language": "de", "language": "en"}', "the key 'language' stands twice"),
        ("{", "the file ends too early"),
    ],
)
def test_a_note_that_was_changed_is_refused(tmp_path, note, problem):
    (tmp_path / "rerankkit.json").write_text(note)
    with pytest.raises(InputError, match=problem):
        index_language(tmp_path)


def test_a_name_that_is_not_utf8(tmp_path, source):
    with pytest.raises(InputError, match=r"a name that is not UTF-8, which Java cannot open\. Rename the folder"):
        index_documents(source, tmp_path / os.fsdecode(b"caf\xe9"))
    assert list(tmp_path.iterdir()) == []


def test_the_note_tells_the_language(source, tmp_path):
    assert index_documents(source, tmp_path / "index", IndexSettings("de", 1)) == Indexed(5, {})
    assert index_language(tmp_path / "index") == "de"
    assert json.loads((tmp_path / "index" / "rerankkit.json").read_text()) == {
        "documents": 5,
        "language": "de",
        "rejected": {},
    }
    (tmp_path / "index" / "rerankkit.json").write_text("{}")
    with pytest.raises(InputError, match="not rerankkit's note"):
        index_language(tmp_path / "index")


def test_the_languages_are_anserinis():
    anserini = set(jvm.java_class("io.anserini.analysis.AnalyzerMap").analyzerMap.keySet().toArray())
    assert set(LANGUAGES.split()) == anserini | {"en", "ha", "so", "sw", "yo"}
