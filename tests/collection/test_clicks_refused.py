"""Files that hold no clicks, headers, and counts that are ids."""

import os
import threading

import pytest

from rerankkit.collection.clicks import Click, read_clicks
from rerankkit.errors import InputError

GOOD = '{"query": "a", "docid": "1"}\n'


def read(path, content: str) -> list[Click]:
    path.write_text(content, "utf-8")
    return list(read_clicks(path))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[" * 100_000, "nested more than 200 deep"),
        ('{"query": "a", "docid": "1", "docid": "2"}', "the key 'docid' stands twice"),
        ('{"query": "a", "do', "column 16"),
        ('{"query": "a", "docid": "1", "clicks": Infinity}', "Infinity is not a JSON value"),
        ('{"query": "a", "docid": "1", "clicks": 1e999}', "clicks is inf, not a whole number"),
        ('{"query": "a", "docid": "1", "clicks": "1_0"}', "clicks is '1_0', not a whole number"),
        ('{"query": "a", "docid": "1", "clicks": "１"}', "clicks is '１', not a whole number"),
        ('{"query": "a", "docid": "1", "clicks": 1000000001}', "clicks is 1000000001, not from 1 to 1,000,000,000"),
        ('{"query": "a", "docid": "1", "clicks": 1' + "0" * 399 + "}", "clicks is 1000000"),
        ('{"query": "a", "docid": "1", "clicks": 1' + "0" * 400 + "}", "a number of 401 digits"),
        ('{"query": "a", "docid": "1", "clicks": -1}', "clicks is -1, not from 1 to"),
        ('{"query": "a", "docid": "1", "rank": 1000001}', "rank is 1000001, not from 1 to 1,000,000"),
        ('{"query": "a", "docid": "1 2"}', "the docid is '1 2', not one word"),
        ('{"query": "a", "docid": 1.5}', "the docid is 1.5, not one word"),
        ('{"docid": "1"}', "no query"),
        ("7", "not an object"),
    ],
)
def test_a_line_that_is_no_click_is_refused_with_the_reason(tmp_path, line, message):
    with pytest.raises(InputError, match=rf"c\.jsonl:2: not a click \(.*{message}"):
        read(tmp_path / "c.jsonl", GOOD + line + "\n")


@pytest.mark.parametrize("content", ["400001\t1540001\t3518001\n", "what is rain\t15\t2975\n", "1\t2\t1000\n"])
def test_id_triples_are_refused(tmp_path, content):
    with pytest.raises(InputError, match=r"c\.tsv:1: \d+ clicks, without a header .* looks like MS MARCO id triples"):
        read(tmp_path / "c.tsv", content)


def test_many_clicks_are_taken_where_a_header_names_them(tmp_path):
    assert read(tmp_path / "c.tsv", "query\tdocid\tclicks\nrain\t15\t2975\n") == [Click("rain", "15", 2975)]
    assert read(tmp_path / "c.tsv", "rain\t15\t999\n") == [Click("rain", "15", 999)]


@pytest.mark.parametrize(
    "header",
    ["query\tdocid\tcount", "query\tdocid\tdocid", "qid\tdocid\tclicks", "Query_ID\tpid", "query\tdoc\tclicks"],
)
def test_a_header_of_other_columns_is_refused(tmp_path, header):
    with pytest.raises(InputError, match=r"c\.tsv:1: a header of other columns: .*Known: query, docid, clicks"):
        read(tmp_path / "c.tsv", f"{header}\nrain\t15\t2\n")


def test_a_header_in_other_letters_is_taken(tmp_path):
    assert read(tmp_path / "c.tsv", "Query\tDocID\tClicks\nrain\t15\t2\n") == [Click("rain", "15", 2)]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("content", ['{"query": "rain", "docid": "15", "clicks": 2}\n', "rain\t15\t2\n"])
def test_clicks_from_a_pipe_are_told_by_content(tmp_path, content):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    threading.Thread(target=path.write_text, args=(content,), daemon=True).start()
    assert list(read_clicks(path)) == [Click("rain", "15", 2)]
