import json

import pytest

from rerankkit.collection.indexing import IndexSettings, index_documents

DOCUMENTS = [
    {"id": "1", "title": "Red apples", "contents": "Grown in the north."},
    {"id": "2", "contents": "A plum tree 😀 and 漢字, no title."},
    {"id": "a/b|c:ü", "title": "Odd", "contents": "Odd\nsigns in the id, the title before the text"},
    {"id": "007", "title": "Only a title", "contents": ""},
    {"_id": 5, "title": "", "text": "BEIR's names, the id a number"},
]


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "docs.jsonl"
    path.write_text("".join(json.dumps(document) + "\n" for document in DOCUMENTS), "utf-8")
    return path


@pytest.fixture(scope="session")
def index(source, tmp_path_factory):
    """An index of five documents."""
    folder = tmp_path_factory.mktemp("indexes") / "tiny"
    assert index_documents(source, folder, IndexSettings(threads=2)).documents == 5
    return folder
