"""Topics in every format."""

import gzip
import os
import threading

import pytest

from rerankkit.errors import InputError
from rerankkit.io.topics import read_topic_records


def topics(path, content: str) -> dict[str, str]:
    path.write_text(content, "utf-8")
    return {qid: text.strip() for _, qid, text in read_topic_records(path)}


TREC = "\n<top>\n<num> Number: 051\n<title> a b\n</top>\n"


@pytest.mark.parametrize("name", ["t.txt", "t.tsv", "t.trec", "topics", "t.51-100", "t.json"])
def test_trec_topics_are_recognised_by_content(tmp_path, name):
    assert topics(tmp_path / name, TREC) == {"51": "a b"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("1\ta b\n", {"1": "a b"}),
        ('{"qid": 1, "title": "a"}\n{"qid": 2, "title": "b"}\n', {"1": "a", "2": "b"}),
        ('{"1": {"title": "a"},\n "2": "b"}', {"1": "a", "2": "b"}),
        ('[{"id": "1", "text": "a"}, {"id": "2", "text": "b"}]', {"1": "a", "2": "b"}),
    ],
)
def test_a_name_without_a_known_ending_is_no_hindrance(tmp_path, content, expected):
    assert topics(tmp_path / "topics", content) == expected


def test_json_lines_and_one_topic_under_the_name_of_json(tmp_path):
    two = '{"qid": "1", "title": "a"}\n{"qid": "2", "title": "b"}\n'
    assert topics(tmp_path / "t.json", two) == {"1": "a", "2": "b"}
    assert topics(tmp_path / "t.json", '{\n "qid": "1",\n "title": "a"\n}') == {"1": "a"}


def test_the_second_column_alone_is_the_query(tmp_path, caplog):
    content = "1\tred fox\tlong description\n2\tblue fox\tnarrative\tmore\n3\tgreen\t\n"
    assert topics(tmp_path / "t.tsv", content) == {"1": "red fox", "2": "blue fox", "3": "green"}
    assert caplog.text.count("have more than two columns") == 1
    assert "t.tsv:1: 2 lines have more than two columns: the second is the query, as in Anserini" in caplog.text


@pytest.mark.parametrize(
    "header", ["qid\tquery", "id\ttext", "query_id\tquery", "topic_id\ttitle", "Query-ID\tText\tNote"]
)
def test_a_header_is_not_searched_and_is_logged(tmp_path, caplog, header):
    assert topics(tmp_path / "t.tsv", f"{header}\n1\ta\n") == {"1": "a"}
    assert "is taken for a header, not for a query" in caplog.text


@pytest.mark.parametrize(
    "line", ["qid\twhat is a qid", "7\tquery", "q1\ttitle", "text\tquery", "topic\tquery text here"]
)
def test_a_query_that_a_header_resembles_is_kept(tmp_path, line, caplog):
    qid, text = line.split("\t")
    assert topics(tmp_path / "t.tsv", f"{line}\n1\ta\n") == {qid: text, "1": "a"}
    assert topics(tmp_path / "t.tsv", "1\ta\nqid\tquery\n") == {"1": "a", "qid": "query"}
    assert "header" not in caplog.text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.tsv", "1 2\ta\n", "t.tsv:1: the qid '1 2' has spaces"),
        ("t.tsv", " \ta\n", "t.tsv:1: not a topics line"),
        ("t.jsonl", '{"qid": "1 2", "title": "a"}\n', "t.jsonl:1: the qid '1 2' has spaces"),
        ("t.jsonl", '{"qid": " 1", "title": "a"}\n', "t.jsonl:1: the qid ' 1' has spaces"),
        ("t.jsonl", '{"qid": "", "title": "a"}\n', "t.jsonl:1: a topic with an empty qid"),
        ("t.jsonl", '{"qid": 1.5, "title": "a"}\n', "t.jsonl:1: not a topic \\(the qid is 1.5\\)"),
        ("t.jsonl", '{"title": "a"}\n', "t.jsonl:1: not a topic \\(none of the keys qid, id, _id, query_id\\)"),
        ("t.jsonl", '{"qid": "1"}\n', "t.jsonl:1: not a topic \\(none of the keys title, text, query\\)"),
        (
            "t.jsonl",
            '{"qid": "1", "qid": "2", "title": "a"}\n',
            "t.jsonl:1: not a topic \\(the key 'qid' stands twice\\)",
        ),
        ("t.jsonl", '{"qid": "1", "title": "a"}\n{"qid": "2", "ti', "t.jsonl:2: not a topic \\(.*column"),
        ("t.jsonl", '{"qid": "1", "title": NaN}\n', "t.jsonl:1: not a topic \\(NaN is not a JSON value\\)"),
        ("t.jsonl", "[" * 100_000 + "\n", "t.jsonl:1: not a topic \\(nested more than 200 deep\\)"),
        ("t.json", '{"1": {"title": "a"}, "1": {"title": "b"}}', "t.json: not topics: the key '1' stands twice"),
        ("t.json", '{"1": {"title": "a"},\n"2": {"tit', "t.json:2: not topics: "),
        ("t.json", '{"1 2": "a"}', "t.json: the qid '1 2' has spaces"),
        ("t.json", '{"": "a"}', "t.json: a topic with an empty qid"),
        ("t.json", '{"1": {"body": "a"}}', "t.json: query 1: none of the keys title, text, query"),
        ("t.json", '{"1": ' + "[" * 100_000, "t.json: not topics: nested more than 200 deep"),
        ("t.json", "7", "t.json: not topics: a int"),
        ("t.trec", "<top><num>1 2<title>a</top>", "t.trec:1: the qid '1 2' has spaces"),
        ("topics", "what is this", "topics: unknown topics format ''"),
    ],
)
def test_what_is_no_topic_is_refused_with_the_reason(tmp_path, name, content, message):
    with pytest.raises(InputError, match=message):
        topics(tmp_path / name, content)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("content", [b"1\ta b\n", TREC.encode(), b'{"1": "a b"}', gzip.compress(b"1\ta b\n")])
def test_topics_from_a_pipe(tmp_path, content):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(content,), daemon=True).start()
    assert [text.strip() for _, _, text in read_topic_records(path)] == ["a b"]
