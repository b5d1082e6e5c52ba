"""Texts and tags."""

import pytest

from rerankkit.errors import InputError
from rerankkit.io.markup import Tag, Text, decoded, tokens


def parts(text: str) -> list[str]:
    """Texts as they are, tags by name, `/` before those that close."""
    return [
        token.text if isinstance(token, Text) else f"<{'/' * token.closes}{token.name}>" for token in tokens(text, "t")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a <b>c</b> d", ["a ", "<b>", "c", "</b>", " d"]),
        ("x<y in pipes", ["x<y in pipes"]),
        ("1 < 2 <3> <<b>", ["1 < 2 <3> <", "<b>"]),
        ("<!-- a <b> --><b>x<!-- y -->z", ["<b>", "x", "z"]),
        ("<?xml version='1.0'?><!DOCTYPE a><A>", ["<a>"]),
        ("<a><![CDATA[x & <b> y]]></a>", ["<a>", "x & <b> y", "</a>"]),
        ("<a b = \"1>2\" c='3' d=4>x", ["<a>", "x"]),
        ("<a b>x", ["<a b>x"]),
    ],
)
def test_texts_and_tags_in_their_order(text, expected):
    assert parts(text) == expected


def test_lines_attributes_and_beginnings_of_lines():
    found = list(tokens("\n <top Lang='en'>\nx <num n=1/>\n\n</top>", "t"))
    assert found == [
        Text(1, "\n "),
        Tag(2, "top", False, False, {"lang": "en"}, "<top Lang='en'>", True),
        Text(2, "\nx "),
        Tag(3, "num", False, True, {"n": "1"}, "<num n=1/>", False),
        Text(3, "\n\n"),
        Tag(5, "top", True, False, {}, "</top>", True),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R&D &amp; x &lt; y&gt;&quot;&apos;", "R&D & x < y>\"'"),
        ("caf&eacute;&#233;&#xE9;&#XE9;", "caféééé"),
        ("&amp;amp;", "&amp;"),
        ("&unknown; &; &#0; &#xD800; &#x110000; &copy", "&unknown; &; &#0; &#xD800; &#x110000; &copy"),
    ],
)
def test_entities_are_decoded_once(text, expected):
    assert decoded(text) == expected


BILLION = '<?xml version="1.0"?>\n<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>\n<top>&b;</top>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BILLION, "t:2: the document type declares entities or elements. Entities are not expanded"),
        ("a\n<!-- b", "t:2: '<!-- b' has no '-->'"),
        ("<![CDATA[ x", "t:1: '<!\\[CDATA\\[ x' has no ']]>'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text, message):
    with pytest.raises(InputError, match=message):
        parts(text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["<", "<a ", "<a b='", "&", "<a" + " " * 999, "<b c=d ", "<!---->"])
def test_a_million_odd_characters_are_read_in_linear_time(piece):
    text = piece * (1_000_000 // len(piece))
    assert "".join(parts(text)) == ("" if piece == "<!---->" else text)
