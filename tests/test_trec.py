"""Run, qrels and topics files."""

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerankkit import trec
from rerankkit.errors import InputError
from rerankkit.run import Run
from rerankkit.trec import read_qrels, read_run, read_topics, write_qrels, write_run, write_topics
from rerankkit.types import Hit, Query


@pytest.fixture
def file(tmp_path):
    def make(name: str, text: str):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return make


@pytest.mark.parametrize("name", ["run.txt", "run.txt.gz"])
def test_six_columns_by_score_whatever_the_rank_column_says(file, name):
    run = read_run(file(name, "007 Q0 b 1 1.5 BM25\n7 Q0 a 1 2e-1 BM25\n007\tQ0  a 9 3 BM25\n"))
    assert dict(run) == {"007": (Hit("a", 3.0), Hit("b", 1.5)), "7": (Hit("a", 0.20000000298023224),)}
    assert run.tag == "BM25"


def test_ms_marco_columns_by_rank(file):
    run = read_run(file("run.msmarco.tsv", "1048585\t7187158\t2\n1048585\t7187157\t1\n"))
    assert run["1048585"] == (Hit("7187157", 1.0), Hit("7187158", 0.5))
    assert run.tag == "run"


@pytest.mark.parametrize(
    "line", ["1 Q0 d 1 high t", "1 Q0 d 1 2.0", "1 d -1", "1 d first", "1 Q0 d 1 2.0 my tag", "1 d"]
)
def test_a_malformed_run_line_is_told_with_its_place(file, line):
    with pytest.raises(InputError, match=r"run.txt:3: not a run line: .*Expected: qid Q0 docid rank score tag"):
        read_run(file("run.txt", f"1 Q0 a 1 2.0 t\n\n{line}\n"))


def test_nan_and_duplicates_in_a_run_file_are_told(file):
    with pytest.raises(InputError, match=r"run.txt:2: the score of query 9, document b is nan"):
        read_run(file("run.txt", "9 Q0 a 1 2.0 t\n9 Q0 b 2 nan t\n"))
    with pytest.raises(InputError, match=r"run.txt:2: query 9 has document a twice"):
        read_run(file("run.txt", "9 Q0 a 1 2.0 t\n9 Q0 a 2 1.0 t\n"))


def test_a_run_is_written_with_ranks_from_one_and_nine_digits(tmp_path):
    run = Run.ranked({"007": [("doc/é:1", 16.1), ("#2", 16.1), ("3", -1e-30)], "empty": []}, tag="mine")
    write_run(run, tmp_path / "run.txt")
    assert (tmp_path / "run.txt").read_text("utf-8") == (
        "007 Q0 doc/é:1 1 16.1000004 mine\n007 Q0 #2 2 16.0999985 mine\n007 Q0 3 3 -1e-30 mine\n"
    )
    assert read_run(tmp_path / "run.txt")["007"] == run["007"]


@pytest.mark.parametrize("suffix", ["txt", "txt.gz"])
def test_a_run_comes_back_as_it_was(tmp_path, suffix):
    scores = [3e38, 7.000000476837158, 7.0, 0.3333333432674408, 1.2e-38, 0.0, -2.5e-7, -3e38]
    run = Run.ranked({"q": [(f"d{i}", score) for i, score in enumerate(scores)]}, tag="t")
    write_run(run, tmp_path / f"run.{suffix}")
    back = read_run(tmp_path / f"run.{suffix}")
    assert (dict(back), back.tag) == (dict(run), "t")


