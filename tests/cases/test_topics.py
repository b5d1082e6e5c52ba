"""Topics of every shape that users bring: each query as its owner meant it, or a message with the line."""

from pathlib import Path

import pytest

from rerankkit.trec import read_topics

SPACES = " " * 40_000

TAKEN = [
    ("zeros.trec", "<top>\n<num> Number: 051\n<title> Topic: price of fish\n</top>\n", {"51": "price of fish"}),
    (
        "named.txt",
        "<top>\n<num> Number: 7\n<title> price of fish\n\n<desc> Description:\nWhat fish costs.\n</top>\n",
        {"7": "price of fish"},
    ),
    (
        "attribute.trec",
        "<top lang='en'>\n<num>7</num>\n<title>price &amp; R&amp;D</title>\n</top>\n"
        "<top lang='en'>\n<num>8</num>\n<title>price &lt; 100</title>\n</top>\n",
        {"7": "price & R&D", "8": "price < 100"},
    ),
    ("less.trec", "<top>\n<num> Number: 7\n<title> pressure x<y in pipes\n</top>\n", {"7": "pressure x<y in pipes"}),
    (
        "not-closed.trec",
        "<top>\n<num> Number: 1\n<title> one\n</top>\n<top>\n<num> Number: 2\n<title> two\n<top>\n<num> Number: 3\n"
        "<title> three\n</top>\n",
        {"1": "one", "2": "two", "3": "three"},
    ),
    (
        "microblog.trec",
        "<top>\n<num> Number: MB001 </num>\n<query> harbour staff </query>\n<querytime> Feb 08 </querytime>\n</top>\n",
        {"1": "harbour staff"},
    ),
    (
        "web.xml",
        '<topics>\n<topic number="1"><query>origin of rain</query><question>where from</question></topic>\n</topics>\n',
        {"1": "origin of rain"},
    ),
    ("spaces.trec", f"<top>\n<num> Number: 1\n<title>{SPACES}x\n</top>\n", {"1": "x"}),
    ("third.tsv", "1\tred fox\ta long description of it\n2\tblue fox\tnarrative\n", {"1": "red fox", "2": "blue fox"}),
    ("header.tsv", "qid\tquery\n1\tred fox\n2\tblue fox\n", {"1": "red fox", "2": "blue fox"}),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("name", "content", "queries"), TAKEN, ids=[name for name, _, _ in TAKEN])
def test_topics_are_read_as_their_owner_meant(run, name, content, queries):
    Path(name).write_text(content)
    assert {qid: query.text for qid, query in read_topics(name).items()} == queries
    Path("found.txt").write_text("".join(f"{qid} Q0 d1 1 1 t\n" for qid in queries))
    Path("judged.txt").write_text("".join(f"{qid} 0 d1 1\n" for qid in queries))
    output = run("evaluate", "found.txt", "--qrels", "judged.txt", "--topics", name, "--output", "json").output
    assert '"nDCG@10": 1.0' in output


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("third.tsv", "1\tred fox\ta long description of it\n2\tblue fox\tnarrative\n", "third"),
        ("header.tsv", "qid\tquery\n1\tred fox\n", "header"),
    ],
)
def test_what_is_left_out_is_said_once(run, fox_index, name, content, said, caplog):
    Path(name).write_text(content)
    run("retrieve", "--index", fox_index, "--topics", name, "--output", "found.txt")
    assert len([message for message in caplog.messages if name in message]) == 1
    assert said in caplog.text or "column" in caplog.text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cut.trec", "<top>\n<num> Number: 1\n<title> one\n</top>\n<top>\n<num> Number: 2\n<title> two\n", "cut.trec:"),
        ("twice.json", '{"1": {"title": "red fox"}, "1": {"title": "blue fox"}}', "'1' stands twice"),
        ("spaces.tsv", "a b\tred fox\n", "spaces.tsv:1:"),
        ("deep.json", '{"1":' * 5000, "nested more than"),
        ("deep.jsonl", "[" * 5000 + "\n", "deep.jsonl:1:"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(run, fox_index, name, content, message):
    Path(name).write_text(content)
    result = run("retrieve", "--index", fox_index, "--topics", name, "--output", "found.txt", code=2)
    assert message in result.output
    assert not Path("found.txt").exists()


def test_zeros_meet_the_qrels(run, fox_index):
    Path("topics.trec").write_text("<top>\n<num> Number: 051\n<title> Topic: red fox\n</top>\n")
    Path("judged.txt").write_text("51 0 d1 1\n")
    run("retrieve", "--index", fox_index, "--topics", "topics.trec", "--output", "found.txt")
    output = run("evaluate", "found.txt", "--qrels", "judged.txt", "--measures", "nDCG@10", "--output", "json").output
    assert '"nDCG@10": 1.0' in output
