"""Lines of qrels files."""

import pytest

from rerankkit.errors import InputError
from rerankkit.io.qrels import read_judgments


def judged(path, content: str) -> list[tuple[int, str, str, int]]:
    path.write_text(content, "utf-8")
    return list(read_judgments(path))


@pytest.mark.parametrize(
    ("word", "grade"), [("1.0", 1), ("1", 1), ("+2", 2), ("-1.", -1), ("0.000", 0), ("1e1", 10), ("1000", 1000)]
)
def test_a_grade_is_a_whole_number_however_it_is_written(tmp_path, word, grade):
    assert judged(tmp_path / "q", f"1 0 d1 {word}\n") == [(1, "1", "d1", grade)]


@pytest.mark.parametrize("word", ["0.5", "high", "nan", "inf", "1_000", "１", "1,0", "0x1", "1e-1", "--1", "²"])
def test_what_is_no_whole_number_is_no_grade(tmp_path, word):
    with pytest.raises(InputError, match="q:2: not a qrels line: a grade is a whole number, not"):
        judged(tmp_path / "q", f"1 0 d1 1.0\n1 0 d2 {word}\n")


@pytest.mark.parametrize("word", ["1001", "-1001", "2147483648", "9223372036854775808", "1e300", "9" * 30])
def test_a_grade_above_1000_is_implausible(tmp_path, word):
    with pytest.raises(InputError, match=r"q:1: the grade .* is implausible: grades are at most 1,000"):
        judged(tmp_path / "q", f"1 0 d1 {word}\n")


@pytest.mark.parametrize(
    "header",
    [
        "query_id iteration doc_id relevance",
        "qid 0 docid grade",
        "Topic\tIter\tDocno\tRel",
        "query-id\tcorpus-id\tscore",
        "#qid docid label",
        "qid pid relevance",
    ],
)
def test_a_header_of_three_or_four_columns_is_recognised(tmp_path, header):
    line = "1 0 d1 900\n" if len(header.split()) == 4 else "1 d1 900\n"
    assert judged(tmp_path / "q", f"{header}\n{line}") == [(2, "1", "d1", 900)]
    with pytest.raises(InputError, match="q:2: not a qrels line"):
        judged(tmp_path / "q", f"{line.replace('900', '9')}{header}\n")


@pytest.mark.parametrize("header", ["corpus-id query-id score", "qid score docid", "qid docid rank grade", "a b score"])
def test_a_header_of_other_columns_is_refused(tmp_path, header):
    with pytest.raises(InputError, match="q:1: a header of other columns"):
        judged(tmp_path / "q", f"{header}\n1 d1 1\n")


def test_three_columns_without_a_header_are_taken_where_the_third_are_grades(tmp_path, caplog):
    assert judged(tmp_path / "q", "1 d1 3\n1 d2 0\n2 d1 -1\n") == [
        (1, "1", "d1", 3),
        (2, "1", "d2", 0),
        (3, "2", "d1", -1),
    ]
    assert caplog.text.count("three columns without a header are read as qid, docid, grade") == 1


@pytest.mark.parametrize("content", ["400001\t1540001\t3518001\n", "1 12 400\n", "1 12 3\n1 13 11\n"])
def test_id_triples_are_refused(tmp_path, content):
    line = content.count("\n")
    with pytest.raises(InputError, match=rf"q:{line}: three columns .* looks like MS MARCO id triples"):
        judged(tmp_path / "q", content)


def test_lines_of_another_width_and_runs_are_refused(tmp_path):
    with pytest.raises(InputError, match="q:2: not a qrels line: '1 d2 1' has 3 columns, the lines before have 4"):
        judged(tmp_path / "q", "1 0 d1 1\n1 d2 1\n")
    with pytest.raises(InputError, match="q:1: a line of a run, not of qrels"):
        judged(tmp_path / "q", "1 Q0 d1 1 2.5 t\n")