@pytest.mark.parametrize(
    ("hits", "tag", "what"),
    [
        ({"q": [("a b", 1)]}, "t", "a docid"),
        ({"q": [("a\u00a0b", 1)]}, "t", "a docid"),
        ({"q": [("", 1)]}, "t", "a docid"),
        ({"q": [("a b", 2), ("", 1)]}, "t", "a docid"),
        ({"q 1": [("a", 1)]}, "t", "a query's id"),
        ({"q": [("a", 1)]}, "my model", "the tag"),
    ],
)
def test_what_would_break_the_columns_is_not_written(tmp_path, hits, tag, what):
    (tmp_path / "run.txt").write_text("old")
    with pytest.raises(InputError, match=f"{what} in a TREC file must be one word"):
        write_run(Run(hits, tag), tmp_path / "run.txt")
    assert (tmp_path / "run.txt").read_text() == "old"


FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(["7", "%s", "é"]), st.lists(FLOATS, max_size=9)), st.sampled_from([2, 1000]))
def test_lines_are_those_that_python_formats(tmp_path_factory, lists, depth):
    run = Run(
        {qid: [(f"{place}%d", score) for place, score in enumerate(scores)] for qid, scores in lists.items()}, "%"
    )
    path = tmp_path_factory.getbasetemp() / "formatted.txt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trec, "DEPTH", depth)
        write_run(run, path)
    assert path.read_text("utf-8") == "".join(
        f"{qid} Q0 {hit.docid} {rank} {hit.score:.9g} %\n" for qid in run for rank, hit in enumerate(run[qid], 1)
    )


@pytest.mark.parametrize("text", ["", "\n", " \n\u3000\n"])
def test_an_empty_run_file_is_told(file, text):
    with pytest.raises(InputError, match=r"run.txt: the file is empty"):
        read_run(file("run.txt", text))


def test_qrels_in_four_columns_and_in_beirs_three(file):
    expected = {"1": {"a": 3, "b": 0}, "02": {"c": -1}}
    assert read_qrels(file("qrels.txt", "1 0 a 3\n1 Q0 b 0\n02 0 c -1\n")) == expected
    assert read_qrels(file("t.tsv", "query-id\tcorpus-id\tscore\n1\ta\t3\n1\tb\t0\n02\tc\t-1\n")) == expected


@pytest.mark.parametrize("line", ["1 0 a", "1 0 a high", "1 a 2.5", "1 0 a 1 2", "1"])
def test_a_malformed_qrels_line_is_told_with_its_place(file, line):
    with pytest.raises(InputError, match=r"qrels.txt:2: not a qrels line: .*Expected: qid 0 docid grade"):
        read_qrels(file("qrels.txt", f"1 0 b 1\n{line}\n"))


def test_a_malformed_first_line_is_no_header(file):
    with pytest.raises(InputError, match=r"qrels.tsv:1: not a qrels line"):
        read_qrels(file("qrels.tsv", "1 a high\n1 b 2\n"))


def test_qrels_of_a_header_alone_hold_no_judgment(file):
    with pytest.raises(InputError, match="no judgment"):
        read_qrels(file("qrels.tsv", "query-id\tcorpus-id\tscore\n"))


def test_qrels_come_back_as_they_were(tmp_path):
    qrels = {"007": {"d": 2, "é": 0}, "7": {"d": -1}}
    write_qrels(qrels, tmp_path / "qrels.txt")
    assert (tmp_path / "qrels.txt").read_text("utf-8") == "007 0 d 2\n007 0 é 0\n7 0 d -1\n"
    assert read_qrels(tmp_path / "qrels.txt") == qrels
    with pytest.raises(InputError, match="a docid in a TREC file must be one word"):
        write_qrels({"1": {"a b": 1}}, tmp_path / "qrels.txt")
    assert read_qrels(tmp_path / "qrels.txt") == qrels


