import gzip

import pytest

from rerankkit.collection.clicks import Click, clicks_by_query, read_clicks, write_clicks
from rerankkit.errors import InputError
from rerankkit.types import Document


def lines(folder, name, *content):
    path = folder / name
    text = "".join(line + "\n" for line in content).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return path


def test_jsonl_with_docids_and_with_texts(tmp_path):
    path = lines(
        tmp_path,
        "clicks.jsonl",
        '{"query": "red  apples", "docid": "1", "clicks": 3}',
        '{"query": "red apples", "docid": 2}',
        '{"query": "plum", "title": "Plums ", "summary": "All of them"}',
        '{"query": "pear", "title": null, "summary": "Green"}',
    )
    assert list(read_clicks(path)) == [
        Click("red apples", "1", 3),
        Click("red apples", "2", 1),
        Click("plum", "", 1, Document("", "Plums", "All of them")),
        Click("pear", "", 1, Document("", "", "Green")),
    ]


def test_tsv_without_a_header(tmp_path):
    path = lines(tmp_path, "clicks.tsv", "red apples\t1\t3", "plum\t2")
    assert list(read_clicks(path)) == [Click("red apples", "1", 3), Click("plum", "2", 1)]


def test_tsv_with_headers_packed(tmp_path):
    path = lines(tmp_path, "clicks.tsv.gz", "query\tclicks\tdocid", "plum\t2\t7")
    assert list(read_clicks(path)) == [Click("plum", "7", 2)]
    path = lines(tmp_path, "texts.tsv", "query\ttitle\tsummary", "plum\tPlums\tAll of them")
    assert list(read_clicks(path)) == [Click("plum", "", 1, Document("", "Plums", "All of them"))]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("c.jsonl", "oops"),
        ("c.jsonl", "[]"),
        ("c.jsonl", "3"),
        ("c.jsonl", '{"docid": "1"}'),
        ("c.jsonl", '{"query": " ", "docid": "1"}'),
        ("c.jsonl", '{"query": "q"}'),
        ("c.jsonl", '{"query": "q", "title": "", "summary": ""}'),
        ("c.jsonl", '{"query": "q", "docid": "1", "clicks": 0}'),
        ("c.jsonl", '{"query": "q", "docid": "1", "clicks": "many"}'),
        ("c.tsv", "q"),
        ("c.tsv", "q\t1\t2\t3"),
        ("c.tsv", "q\t1\tmany"),
    ],
)
def test_a_malformed_line_names_file_and_line(tmp_path, name, line):
    good = "first\t1" if name.endswith("tsv") else '{"query": "first", "docid": "1"}'
    path = lines(tmp_path, name, good, line)
    with pytest.raises(InputError, match="Expected: ") as caught:
        list(read_clicks(path))
    assert (caught.value.path, caught.value.line) == (path, 2)


def test_clicks_are_added_up_and_written_back(tmp_path):
    path = lines(tmp_path, "clicks.tsv", "plum\t1\t2", "pear ü\t1", "plum\t2", "plum\t1")
    clicks = {"plum": {"1": 3, "2": 1}, "pear ü": {"1": 1}}
    assert clicks_by_query(path) == clicks
    write_clicks(clicks, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text().splitlines()[2] == '{"query": "pear ü", "docid": "1", "clicks": 1}'
    assert clicks_by_query(tmp_path / "out.jsonl") == clicks


def test_clicks_without_docids_cannot_be_joined(tmp_path):
    path = lines(tmp_path, "clicks.jsonl", '{"query": "plum", "title": "Plums", "summary": ""}')
    with pytest.raises(InputError, match="the click for 'plum' names no docid"):
        clicks_by_query(path)
