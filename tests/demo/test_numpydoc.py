import pytest

from rerankkit.demo.numpydoc import body, first_sentence, plain, sections, summary

DOCSTRING = """\
Sum the `~lib.array.elements` of
an array.

Second paragraph.

.. seealso:: :func:`mean`
    Averages the elements.

Parameters
----------
a : array
    What to sum.

See Also
--------
mean : Average of an array.

Notes
=====
Slow."""


def test_sections_keep_their_order_and_texts() -> None:
    assert [title for title, _ in sections(DOCSTRING)] == ["", "Parameters", "See Also", "Notes"]
    assert sections(DOCSTRING)[2][1] == "mean : Average of an array."


def test_a_rule_without_a_title_above_begins_no_section() -> None:
    assert sections("One.\n\n---\nTwo.") == [("", "One.\n\n---\nTwo.")]


def test_summary_is_the_first_paragraph_on_one_line() -> None:
    assert summary(DOCSTRING) == "Sum the elements of an array."
    assert summary(".. deprecated:: 1.0\n\nSums.") == "Sums."
    assert summary("") == ""


def test_body_leaves_out_the_summary_and_the_sections_named() -> None:
    text = body(DOCSTRING, frozenset({"see also"}), 2000)
    assert text == "Second paragraph.\nParameters: a : array What to sum.\nNotes: Slow."


def test_body_is_cut_between_words() -> None:
    assert body(DOCSTRING, frozenset(), 10) == "Second"
    assert body(DOCSTRING, frozenset(), 17) == "Second paragraph."


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (":func:`~scipy.fft.fft` and :meth:`norm <numpy.linalg.norm>`", "fft and norm"),
        ("all `.Artist`\\s", "all Artists"),
        ("``x * y * z`` and 2**x, *args, **kwargs", "x * y * z and 2**x, *args, **kwargs"),
        ("**bold** and *it*", "bold and it"),
        ("`numpy <https://numpy.org>`_ [1]_ |Axes|", "numpy Axes"),
        ("O(n\\ :sup:`2`)::\n\n    code", "O(n2): code"),
        ("Before.\n\n.. versionadded:: 1.2\n\nAfter.", "Before. After."),
        ("Before.\n\n.. seealso::\n\n    mean, sum\n\nAfter.", "Before. After."),
    ],
)
def test_plain_text(markup: str, text: str) -> None:
    assert plain(markup) == text


def test_first_sentence_ends_at_its_full_stop() -> None:
    assert first_sentence("Fit, e.g. A line. Then draw it.") == "Fit, e.g. A line."
    assert first_sentence("No stop at v1.2 here") == "No stop at v1.2 here"