TREC_TOPICS = """<top>
<num> Number: 301
<title> International Organized
 Crime

<desc> Description:
Identify organizations.
</top>
<top><num>302</num><title>Polio &amp;amp; co</title></top>
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.tsv", "301\tInternational  Organized Crime \n302\tPolio &amp; co\n"),
        ("t.txt", "301\tInternational Organized Crime\n302\tPolio &amp; co\n"),
        ("t.tsv.gz", "301\tInternational Organized Crime\n302\tPolio &amp; co\n"),
        (
            "t.jsonl",
            '{"qid": "301", "title": "International Organized Crime"}\n{"_id": 302, "text": "Polio &amp; co"}\n',
        ),
        ("t.json", '{"301": {"title": "International Organized\\nCrime"},\n "302": "Polio &amp; co"}'),
        ("t.trec", TREC_TOPICS),
    ],
)
def test_topics_of_every_format(file, name, text):
    assert read_topics(file(name, text)) == {
        "301": Query("301", "International Organized Crime"),
        "302": Query("302", "Polio &amp; co"),
    }


def test_qids_that_look_like_integers_stay_text(file):
    assert list(read_topics(file("t.tsv", "007\ta\n7\tb\n"))) == ["007", "7"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.tsv", "1\ta\nno tab\n", "t.tsv:2: not a topics line: 'no tab'. Expected: qid<TAB>text"),
        ("t.tsv", "1\ta\n2\t  \n", "t.tsv:2: query 2 is empty"),
        ("t.tsv", "1\ta\n1\tb\n", "t.tsv:2: query 1 stands twice"),
        ("t.jsonl", '{"qid": "1", "title": "a"}\n{"title": "b"}\n', "t.jsonl:2: not a topic"),
        ("t.jsonl", "[1]\n", "t.jsonl:1: not a topic"),
        ("t.json", "[1]", "t.json: topic 1: not an object"),
        ("t.trec", "<top><num>1</num></top>", "t.trec:1: a topic without title: it has <num>"),
        ("t.trec", "nothing here", "t.trec:1: text outside of topics: 'nothing here'"),
        ("t.xml", "<a/>", "t.xml: no topic in the file"),
        ("t.csv", "1,a", "t.csv: unknown topics format '.csv'"),
    ],
)
def test_wrong_topics_are_told_with_their_place(file, name, text, message):
    with pytest.raises(InputError, match=message):
        read_topics(file(name, text))


def test_topics_come_back_as_they_were(tmp_path):
    topics = {"007": Query("007", "where is\tqueens  town"), "7": Query("7", "ü")}
    write_topics(topics, tmp_path / "t.tsv")
    assert (tmp_path / "t.tsv").read_text("utf-8") == "007\twhere is queens town\n7\tü\n"
    assert read_topics(tmp_path / "t.tsv")["007"] == Query("007", "where is queens town")


def test_a_nul_is_not_written_into_a_file_of_lines(tmp_path):
    write_topics({"7": Query("7", "red\0fox")}, tmp_path / "t.tsv")
    assert read_topics(tmp_path / "t.tsv") == {"7": Query("7", "red fox")}
    with pytest.raises(InputError, match=r"a docid in a TREC file must be one word: 'a\\x00b'"):
        write_run(Run({"7": [("a\0b", 1.0)]}, "t"), tmp_path / "run.txt")
    with pytest.raises(InputError, match="a query's id in a TREC file must be one word: '1 2'"):
        write_topics({"1 2": Query("1 2", "red")}, tmp_path / "t.tsv")


def test_of_two_grades_of_a_document_the_last_counts_and_is_told(file, caplog):
    assert read_qrels(file("q.txt", "1 0 a 2\n1 0 b 1\n1 0 b 1\n1 0 a 0\n")) == {"1": {"a": 0, "b": 1}}
    assert "q.txt:4: query 1, document a is 0 here, 2 before" in caplog.text
    assert "1 in all" in caplog.text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.jsonl", '{"qid": "1", "title": null, "text": "words"}\n'),
        ("t.jsonl", '{"qid": null, "text": "words"}\n'),
        ("t.json", '{"1": {"title": null}}\n'),
        ("t.json", '{"1": ["words"]}\n'),
    ],
)
def test_what_is_no_text_is_no_query(file, name, text):
    with pytest.raises(InputError, match=r"Expected: "):
        read_topics(file(name, text))
