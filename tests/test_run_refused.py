"""Runs that are no runs, headers, and numbers that only Python reads."""

import os
import threading

import pytest

from rerankkit import run_lines
from rerankkit.errors import InputError
from rerankkit.trec import read_run, write_run

LARGE = [f"{query} Q0 d{rank} {rank} {1000 - rank}.5 tag\n" for query in range(60) for rank in range(1, 1001)]
"""More than one block, so that the last lines are read by column."""


def test_the_large_run_has_several_blocks():
    assert len("".join(LARGE)) > run_lines.BLOCK


def ranked(*lists: tuple[str, list[int]]) -> str:
    return "".join(f"{qid} d{rank}-{place} {rank}\n" for qid, ranks in lists for place, rank in enumerate(ranks))


@pytest.mark.parametrize("content", [ranked(("7", [2, 1, 3])), ranked(("7", [1, 4, 9]), ("8", [5])), "7 d 1\n"])
def test_three_columns_whose_third_is_a_rank(tmp_path, content):
    (tmp_path / "run.tsv").write_text(content)
    run = read_run(tmp_path / "run.tsv")
    assert sum(len(run.scores(qid)) for qid in run) == content.count("\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("400001\t1560001\t3518001\n662002\t193002\t2975002\n", "rank 3,518,001 in the list of query 400001"),
        ("4\t15\t3\n6\t19\t2\n", "no list has a rank 1"),
        ("4 15 1\n4 16 1\n", "query 4 has rank 1 twice"),
        ("7 a 0\n7 b 1\n", r"run.tsv:1: rank 0: '7 a 0'\. Ranks start at 1"),
        ("7 0 a 1\n", "run.tsv:1: a line of qrels, not of a run: '7 0 a 1'"),
        (
            "7 a 1\n7 Q0 b 2 1.5 t\n",
            "run.tsv:2: not a run line: '7 Q0 b 2 1.5 t' has 6 columns, the lines before have 3",
        ),
        ("7 Q0 a 1 1_000 t\n", "run.tsv:1: not a run line"),
        ("7 Q0 a 1 １ t\n", "run.tsv:1: not a run line"),
        ("7 a 1\n7 b ２\n", "run.tsv:2: not a run line"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path, content, message):
    (tmp_path / "run.tsv").write_text(content, "utf-8")
    with pytest.raises(InputError, match=message):
        read_run(tmp_path / "run.tsv")


@pytest.mark.parametrize("number", ["1_000", "１", "1_0.5", "１.５"])
def test_numbers_of_python_alone_are_refused_in_a_large_run(tmp_path, number):
    (tmp_path / "run.txt").write_text("".join([*LARGE, f"9 Q0 d 1 {number} t\n"]), "utf-8")
    with pytest.raises(InputError, match=r"run.txt:60001: not a run line"):
        read_run(tmp_path / "run.txt")


@pytest.mark.parametrize("number", ["1_000", "１", "1.0"])
def test_ranks_of_python_alone_are_refused_in_a_large_run(tmp_path, number):
    lines = [f"{query} {rank} {rank}\n" for query in range(200) for rank in range(1, 1001)]
    (tmp_path / "run.txt").write_text("".join([*lines, f"200 d {number}\n"]), "utf-8")
    assert (tmp_path / "run.txt").stat().st_size > run_lines.BLOCK
    with pytest.raises(InputError, match=r"run.txt:200001: not a run line"):
        read_run(tmp_path / "run.txt")


def test_three_columns_after_blocks_of_six_are_refused(tmp_path):
    lines = [f"{query} {rank} {rank}\n" for query in range(200) for rank in range(1, 1001)]
    (tmp_path / "run.txt").write_text("".join([*LARGE, *lines]))
    with pytest.raises(InputError, match=r"run.txt:60001: not a run line: '0 1 1' has 3 columns"):
        read_run(tmp_path / "run.txt")


@pytest.mark.parametrize(
    "header", ["qid Q0 docid rank score tag", "query_id q0 doc_id rank score run", "Topic Q0 docno rank sim tag"]
)
def test_a_header_is_left_out_and_logged(tmp_path, caplog, header):
    (tmp_path / "run.txt").write_text(f"{header}\n1 Q0 d1 1 3 t\n")
    assert dict(read_run(tmp_path / "run.txt")) == {"1": (("d1", 3.0),)}
    assert f"run.txt:1: the line '{header}' is taken for a header" in caplog.text
    (tmp_path / "run.txt").write_text(f"1 Q0 d1 1 3 t\n{header}\n")
    with pytest.raises(InputError, match=r"run.txt:2: not a run line"):
        read_run(tmp_path / "run.txt")


def test_a_header_of_three_columns(tmp_path):
    (tmp_path / "run.tsv").write_text("qid\tdocid\trank\n1\td1\t1\n")
    assert dict(read_run(tmp_path / "run.tsv")) == {"1": (("d1", 1.0),)}
    (tmp_path / "run.tsv").write_text("qid\tdocid\trank\n")
    with pytest.raises(InputError, match="a header alone"):
        read_run(tmp_path / "run.tsv")


def test_a_name_that_is_not_utf8_makes_a_tag_that_is(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.tsv")
    path.write_text("1 d1 1\n")
    run = read_run(path)
    assert run.tag == "caf\ufffd"
    write_run(run, tmp_path / "out.txt")


@pytest.mark.timeout(20)
def test_a_run_from_a_pipe_is_not_opened_again_for_its_odd_line(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    threading.Thread(target=path.write_text, args=("9 Q0 a 1 2.0 t\n9 Q0 a 2 1.0 t\n",), daemon=True).start()
    with pytest.raises(InputError, match="fifo: query 9 has document a twice"):
        read_run(path)
