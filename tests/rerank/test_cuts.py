"""Counting what did not fit."""

import logging
from dataclasses import replace

import pytest
from transformers import AutoTokenizer

from rerankkit.rerank import cross_encoder
from rerankkit.rerank.cuts import Tally
from rerankkit.rerank.pairs import Lengths, PairEncoder
from rerankkit.types import Document, Query

RED_CAT = Query("q7", "red cat")
DOG = Document("d", "dog", "bird fish")


@pytest.fixture(scope="module")
def bert(tiny_bert):
    return AutoTokenizer.from_pretrained(tiny_bert)


def encoder_of(tokenizer, *lengths: int | None, apart: bool = False) -> PairEncoder:
    frame = cross_encoder.frame(tokenizer)
    return PairEncoder(tokenizer, replace(frame, separator=frame.middle if apart else None), Lengths(*lengths))


def test_texts_that_fitted_and_texts_that_did_not():
    tally = Tally()
    for lost in (-3, 0, 1):
        tally.count(lost)
    assert tally == Tally(3, 1, 1)
    assert tally.told("pairs", "--max-length 9") == "1 of 3 pairs were cut to --max-length 9, by 1 token"
    tally.count(1234)
    assert tally.told("pairs", "--max-length 9") == "2 of 4 pairs were cut to --max-length 9, by 1,235 tokens"
    assert Tally(5).told("titles", "nothing") == "none of 5 titles was cut to nothing"


def test_cuts_are_counted_and_told(bert, caplog):
    """Five tokens are around and in the query, which leaves four: `dog. bird fish`."""
    caplog.set_level(logging.INFO, "rerankkit")
    encoder = encoder_of(bert, 9)
    encoder.tell_cuts()
    encoder.encode(RED_CAT, [])
    encoder.tell_cuts()
    assert caplog.messages == []
    encoder.encode(RED_CAT, [DOG])
    encoder.tell_cuts()
    encoder.encode(RED_CAT, [DOG, Document("d", "dog", "bird fish red"), Document("e", "", "red " * 500)])
    encoder.tell_cuts()
    assert caplog.messages == [
        "none of 1 pairs was cut to --max-length 9",
        "2 of 4 pairs were cut to --max-length 9, by 497 tokens",
    ]


def test_cut_queries_and_titles_are_told_apart(bert, caplog):
    """Two of the query's five tokens stay, and one of `dog cat`; the third title fits, an empty one is none."""
    caplog.set_level(logging.INFO, "rerankkit")
    encoder = encoder_of(bert, 12, 2, 1)
    titles = ["dog cat", "dog cat", "dog", ""]
    encoder.encode(Query("1", "red cat dog bird fish"), [Document("d", title, "red " * 8) for title in titles])
    encoder.encode(RED_CAT, [DOG])
    encoder.tell_cuts()
    # seven tokens for a document: three lists of `dog. red red …` have ten, the last one eight
    assert caplog.messages == [
        "4 of 5 pairs were cut to --max-length 12, by 10 tokens; "
        "1 of 2 queries were cut to --max-query-tokens 2, by 3 tokens; "
        "2 of 4 titles were cut to --max-title-tokens 1, by 2 tokens"
    ]


def test_what_is_cut_of_title_and_text_apart_is_counted_with_the_separator(bert):
    """Room for four: of `dog [SEP] bird fish red green` two tokens are lost."""
    encoder = encoder_of(bert, 9, apart=True)
    encoder.encode(RED_CAT, [Document("d", "dog", "bird fish red green")])
    assert (encoder.documents.cut, encoder.documents.tokens) == (1, 2)
