"""Topics in TREC's markup."""

import pytest

from rerankkit.errors import InputError
from rerankkit.io.trec_topics import read_trec_topics


def topics(path, content: str) -> dict[str, str]:
    path.write_text(content, "utf-8")
    return {qid: " ".join(text.split()) for _, qid, text in read_trec_topics(path)}


CLASSIC = """<top>
<head> Tipster Topic Description
<num> Number:  001
<dom> Domain:  International Economics
<title> Topic:  Antitrust Cases
 Pending

<desc> Description:
Document discusses a <b>pending</b> case, price < 100.
<con> Concept(s):
1. x
</top>

"""
ADHOC = """
<top>
<num> Number: 351
<title> R&D &amp; x<y in "vector<int>" &lt;b&gt;
<desc> Description: d
<narr> Narrative: n
</top>
"""
ONE_LINE = "<top lang='en'><num>7</num><title>a</title></top><top><num>8<title>b<desc>c</top>"
MICROBLOG = """<top>
<num> Number: MB001 </num>
<query> harbour staff </query>
<querytime> Tue Feb 08 </querytime>
<querytweettime> 3 </querytweettime>
</top>
"""
WEB = """<?xml version="1.0" encoding="UTF-8"?>
<webtrack2012>
<topic number="151" type="ambiguous">
  <query>403b</query>
  <description>What is a 403b plan?</description>
  <subtopic number="1" type="inf">What is a 403b plan?</subtopic>
</topic>
<topic number="152" type="faceted"><query>angular &amp; cheilitis</query></topic>
</webtrack2012>
"""
COVID = (
    '<topics task="COVIDSearch">\n<topic number="1"><query>origin</query><question>where</question></topic>\n</topics>'
)
CLINICAL = '<topics task="2021">\n<topic number="1">\nA 45-year-old man\nwith glioma\n</topic></topics>'
GALAGO = (
    "<parameters>\n<index>i</index>\n<query><number>301</number><text>organised crime</text></query>\n</parameters>"
)
EHEALTH = "<queries><query><id>q.1</id><title>thyroid</title><desc>d</desc></query></queries>"
IDS = '<queries>\n<query id="4">red fox</query>\n<query id="5">blue</query></queries>'
NTCIR = "<queries><query><qid>0001</qid><content>Halloween picture</content></query></queries>"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CLASSIC, {"1": "Antitrust Cases Pending"}),
        (ADHOC, {"351": 'R&D & x<y in "vector<int>" <b>'}),
        (CLASSIC + ADHOC, {"1": "Antitrust Cases Pending", "351": 'R&D & x<y in "vector<int>" <b>'}),
        (ONE_LINE, {"7": "a", "8": "b"}),
        (MICROBLOG, {"1": "harbour staff"}),
        (WEB, {"151": "403b", "152": "angular & cheilitis"}),
        (COVID, {"1": "origin"}),
        (CLINICAL, {"1": "A 45-year-old man with glioma"}),
        (GALAGO, {"301": "organised crime"}),
        (EHEALTH, {"q.1": "thyroid"}),
        (IDS, {"4": "red fox", "5": "blue"}),
        (NTCIR, {"1": "Halloween picture"}),
        ("<TOP>\n<NUM>000\n<TITLE>zero\n</TOP>", {"0": "zero"}),
        ("<topic number='05'><title><![CDATA[a <b> c]]></title></topic>", {"5": "a <b> c"}),
        ("<!-- note <top> --><top><num>1<title>a</top>", {"1": "a"}),
    ],
)
def test_topics_of_every_track(tmp_path, content, expected):
    assert topics(tmp_path / "t", content) == expected


def test_topics_come_with_the_lines_where_they_begin(tmp_path):
    (tmp_path / "t").write_text(CLASSIC + ADHOC)
    assert [line for line, _, _ in read_trec_topics(tmp_path / "t")] == [1, 15]


def test_the_next_topic_ends_one_that_is_not_closed(tmp_path, caplog):
    content = "<top>\n<num> 1\n<title> one\n<top>\n<num> 2\n<title> two\n</top>\n"
    assert topics(tmp_path / "t", content) == {"1": "one", "2": "two"}
    assert "t: 1 topics end without </top>, where the next begins" in caplog.text


def test_a_summary_is_the_query_where_there_is_no_title(tmp_path, caplog):
    content = '<topic number="1"><description>long</description><summary>short</summary></topic>'
    assert topics(tmp_path / "t", content) == {"1": "short"}
    assert "1 topics have no title: their summary is the query" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<top>\n<num>1\n<title>a\n</top>\n<top>\n<num>2\n<title>b\n", "t:5: the file ends inside the topic"),
        (
            "<top>\n<num>1\n<title>a\n</top>\n<top>\n<num>2\n<desc>b\n</top>",
            "t:5: a topic without title: it has <num>, <desc>",
        ),
        ("<top>\n<title>a\n</top>", "t:1: a topic without number"),
        ("<top>\n<num>1\n<num>2\n<title>a\n</top>", "t:3: a second <num>"),
        ("<top>\n<num>1\n<title>a\n<title>b\n</top>", "t:4: a second <title>"),
        ("<topic number='1'><num>2</num><title>a</title></topic>", "t:1: a topic of two numbers: 1, 2"),
        ("<top>\n<num>1\n<title>a\n<query>b\n</top>", "t:1: a topic with both <title> and <query>"),
        ("<num>1\n<title>a\n</top>", "t:1: <num> belongs to no topic"),
        ("<top>\n<num>1<title>a</top>\n</top>", "t:3: </top> without <top>"),
        ("<top>\n<num>1<title>a</top>\nstray", "t:3: text outside of topics: 'stray'"),
        ("preamble\n<top>\n<num>1<title>a</top>", "t:1: text outside of topics: 'preamble'"),
        ("<top>\n<num>1</num>\nstray\n<title>a</top>", "t:3: text in no field of its topic: 'stray'"),
        ("<top><num>1<title>a <b>bold</b> word</top>", "t:1: </b> inside <title>. Remove the tag, or write &lt;/b&gt;"),
        ("<topic number='1'/>", "t:1: a topic without a text"),
        ("<query><number>1</number><text>#combine(a b)</text></query>", "t:1: a query in Indri's language"),
        ("<top>" + "<x>" * 10_001, "t:1: more than 10,000 tags in a topic"),
    ],
)
def test_what_cannot_be_placed_is_refused_with_its_line(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        topics(tmp_path / "t", content)


@pytest.mark.timeout(20)
def test_many_spaces_are_read_at_once(tmp_path):
    content = f"<top>\n<num> Number: 1\n<title>{' ' * 400_000}x\n</top>\n"
    assert topics(tmp_path / "t", content) == {"1": "x"}
