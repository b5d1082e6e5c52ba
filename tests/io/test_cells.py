"""Foreign texts in tables."""

import csv
import io

import pytest

from rerankkit.io.cells import as_csv, csv_cell, escaped, latex_cell, markdown_cell


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-1+1|cmd", "'-1+1|cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1", "'＝1"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\tx", "'\tx"),
        ("\n=1", "'\n'=1"),
        ("  =1", "'  =1"),
        ('"=1', "'\"=1"),
        ('" =1', "'\" =1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("a;=1+1", "a;'=1+1"),
        ('a;"=1', "a;'\"=1"),
        ("a\n=1", "a\n'=1"),
        *((text, text) for text in ("", "a", "a=1", "run-1.txt", "a+b", "q@1", "a;b", "'=1", "bert (best)")),
        *((text, text) for text in ("-0.5", "+3", "1e-07", "-1.5E+3", ".5", "-12", "5.", "inf", "-inf", "nan")),
    ],
)
def test_no_cell_of_csv_is_a_formula(text, cell):
    assert csv_cell(text) == cell


def test_rows_as_csv_are_read_again():
    text = as_csv([["run", "p"], ["=1,2", "-0.5"], ['"', "a\nb"]])
    assert text == 'run,p\n"\'=1,2",-0.5\n"""","a\nb"'
    assert list(csv.reader(io.StringIO(text)))[1] == ["'=1,2", "-0.5"]


def test_no_cell_of_markdown_has_markup():
    assert markdown_cell("a_b.txt") == r"a\_b.txt"
    assert markdown_cell("![x](http://y) <b>|`*~#&$\\") == r"!\[x\](http://y) \<b\>\|\`\*\~\#\&\$\\"
    assert markdown_cell("a\n| b") == r"a\\n\| b"


def test_no_cell_of_latex_has_commands():
    assert latex_cell(r"\input{/etc/passwd}") == r"\textbackslash{}input\{/etc/passwd\}"
    assert latex_cell("a%b\n\\x & $y$ _ ^ ~ #") == (
        r"a\%b\textbackslash{}n\textbackslash{}x \& \$y\$ \_ \textasciicircum{} \textasciitilde{} \#"
    )


def test_unseen_characters_are_escaped():
    assert escaped("\x1b[2J\u202e\u200b\ud800é\n\t", "\n") == "\\x1b[2J\\u202e\\u200b\\ud800é\n\\t"
