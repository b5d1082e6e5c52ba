"""Near-duplicate queries."""

import random
import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerankkit.groups.overlap import distance, fold, near_duplicates, tokens
from rerankkit.types import Query


def found(text: str, *held_out: str) -> tuple[str, str] | None:
    """The held-out text that a query repeats, and how."""
    others = [Query(f"h{place}", other) for place, other in enumerate(held_out)]
    overlaps = list(near_duplicates([Query("1", text)], others))
    assert len(overlaps) < 2
    return (overlaps[0].held_out.text, overlaps[0].how) if overlaps else None


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  What's the   Weather, today? ", "whats the weather today"),
        ("STRASSE in München", "strasse in munchen"),
        ("Straße in Mu\u0308nchen", "strasse in munchen"),
        ("e-mail (work)", "e mail work"),
        ("C# or C++", "c# or c++"),
        ("ＦＵＬＬ　ｗｉｄｔｈ", "full width"),
        ("猫、狗。", "猫 狗"),
        ("がく", "がく"),
        ("हिन्दी", "हिन्दी"),
        ("Ёлка", "елка"),
        ("한국", "한국"),
        ("???", "???"),
    ],
)
def test_folding(text, folded):
    assert fold(text) == folded


@given(st.text(max_size=30))
def test_folding_ignores_case_of_letters_and_space_around(text):
    assert fold(f" {text}\n") == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


def test_words_and_pairs_of_characters():
    assert tokens("red cat red") == {"red", "cat"}
    assert tokens("鹦鹉吃鱼") == {"鹦鹉", "鹉吃", "吃鱼"}
    assert tokens("猫 iphone手机壳 2024年") == {"猫", "iphone", "手机", "机壳", "2024", "年"}
    assert tokens("") == frozenset()


@pytest.mark.parametrize(
    ("text", "other", "how"),
    [
        ("What is BM25?", "what is bm25", "same"),
        ("gutersloh", "Gütersloh", "same"),
        ("鹦鹉的生活习性是什么?", "鹦鹉的生活习性是什么", "same"),
        ("one two three four five", "five four three two one", "words"),
        ("one two three four five", "one two three four", "words"),
        ("one two three four", "one two three", None),
        ("鹦鹉为什么会跟着音乐跳舞", "鹦鹉为什么会跟着音乐跳", "words"),
        ("怎么给家里的小猫洗澡呢", "怎么给家里的小狗洗澡呢", None),
        ("email address", "e-mail adress", "letters"),
        ("symptoms of pneumonia", "symptoms of pneumonea", "letters"),
        ("symptoms of pneumonia", "symptoms of pnuemonia", None),
        ("symptoms of pneumonia", "symptoms of insomnia", None),
        ("iphone 14 screen protector", "iphone 15 screen protector", None),
        ("facebok", "facebook", None),
        ("e mail", "email", "letters"),
        ("c tutorial", "c++ tutorial", None),
        ("???", "!!!", None),
    ],
)
def test_pairs_by_hand(text, other, how):
    """Four of five words are enough, three of four are not; two swapped letters are two changes, of 19 one may be."""
    assert found(text, other) == (None if how is None else (other, how))


def test_the_nearest_is_named():
    text = "how to bake a good apple pie at home"
    held_out = ("how to bake a good apple pie at", "How to bake a good apple pie at home!", "at home")
    assert found(text, *held_out) == (held_out[1], "same")
    worse = "how to bake a good apple pie"
    assert found(text, worse + " at work", worse + " at home now") == (worse + " at home now", "words")
    assert found("abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwxy") == (
        "abcdefghijklmnopqrstuvwxy",
        "letters",
    )


def test_queries_come_in_their_order_each_once():
    queries = [Query("1", "red cat"), Query("2", "blue dog"), Query("3", "Red, cat")]
    overlaps = list(near_duplicates(queries, [Query("a", "red cat"), Query("b", "RED CAT")]))
    assert [(one.query.qid, one.held_out.qid) for one in overlaps] == [("1", "a"), ("3", "a")]
    assert list(near_duplicates(queries, [])) == []


@pytest.mark.parametrize(
    ("one", "two", "changes"),
    [("", "", 0), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("abc", "", 3), ("abc", "abc", 0), ("ab", "ba", 2)],
)
def test_the_distance_by_hand(one, two, changes):
    assert distance(one, two, 9) == distance(two, one, 9) == changes
    assert distance(one, two, 1) == min(changes, 2)


WORDS = ("a", "b", "c", "d", "e", "f", "g")


@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9), min_size=2, max_size=12))
def test_the_index_of_words_misses_nothing(lists):
    """As by comparing all pairs."""
    first, *others = [Query(str(place), " ".join(words)) for place, words in enumerate(lists)]
    mine = set(first.text.split())
    theirs = [set(other.text.split()) for other in others]
    near = any(5 * len(mine & one) >= 4 * len(mine | one) for one in theirs)
    overlaps = list(near_duplicates([first], others))
    assert near == (bool(overlaps) and overlaps[0].how != "letters")


@given(st.integers(0, 10**6), st.integers(5, 45), st.integers(0, 5))
def test_the_index_of_letters_misses_nothing(seed, length, changes):
    """A word with letters changed is found just where no more than one in ten, and three, are."""
    chance = random.Random(seed)
    one = "".join(chance.choices("abc", k=length))
    two = list(one)
    for _ in range(changes):
        place = chance.randrange(len(two))
        kind = chance.choice(["insert", "delete", "replace"])
        two[place : place + (kind != "insert")] = [] if kind == "delete" else [chance.choice("abcd")]
    other = "".join(two)
    apart = distance(one, other, 99)
    near = apart <= min(len(one) // 10, len(other) // 10, 3)
    assert (found(one, other) is not None) == near


def test_many_queries_take_no_time_for_each_pair():
    """Ten thousand against two thousand: twenty million pairs, of which few are compared."""
    chance = random.Random(3)
    words = ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(2, 9))) for _ in range(3000)]
    made = [f"how to {' '.join(chance.choices(words, k=chance.randint(3, 6)))}" for _ in range(12000)]
    held_out = [Query(f"h{i}", text) for i, text in enumerate(made[:2000])]
    queries = [Query(str(i), text) for i, text in enumerate([*made[2000:], *(text.upper() for text in made[:50])])]
    overlaps = list(near_duplicates(queries, held_out))
    assert {one.query.qid for one in overlaps} >= {str(10000 + i) for i in range(50)}
    assert len(overlaps) < 60
