"""One record to a document."""

import pytest

from rerankkit.collection.record import document_of, title_and_text
from rerankkit.errors import InputError
from rerankkit.types import Document


@pytest.mark.parametrize(
    ("record", "document"),
    [
        (
            {"pid": "p_0_1", "passage": "red fox", "spans": "(0,7)", "docid": "doc_0"},
            Document("p_0_1", "", "red fox"),
        ),
        (
            {"url": "http://x", "title": "Fox", "headings": "Fox\nFood", "body": "eats mice", "docid": "D1"},
            Document("D1", "Fox", "eats mice"),
        ),
        (
            {"docid": "v2.1_doc#0", "url": "http://x", "title": "Fox", "headings": "", "segment": "eats mice"},
            Document("v2.1_doc#0", "Fox", "eats mice"),
        ),
        ({"id": "1", "contents": ["red fox", "eats mice"]}, Document("1", "", "red fox\neats mice")),
        ({"id": "1", "title": "Fox", "contents": ["Fox", None, "eats mice"]}, Document("1", "Fox", "eats mice")),
        ({"id": "1", "text": None, "contents": "red"}, Document("1", "", "red")),
        ({"id": "1", "text": " ", "contents": "red"}, Document("1", "", "red")),
        ({"id": "1", "text": [], "contents": "red"}, Document("1", "", "red")),
        ({"id": "1", "text": None}, Document("1", "", "")),
        ({"id": None, "_id": "2", "text": "x"}, Document("2", "", "x")),
        ({"doc_id": "3", "text": "x"}, Document("3", "", "x")),
        ({"docno": "FT-1", "text": "x"}, Document("FT-1", "", "x")),
        ({"id": 0, "text": "x"}, Document("0", "", "x")),
        ({"id": "1", "title": "Red", "text": "Redder fox"}, Document("1", "Red", "Redder fox")),
    ],
)
def test_forms_of_the_field(record, document):
    assert document_of(record) == document


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ([], "[] (not an object)"),
        (
            {"headline": "x", "text": "y"},
            "no id: none of id, _id, docid, doc_id, docno, pid; its keys are headline, text",
        ),
        (
            {"id": "1", "url": "x"},
            "no text: none of text, contents, content, passage, segment, body; its keys are id, url",
        ),
        ({}, "no id: none of id, _id, docid, doc_id, docno, pid; its keys are none"),
        ({"id": True, "text": "x"}, "the id 'id' is True, not a text or a whole number"),
        ({"id": 1.0, "text": "x"}, "the id 'id' is 1.0, not a text or a whole number"),
        ({"_id": {"$oid": "5f"}, "text": "x"}, "the id '_id' is {'$oid': '5f'}, not a text or a whole number"),
        ({"id": None, "text": "x"}, "the id 'id' is null"),
        ({"id": " ", "text": "x"}, "the id 'id' is empty"),
        ({"id": "1", "text": 3}, "the field 'text' is 3, not a text or a list of texts"),
        ({"id": "1", "text": False, "contents": "x"}, "the field 'text' is False, not a text or a list of texts"),
        ({"id": "1", "contents": [{"p": 1}]}, "the field 'contents' is [{'p': 1}], not a text or a list of texts"),
        ({"id": "1", "title": 1984, "text": "x"}, "the field 'title' is 1984, not a text or a list of texts"),
        ({str(key): 1 for key in range(20)}, "its keys are 0, 1, 2, 3, 4, 5, 6, 7, …"),
    ],
)
def test_a_message_names_the_field(record, problem):
    with pytest.raises(InputError) as caught:
        document_of(record, "d.jsonl", 4)
    assert str(caught.value).startswith("d.jsonl:4: not a document: ")
    assert problem in caught.value.problem


def test_title_and_text_of_a_stored_record():
    assert title_and_text({"title": None, "passage": "x"}) == ("", "x")
    with pytest.raises(ValueError, match="no text"):
        title_and_text({"title": "T"})
