"""Files of records: JSON lines, arrays, indented objects and TSV."""

import bz2
import gzip
import json
import lzma
import os
import threading

import pytest

from rerankkit.collection import forms
from rerankkit.collection.documents import load_documents, read_documents
from rerankkit.collection.forms import read_records
from rerankkit.errors import InputError
from rerankkit.types import Document

TWO = [{"id": "1", "contents": "red {fox} ]"}, {"id": "2", "contents": 'a "quoted" [fox\\'}]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "docs.json"


@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
@pytest.mark.parametrize("block", [1, 7, 1 << 18])
def test_an_array_is_its_objects(path, monkeypatch, indent, block):
    monkeypatch.setattr(forms, "BLOCK", block)
    path.write_text("\ufeff\n" + json.dumps(TWO, indent=indent, ensure_ascii=False) + "\n", "utf-8")
    assert [record for _, record in read_records(path)] == TWO


def test_objects_have_the_line_of_their_brace(path):
    path.write_text(json.dumps(TWO, indent=1))
    assert [line for line, _ in read_records(path)] == [2, 6]
    path.write_text("\n\n" + "\n\n".join(json.dumps(record, indent=1) for record in TWO))
    assert list(read_records(path)) == [(3, TWO[0]), (8, TWO[1])]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "json:1: not a document: '[]'"),
        ('[{"id": "1"}, 3]', "json:1: not a document: '3' (not an object)"),
        ('[{"id": "1"}\n{"id": "2"}]', "json:1: not a document: the array's brackets and commas do not match"),
        ('[{"id": "1"},\n{"id": "2"},\n]', "not a document: the array's brackets and commas do not match"),
        ('[{"id": "1"},\n{"id": "2"}', "not a document: the array's brackets and commas do not match"),
        ('[{"id": "1"},\n{"id": "2", "contents": "cut', "json:2: the file ends within a document"),
        ('[[{"id": "1"}]]', "json:1: not a document: the array's brackets and commas do not match"),
        (
            '[{"id": "1"},\n\n{"id": "2", "id": "3"}]',
            'json:3: not a document: \'{"id": "2", "id": "3"}\' (the key \'id\'',
        ),
        ('[{"id": NaN}]', "(NaN is not a JSON value)"),
        ('["1", "2"]', 'not a document: \'["1", "2"]\''),
        ('{\n"id": "1"\n', "json:1: the file ends within a document"),
        ('{\n"id": "1"\n}\noops', "json:4: not a document: 'oops' (not an object)"),
    ],
)
def test_what_is_wrong_with_an_array_is_told_with_its_line(path, text, message):
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        list(read_records(path))
    assert message in str(caught.value)


def test_an_array_that_is_not_utf8(path):
    path.write_bytes(b'[{"id": "1"},\n{"id": "\xff"}]')
    with pytest.raises(InputError, match=r"json:2: not UTF-8 \(byte 0xff\)"):
        list(read_records(path))


def test_an_array_of_one_long_line_is_read_in_parts(path, monkeypatch):
    monkeypatch.setattr(forms, "LONGEST_LINE", 2000)
    monkeypatch.setattr(forms, "BLOCK", 512)
    path.write_text(json.dumps([{"id": str(number), "contents": "x" * 900} for number in range(50)]))
    assert [record["id"] for _, record in read_records(path)] == [str(number) for number in range(50)]
    path.write_text(json.dumps([{"id": "1", "contents": "x" * 3000}]))
    with pytest.raises(InputError, match="not a document: over 2,000 bytes"):
        list(read_records(path))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("name", ["d.jsonl", "d.json", "d.bin"])
@pytest.mark.parametrize("text", ['{"id": "1", "text": "x"}\n', '[{"id": "1", "text": "x"}]', "1\tx\n"])
def test_form_and_packing_are_told_by_content(tmp_path, pack, name, text):
    path = tmp_path / name
    path.write_bytes(pack(text.encode()))
    assert [record for _, record in read_records(path)] == [{"id": "1", "text": "x"}]


@pytest.mark.parametrize(
    ("rows", "documents"),
    [
        ("0\tred fox\n1\t\n", [Document("0", "", "red fox"), Document("1", "", "")]),
        ("D1\thttp://x.org\tFox\tred fox\n", [Document("D1", "Fox", "red fox")]),
        ("id\ttext\n1\tred\n", [Document("1", "", "red")]),
        ('id\ttext\ttitle\n1\t"a ""red"" fox"\tFox\n', [Document("1", "Fox", 'a "red" fox')]),
        ("docid\turl\ttitle\tbody\nD1\tx\tT\tb\n", [Document("D1", "T", "b")]),
        ('1\t"all of it" is "quoted"\n', [Document("1", "", '"all of it" is "quoted"')]),
    ],
)
def test_tsv(tmp_path, rows, documents):
    (tmp_path / "collection.tsv").write_text(rows)
    assert [document for _, _, document in read_documents(tmp_path / "collection.tsv")] == documents


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1\t2\t3\n", "tsv:1: not a document: 3 columns"),
        ("q1\t0\td1\t1\n", "tsv:1: not a document: '0' is not a url"),
        ("qid\tquery\n1\tfox\n", "tsv:1: not documents: a column 'qid'"),
        ("query-id\tcorpus-id\tscore\n", "tsv:1: not documents: a column 'query-id'"),
        ("1048585\t7187158\n", "tsv:1: not a document: the text is the number 7187158"),
        ("1\tred\n2\tred\tfox\n", "tsv:2: not a document: 3 columns, where the first line has 2"),
        ("1\tred\n\tfox\n", "tsv:2: not a document: the id 'id' is empty"),
        ("one column\n", "tsv:1: not a document: 1 columns"),
    ],
)
def test_tables_that_hold_no_documents(tmp_path, rows, message):
    (tmp_path / "collection.tsv").write_text(rows)
    with pytest.raises(InputError) as caught:
        list(read_documents(tmp_path / "collection.tsv"))
    assert message in str(caught.value)


@pytest.mark.timeout(20)
def test_a_pipe_is_read_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_text(json.dumps(TWO)), daemon=True)
    writer.start()
    assert list(load_documents(tmp_path / "pipe")) == ["1", "2"]
