"""Queries without labels, from titles, texts and logs."""

import pytest

from rerankkit.errors import InputError
from rerankkit.groups.queries import (
    Unheard,
    digest,
    log_queries,
    numbered,
    sample,
    shuffled,
    summary_query,
    title_query,
    without_site,
)
from rerankkit.types import Document, Query


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Red foxes eat 3.5 mice. They sleep.", "Red foxes eat 3.5 mice."),
        ("  What is it?\nA fox", "What is it?"),
        ("Line one\nline two", "Line one"),
        ("狐狸吃什么？老鼠。", "狐狸吃什么？"),
        ("one two three four five six seven", "one two three four five"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_the_first_sentence_of_a_text_cut(text, sentence):
    assert summary_query(Document("1", "title", text), 5) == sentence


def test_a_title_cut():
    assert title_query(Document("1", "a  red fox  eats", "text"), 3) == "a red fox"


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("Anna Friel - IMDb", "Anna Friel"),
        ("Chow-chow (Relish) – Wikipedia", "Chow-chow (Relish)"),
        ("newport | Jeff Geerling", "newport"),
        ("a - b - c", "a - b"),
        ("- IMDb", "- IMDb"),
        ("4G", "4G"),
    ],
)
def test_a_title_without_its_site(title, query):
    assert title_query(without_site(Document("1", title, "")), 9) == query


def test_a_plain_log_by_frequency(tmp_path):
    (tmp_path / "log.txt").write_text("Red fox\nplum\nred  fox!\npear\nPLUM\nred fox\n")
    assert log_queries(tmp_path / "log.txt") == ["Red fox", "plum", "pear"]


def test_a_click_logs_counts_are_added_up(tmp_path):
    (tmp_path / "log.tsv").write_text("plum\td1\t2\nred fox\td1\t3\nplum\td2\t2\n")
    assert log_queries(tmp_path / "log.tsv") == ["plum", "red fox"]
    (tmp_path / "log.jsonl").write_text(
        '{"query": "plum", "docid": "1"}\n{"query": "pear", "title": "Pears", "clicks": 2}'
    )
    assert log_queries(tmp_path / "log.jsonl") == ["pear", "plum"]


def test_a_log_that_is_no_click_file_is_told(tmp_path):
    (tmp_path / "log.tsv").write_text("plum\td1\nno tab\n")
    with pytest.raises(InputError, match=r"log\.tsv:2: 1 columns"):
        log_queries(tmp_path / "log.tsv")


def test_each_is_picked_once_and_no_near_duplicate_of_a_held_out_one():
    unheard = Unheard([Query("q1", "what do red foxes eat"), Query("q2", "plum")])
    texts = ["Pears", "", "What do red foxes eat?", "?!", "pears.", "eat what do foxes red", "C#", "c", "plums"]
    assert list(unheard.pick(texts)) == ["Pears", "C#", "c", "plums"]
    assert unheard.repeats == 2
    assert list(unheard.pick(["PEARS", "apples"])) == ["apples"]


def test_a_sample_is_in_order_by_the_seed_and_whole_where_it_can_be():
    drawn = sample(iter(range(1000)), 10, seed=3)
    assert drawn == sorted(drawn)
    assert len(set(drawn)) == 10
    assert drawn == sample(range(1000), 10, seed=3) != sample(range(1000), 10, seed=4)
    assert sample(range(5), 9, seed=0) == sample(range(5), None, seed=0) == [0, 1, 2, 3, 4]


def test_every_item_is_as_likely_as_another():
    """Of 4 items 2 are drawn: each in half of 2000 draws, five standard deviations being 112."""
    counts = [sum(item in sample(range(4), 2, seed) for seed in range(2000)) for item in range(4)]
    assert all(abs(count - 1000) < 112 for count in counts)


def test_shuffled_by_the_seed():
    assert sorted(shuffled(range(9), 1)) == list(range(9))
    assert shuffled(range(9), 1) == shuffled(range(9), 1) != shuffled(range(9), 2)


def test_a_digest_tells_texts_apart():
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest([Document("1", "a", "b")]) == digest(iter([Document("1", "a", "b")]))


def test_ids_count_on_over_those_taken():
    queries = numbered(["red", "green", "blue"], "ut", {"ut1", "ut3", "q9"})
    assert queries == {f"ut{i}": Query(f"ut{i}", text) for i, text in ((2, "red"), (4, "green"), (5, "blue"))}


@pytest.mark.parametrize(("texts", "prefix"), [([], "u"), (["red"], ""), (["red"], "u 1"), (["red"], " u")])
def test_no_query_and_no_prefix_are_refused(texts, prefix):
    with pytest.raises(InputError, match=r"no query is left|is no single word"):
        numbered(texts, prefix)


@pytest.mark.parametrize("line", ["7\tred fox", '{"query": "red fox"}'])
def test_columns_and_json_in_a_log_of_plain_queries_are_refused(tmp_path, line):
    (tmp_path / "log.txt").write_text(f"red fox\n{line}\n")
    with pytest.raises(InputError, match=r"log\.txt:2: not a query: .*clicks are in files that end in"):
        log_queries(tmp_path / "log.txt")
