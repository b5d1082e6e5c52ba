import gzip

import pytest

from rerankkit.collection.clicks import Click, read_clicks, write_clicks
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
        ("c.jsonl", '{"query": "q", "docid": "1", "rank": 0}'),
        ("c.jsonl", '{"query": "q", "docid": "1", "rank": "top"}'),
        ("c.tsv", "q"),
        ("c.tsv", "q\t1\t2\t3"),
        ("c.tsv", "q\t1\tmany"),
        ("c.jsonl", '{"query": "q", "docid": "1", "clicks": 1e400}'),
    ],
)
def test_a_malformed_line_names_file_and_line(tmp_path, name, line):
    good = "first\t1" if name.endswith("tsv") else '{"query": "first", "docid": "1"}'
    path = lines(tmp_path, name, good, line)
    with pytest.raises(InputError, match="Expected: ") as caught:
        list(read_clicks(path))
    assert (caught.value.path, caught.value.line) == (path, 2)


def test_the_rank_at_which_it_was_shown(tmp_path):
    path = lines(tmp_path, "c.tsv", "query\tdocid\tclicks\trank", "red\ta\t3\t2", "red\tb\t1", "red\tc\t1\t")
    assert list(read_clicks(path)) == [Click("red", "a", 3, None, 2), Click("red", "b"), Click("red", "c")]
    path = lines(
        tmp_path,
        "c.jsonl",
        '{"query": "red", "docid": "a", "rank": 7}',
        '{"query": "red", "title": "A", "summary": "", "clicks": 2, "rank": 1}',
    )
    text = Document("", "A", "")
    assert list(read_clicks(path)) == [Click("red", "a", 1, None, 7), Click("red", "", 2, text, 1)]


def test_clicks_are_written_as_they_are_read(tmp_path):
    write_clicks({"plum": {"1": 3, "2": 1}, "pear ü": {"1": 1}}, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text().splitlines()[2] == '{"query": "pear ü", "docid": "1", "clicks": 1}'
    assert list(read_clicks(tmp_path / "out.jsonl")) == [
        Click("plum", "1", 3),
        Click("plum", "2"),
        Click("pear ü", "1"),
    ]


@pytest.mark.parametrize(
    "odd",
    [
        '{"query": null, "docid": "1"}',
        '{"query": ["a"], "docid": "1"}',
        '{"query": "a", "docid": "1", "clicks": 2.9}',
        '{"query": "a", "docid": "1", "clicks": true}',
        '{"query": "a", "title": {"b": 1}, "summary": "c"}',
    ],
)
def test_what_is_no_text_or_no_whole_number_is_no_click(tmp_path, odd):
    path = tmp_path / "clicks.jsonl"
    path.write_text('{"query": "a", "docid": "1", "clicks": 2.0}\n' + odd + "\n")
    with pytest.raises(InputError, match=r"clicks.jsonl:2: not a click"):
        list(read_clicks(path))
