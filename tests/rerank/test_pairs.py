"""Token ids of query and document: what is cut, and what never."""

from dataclasses import replace
from itertools import product

import pytest
from transformers import AutoTokenizer

from rerankkit.errors import InputError
from rerankkit.rerank import cross_encoder, llm
from rerankkit.rerank.pairs import Lengths, Pair, PairEncoder
from rerankkit.types import Document, Query

# The tiny BERT's ids: [CLS] 2, [SEP] 3, red 5, green 6, cat 11, dog 12, bird 13, fish 14, full stop 53.
RED_CAT = Query("q7", "red cat")
DOG = Document("d", "dog", "bird fish")


@pytest.fixture(scope="module")
def bert(tiny_bert):
    return AutoTokenizer.from_pretrained(tiny_bert)


@pytest.fixture(scope="module")
def llama(tiny_llama):
    return AutoTokenizer.from_pretrained(tiny_llama)


def bert_encoder(tokenizer, *lengths: int | None, apart: bool = False) -> PairEncoder:
    frame = cross_encoder.frame(tokenizer)
    frame = replace(frame, separator=frame.middle if apart else None)
    return PairEncoder(tokenizer, frame, Lengths(*(lengths or (64,))))


def llama_encoder(tokenizer, *lengths: int | None) -> PairEncoder:
    return PairEncoder(tokenizer, llm.frame(tokenizer), Lengths(*(lengths or (64,))))


def text_of(tokenizer, pair: Pair) -> str:
    return tokenizer.decode(pair.ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)


def test_a_pair_for_bert_by_hand(bert):
    (pair,) = bert_encoder(bert).encode(RED_CAT, [DOG])
    assert pair == Pair([2, 5, 11, 3, 12, 53, 13, 14, 3], first=4)


def test_only_the_document_is_cut(bert):
    (pair,) = bert_encoder(bert, 9).encode(RED_CAT, [Document("d", "dog", "bird fish red green")])
    assert pair.ids == [2, 5, 11, 3, 12, 53, 13, 14, 3]


@pytest.mark.parametrize(("title", "text", "ids"), [("dog", "", [12]), ("", "bird fish", [13, 14])])
def test_an_empty_title_or_text_leaves_no_full_stop(bert, title, text, ids):
    (pair,) = bert_encoder(bert).encode(RED_CAT, [Document("d", title, text)])
    assert pair.ids == [2, 5, 11, 3, *ids, 3]


@pytest.mark.parametrize("max_length", [12, 16, 64])
def test_the_pieces_joined_are_the_tokenizers_own_pair(bert, max_length):
    """Also for words that fall into pieces, and cut as the tokenizer cuts the second text."""
    encoder = bert_encoder(bert, max_length)
    queries, texts = ("red", "zebra", "Cat, dog?"), ("dog. bird", "a zoological garden", "42 fish. " * 9, "!")
    for query, text in product(queries, texts):
        theirs = bert(query, text, truncation="only_second", max_length=max_length)
        (pair,) = encoder.encode(Query("1", query), [Document("d", "", text)])
        assert pair.ids == theirs["input_ids"]
        assert [int(place >= pair.first) for place in range(len(pair.ids))] == theirs["token_type_ids"]


def test_a_long_query_is_cut_where_that_was_asked_for(bert):
    encoder = bert_encoder(bert, 16, 3)
    (pair,) = encoder.encode(Query("q9", "red green " * 5), [DOG])
    assert pair == Pair([2, 5, 6, 5, 3, 12, 53, 13, 14, 3], first=5)


def test_an_llms_text_to_the_letter(llama):
    (pair,) = llama_encoder(llama).encode(RED_CAT, [DOG])
    assert text_of(llama, pair) == "<s>Query: red cat\nTitle: dog\nSummary: bird fish</s>"
    assert pair.ids.count(llama.eos_token_id) == 1
    assert text_of(llama, Pair(pair.ids[: pair.first], 0)) == "<s>Query: red cat\n"


@pytest.mark.parametrize(
    ("title", "text", "lines"), [("dog", "", "Title: dog"), ("", "bird fish", "Summary: bird fish")]
)
def test_an_llms_empty_line_is_dropped(llama, title, text, lines):
    (pair,) = llama_encoder(llama).encode(RED_CAT, [Document("d", title, text)])
    assert text_of(llama, pair) == f"<s>Query: red cat\n{lines}</s>"


def test_an_llm_keeps_query_and_end_when_the_document_is_cut(llama):
    (pair,) = llama_encoder(llama, 16).encode(RED_CAT, [Document("d", "dog", "bird fish " * 40)])
    assert len(pair.ids) == 16
    assert text_of(llama, pair) == "<s>Query: red cat\nTitle: dog\nSummary: bird fish bird</s>"


