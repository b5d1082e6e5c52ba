import gzip
import json

import pytest

from rerankkit.collection.documents import load_documents, read_documents
from rerankkit.collection.layouts import document_source
from rerankkit.collection.record import document_of
from rerankkit.errors import InputError
from rerankkit.types import Document


@pytest.mark.parametrize(
    ("record", "document"),
    [
        ({"id": "1", "contents": "text"}, Document("1", "", "text")),
        ({"id": "1", "title": "T", "contents": "text"}, Document("1", "T", "text")),
        ({"id": "1", "title": "T", "contents": "T\ntext"}, Document("1", "T", "text")),
        ({"id": "1", "title": "T", "contents": "Text"}, Document("1", "T", "Text")),
        ({"id": "1", "title": "T", "contents": "T text"}, Document("1", "T", "T text")),
        ({"_id": "1", "title": "T", "text": " text\n"}, Document("1", "T", "text")),
        ({"_id": "1", "title": None, "text": ""}, Document("1", "", "")),
        ({"id": "1", "title": "T", "text": "body", "contents": "T\nbody"}, Document("1", "T", "body")),
        ({"id": 17, "contents": "text", "url": "x"}, Document("17", "", "text")),
        ({"docid": "msmarco_1", "text": "x"}, Document("msmarco_1", "", "x")),
        ({"id": " 007 ", "contents": "😀"}, Document("007", "", "😀")),
    ],
)
def test_pyserinis_and_beirs_forms(record, document):
    assert document_of(record) == document


@pytest.mark.parametrize(
    "line",
    [
        *("oops", "[]", "3", '"id"', "null", "{}", '{"id": "1"}', '{"contents": "x"}', '{"id": "1", "contents": 3}'),
        *('{"id": ["1"], "contents": "x"}', '{"id": null, "contents": "x"}', '{"id": "1", "contents": "cut off'),
        '{"id": "1", "title": 3, "contents": "x"}',
    ],
)
def test_a_malformed_line_names_file_line_and_form(tmp_path, line):
    path = tmp_path / "docs.jsonl"
    path.write_text('{"id": "0", "contents": "x"}\n\n' + line + "\n")
    with pytest.raises(InputError) as caught:
        list(read_documents(path))
    assert str(caught.value).startswith(f"{path}:3: not a document: ")
    assert caught.value.remedy == 'Expected: {"id": "1", "title": "may be missing", "contents": "text"}'


def test_an_id_of_nothing():
    with pytest.raises(InputError, match=r"d\.jsonl:4: not a document: the id 'id' is empty"):
        document_of({"id": " ", "contents": "x"}, "d.jsonl", 4)


def test_a_folder_is_read_by_name_packed_or_not(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.jsonl").write_text('{"id": "2", "contents": "two"}\n')
    (tmp_path / "a.jsonl").write_text('{"id": "1", "contents": "one"}\n\n{"id": "1b", "contents": ""}\n')
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b'{"id": "3", "contents": "three"}\n'))
    (tmp_path / "notes.txt").write_text("not a document\n")
    assert [(path.name, line, document.docid) for path, line, document in read_documents(tmp_path)] == [
        ("a.jsonl", 1, "1"),
        ("a.jsonl", 3, "1b"),
        ("2.jsonl", 1, "2"),
        ("c.jsonl.gz", 1, "3"),
    ]
    assert document_source(tmp_path / "a.jsonl").files == [tmp_path / "a.jsonl"]


def test_a_folder_without_documents(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"no file of documents in the folder"):
        document_source(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b'{"id": "1", "contents": "x"}\n{"id": "2", "contents": "\xe9"}\n', "jsonl:2: not UTF-8 .byte 0xe9"),
    ],
)
def test_files_that_are_no_text(tmp_path, content, message):
    (tmp_path / "docs.jsonl").write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read_documents(tmp_path / "docs.jsonl"))


def test_only_the_wanted_are_kept(tmp_path):
    path = tmp_path / "docs.jsonl"
    path.write_text("".join(json.dumps({"id": str(number), "contents": "x"}) + "\n" for number in range(5)))
    assert load_documents(path, {"3", "1", "9"}) == {"1": Document("1", "", "x"), "3": Document("3", "", "x")}
    assert list(load_documents(path)) == ["0", "1", "2", "3", "4"]


def test_of_documents_with_one_id_the_first_is_taken_and_the_others_are_told(tmp_path, caplog):
    path = tmp_path / "docs.jsonl"
    path.write_text(
        '{"id": "a", "contents": "one"}\n{"id": "a", "contents": "two"}\n{"id": "b", "contents": "three"}\n'
    )
    assert load_documents(path)["a"].text == "one"
    assert "docs.jsonl:2: document a stood before; of each of 1 such ids the first is taken" in caplog.text


def test_a_cut_emoji_is_mended(tmp_path):
    path = tmp_path / "docs.jsonl"
    path.write_text(r'{"id": "a", "contents": "cut \ud83d here"}')
    assert [document.text for _, _, document in read_documents(path)] == ["cut � here"]
