"""Patterns matched in linear time."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerankkit.check.patterns import LONGEST_TEXT, MOST_SETS, Pattern, character_class
from rerankkit.errors import InputError


@pytest.mark.parametrize(
    ("pattern", "taken", "refused"),
    [
        ("", [""], ["a"]),
        (r"D\d+", ["D1", "D٣", "D123"], ["", "D", "D1x", "xD1", "D1\n"]),
        ("^a|b$", ["a", "b"], ["ab", "", "aa"]),
        ("a^", [], ["a"]),
        ("$", [""], ["a"]),
        ("(?:ab?){2,3}", ["aa", "aba", "ababab"], ["a", "aaaa", "abb"]),
        ("a{0}b", ["b"], ["ab"]),
        ("a{2,}", ["aa", "aaaaa"], ["a", "aab"]),
        ("[^0-9a]", ["b", "é", "-"], ["a", "5", ""]),
        (r"[\w.-]+", ["a_b.c-9"], ["a b", ""]),
        (r"[\W]", ["-"], ["a"]),
        (".", ["a", "é"], ["\n", "ab"]),
        ("x??y*?", ["", "x", "xyy", "yy"], ["xx"]),
        (r"\.\[", [".["], ["a["]),
    ],
)
def test_whole_texts_match(pattern, taken, refused):
    assert [text for text in taken if not Pattern(pattern).matches(text)] == []
    assert [text for text in refused if Pattern(pattern).matches(text)] == []


PIECES = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "^", "$", ""]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,1}", "{2,}"])).map(
            lambda two: f"({two[0]}){two[1]}"
        ),
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(PIECES, st.text("abc", max_size=6))
def test_it_agrees_with_python_s_engine(pattern, text):
    assert Pattern(pattern).matches(text) is (re.fullmatch(pattern, text) is not None)


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        (r"(a)\1", "has back-references"),
        ("(a)(?(1)b|c)", "has back-references"),
        ("(?=a)a", "has look-around"),
        ("(?<!a)a", "has look-around"),
        (r"a\b", "has word boundaries"),
        ("(?i)a", "has flags"),
        ("(?i:a)", "has flags"),
        ("(?>a)", "has atomic groups"),
        ("a++", "has possessive repetitions"),
        ("(", "no pattern: missing"),
        ("a{99999999999999999999}", "no pattern: the repetition number is too large"),
        ("(" * 400 + ")" * 400, "no pattern|has too deep groups|states"),
        ("a" * 1001, "a pattern of 1,001 characters"),
        ("a{1,99999}", "has more than 500 states"),
        ("(){99999}", "has more than 500 states"),
    ],
)
def test_what_takes_no_linear_time_is_refused(pattern, problem):
    with pytest.raises(InputError, match=problem):
        Pattern(pattern)


@pytest.mark.timeout(20)
def test_the_number_of_steps_grows_with_the_text_alone():
    """Of `(a+)+b` each character is looked at by each of few states once, then never again."""
    pattern = Pattern("(a+)+b")
    looks = []
    for number, step in enumerate(pattern._steps):
        if step is not None:
            takes = step.takes
            looked = step._replace(takes=lambda character, takes=takes: looks.append(1) or takes(character))
            pattern._steps[number] = looked
    assert not pattern.matches("a" * LONGEST_TEXT)
    assert len(looks) < 2 * len(pattern._steps)


@pytest.mark.timeout(30)
def test_few_sets_are_kept_of_a_pattern_with_many():
    """`(a|b)*a(a|b){12}` has 2^13 sets of states."""
    pattern = Pattern("(a|b)*a(a|b){12}")
    for number in range(200):
        text = f"{number * 7919:040b}".replace("0", "a").replace("1", "b")
        assert pattern.matches(text) is (text[-13] == "a")
        assert len(pattern._sets) <= MOST_SETS


def test_a_text_too_long_for_an_id_does_not_match():
    assert Pattern("a*").matches("a" * LONGEST_TEXT)
    assert not Pattern("a*").matches("a" * (LONGEST_TEXT + 1))


@pytest.mark.parametrize("text", ["a](x+)+[b", "", "z-a", "^"])
def test_what_is_no_class_is_refused(text):
    with pytest.raises(InputError, match="no pattern"):
        character_class(text)


def test_a_class_takes_its_characters():
    assert list(map(character_class("A-C_."), "ABCD_.-")) == [True, True, True, False, True, True, False]
    assert list(map(character_class("x"), "xy")) == [True, False]