@pytest.mark.parametrize(
    ("most", "query"), [(5, "Query: red cat\n"), (4, "Query: red\n"), (1, "\n"), (9, "Query: red cat\n")]
)
def test_an_llms_query_keeps_its_line_break_when_it_is_cut(llama, most, query):
    """`Query`, `:`, ` red`, ` cat` and the line break are five tokens."""
    (pair,) = llama_encoder(llama, 64, most).encode(RED_CAT, [DOG])
    assert text_of(llama, pair) == f"<s>{query}Title: dog\nSummary: bird fish</s>"
    assert text_of(llama, Pair(pair.ids[: pair.first], 0)) == f"<s>{query}"


def test_an_llm_without_a_beginning_token(llama):
    llama = AutoTokenizer.from_pretrained(llama.name_or_path)
    from tokenizers.processors import ByteLevel

    llama.backend_tokenizer.post_processor = ByteLevel(trim_offsets=False)
    (pair,) = llama_encoder(llama).encode(RED_CAT, [DOG])
    assert text_of(llama, pair) == "Query: red cat\nTitle: dog\nSummary: bird fish</s>"


def test_texts_are_tokenized_once(bert):
    asked: list[str] = []

    class Counting:
        def __call__(self, texts, **options):
            asked.extend(texts)
            return bert(texts, **options)

    encoder = PairEncoder(Counting(), cross_encoder.frame(bert), Lengths(64))
    first = encoder.encode(RED_CAT, [DOG, Document("same text", "dog", "bird fish"), Document("e", "", "green")])
    again = encoder.encode(RED_CAT, [DOG])
    assert asked == ["red cat", "dog. bird fish", "green", "red cat"]
    assert first[0] == first[1] == again[0]


def test_a_full_cache_forgets_and_answers_the_same(bert, monkeypatch):
    monkeypatch.setattr("rerankkit.rerank.pairs.CACHE", 1)
    encoder, documents = bert_encoder(bert), [Document(word, "", word) for word in ("dog", "cat", "bird", "dog")]
    for _ in range(2):
        assert [pair.ids[4:-1] for pair in encoder.encode(RED_CAT, documents)] == [[12], [11], [13], [12]]


def test_what_was_kept_can_be_dropped(bert):
    asked: list[str] = []

    class Counting:
        def __call__(self, texts, **options):
            asked.extend(texts)
            return bert(texts, **options)

    encoder = PairEncoder(Counting(), cross_encoder.frame(bert), Lengths(64))
    first = encoder.encode(RED_CAT, [DOG])
    encoder.forget()
    assert encoder.encode(RED_CAT, [DOG]) == first
    assert asked == ["red cat", "dog. bird fish"] * 2


ASKED = [(7,), (0,), (64, 0), (64, 64), (64, -1), (64, None, 0), (64, None, 64), (64, 5, -1)]


@pytest.mark.parametrize("lengths", ASKED)
def test_budgets_that_cannot_be(lengths):
    with pytest.raises(InputError, match="--max-"):
        Lengths(*lengths)


# Titles cut before they are joined.


@pytest.mark.parametrize(
    ("title", "most", "ids"),
    [
        ("dog cat", 3, [12, 11]),
        ("dog cat", 2, [12, 11]),
        ("dog cat", 1, [12]),
        ("dog  cat bird", 2, [12, 11]),
        ("dog, cat", 2, [12, 54]),
        ("", 1, []),
    ],
)
def test_a_title_is_cut_before_it_is_joined(bert, title, most, ids):
    (pair,) = bert_encoder(bert, 64, None, most).encode(RED_CAT, [Document("d", title, "bird fish")])
    assert pair.ids == [2, 5, 11, 3, *ids, *([53] if ids else []), 13, 14, 3]


@pytest.mark.parametrize("most", [1, 2, 3, 4, 7])
def test_a_title_is_cut_inside_a_word_too(bert, most):
    """`zebra dog` is z, ##e, ##b, ##r, ##a, dog; what is left is encoded as it was in the whole title."""
    whole = bert("zebra dog", add_special_tokens=False)["input_ids"]
    (pair,) = bert_encoder(bert, 64, None, most).encode(RED_CAT, [Document("d", "zebra dog", "bird")])
    assert len(whole) == 6
    assert pair.ids == [2, 5, 11, 3, *whole[:most], 53, 13, 3]


@pytest.mark.parametrize(
    ("most", "title"), [(1, "red"), (2, "red green"), (3, "red green blue"), (9, "red green blue")]
)
def test_an_llms_title_is_cut_on_its_line(llama, most, title):
    """A word with the space before it is a token or more of this tokenizer, so that words are asked for by theirs."""
    tokens = len(llama(" ".join(["red", "green", "blue"][:most]), add_special_tokens=False)["input_ids"])
    (pair,) = llama_encoder(llama, 64, None, tokens).encode(RED_CAT, [Document("d", "red green blue", "bird")])
    assert text_of(llama, pair) == f"<s>Query: red cat\nTitle: {title}\nSummary: bird</s>"


def test_a_character_of_several_tokens_is_not_cut_in_half(llama):
    """In bytes, `é` is two tokens of this tokenizer."""
    count = len(llama("red", add_special_tokens=False)["input_ids"])
    assert len(llama("redé", add_special_tokens=False)["input_ids"]) == count + 2
    (pair,) = llama_encoder(llama, 64, None, count + 1).encode(RED_CAT, [Document("d", "redé cat", "bird")])
    assert text_of(llama, pair) == "<s>Query: red cat\nTitle: red\nSummary: bird</s>"


def test_titles_are_cut_once(bert):
    asked: list[str] = []

    class Counting:
        def __call__(self, texts, **options):
            asked.extend(texts)
            return bert(texts, **options)

    encoder = PairEncoder(Counting(), cross_encoder.frame(bert), Lengths(64, None, 1))
    one, two = Document("1", "dog cat", "bird"), Document("2", "dog bird", "bird")
    pairs = encoder.encode(RED_CAT, [one, two, one])
    assert encoder.encode(RED_CAT, [two]) == pairs[1:2]
    assert asked == ["red cat", "dog cat", "dog bird", "dog. bird", "red cat"]
    assert pairs[0] == pairs[1] == pairs[2]


# Title and summary apart.


@pytest.mark.parametrize(
    ("title", "text", "ids"),
    [("dog", "bird fish", [12, 3, 13, 14]), ("dog", "", [12]), ("", "bird fish", [13, 14]), ("", "", [])],
)
def test_title_and_summary_apart(bert, title, text, ids):
    (pair,) = bert_encoder(bert, 64, apart=True).encode(RED_CAT, [Document("d", title, text)])
    assert pair == Pair([2, 5, 11, 3, *ids, 3], first=4)


@pytest.mark.parametrize("max_length", [10, 12, 64])
def test_apart_is_the_tokenizers_own_pair_with_its_separator_between(bert, max_length):
    encoder = bert_encoder(bert, max_length, apart=True)
    for title, text in product(("dog", "zebra dog"), ("bird", "a zoo", "42 fish. " * 9)):
        theirs = bert("red cat", f"{title} [SEP] {text}", truncation="only_second", max_length=max_length)
        (pair,) = encoder.encode(RED_CAT, [Document("d", title, text)])
        assert pair.ids == theirs["input_ids"]
        assert [int(place >= pair.first) for place in range(len(pair.ids))] == theirs["token_type_ids"]


def test_apart_the_title_is_cut_too(bert):
    encoder = bert_encoder(bert, 12, None, 2, apart=True)
    (pair,) = encoder.encode(RED_CAT, [Document("d", "zebra", "bird fish red green blue")])
    z, e = bert("zebra", add_special_tokens=False)["input_ids"][:2]
    assert pair.ids == [2, 5, 11, 3, z, e, 3, 13, 14, 5, 6, 3]
    assert (encoder.documents.texts, encoder.documents.cut) == (1, 1)


def test_apart_titles_and_summaries_are_tokenized_once(bert):
    asked: list[str] = []

    class Counting:
        def __call__(self, texts, **options):
            asked.extend(texts)
            return bert(texts, **options)

    frame = cross_encoder.frame(bert)
    encoder = PairEncoder(Counting(), replace(frame, separator=frame.middle), Lengths(64))
    encoder.encode(RED_CAT, [DOG, Document("e", "dog", "green")])
    encoder.encode(RED_CAT, [Document("f", "green", "bird fish")])
    assert asked == ["red cat", "dog", "bird fish", "green", "red cat"]


@pytest.mark.parametrize("title_tokens", [None, 1])
def test_few_ids_are_kept_however_many_documents_there_are(bert, monkeypatch, title_tokens):
    documents = [Document(str(number), "dog " * (1 + number), "bird " * (1 + number)) for number in range(12)]
    expected = bert_encoder(bert, 64, None, title_tokens).encode(RED_CAT, documents)
    monkeypatch.setattr("rerankkit.rerank.pairs.CACHE", 4)
    encoder = bert_encoder(bert, 64, None, title_tokens)
    found = [pair for document in documents * 2 for pair in encoder.encode(RED_CAT, [document])]
    assert found == expected * 2
    assert 0 < len(encoder._documents) <= 5
    assert encoder.encode(RED_CAT, documents) == expected
