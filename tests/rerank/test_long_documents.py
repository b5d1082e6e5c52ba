"""Windows of long documents: where they lie, what a document's score is made of, and what is paid for twice."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from rerankkit.errors import InputError
from rerankkit.rerank.bm25 import FirstStage
from rerankkit.rerank.checkpoint import NOTE, Note
from rerankkit.rerank.long_documents import LongDocuments, Windows
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.pairs import Lengths
from rerankkit.rerank.scorer import PairScorer
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.store import Store
from rerankkit.rerank.stored import Stored
from rerankkit.types import Candidate, Document, Group, Query

SEVEN = Document("d", "the title", "red green blue cat, dog bird  fish")
"""Eight tokens of the tiny BERT, the comma one of them."""


def group(qid: str, *documents: Document) -> Group:
    return Group(Query(qid, f"red {qid}"), tuple(Candidate(document, 0.0) for document in documents))


class Words:
    """A Reranker that scores a text by the length of its longest word, and knows words for tokens."""

    max_length = 12

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        for one in groups:
            texts = [candidate.document.text for candidate in one.candidates]
            self.asked.append(texts)
            yield [max(map(len, text.split()), default=0) - 4.5 for text in texts]

    def spans(self, texts):
        found = []
        for text in texts:
            at, of_text = 0, []
            for word in text.split():
                at = text.index(word, at)
                of_text.append((at, at + len(word)))
                at += len(word)
            found.append(of_text)
        return found


def windowed(reranker, how: str = "maxp", window: int = 3, stride: int = 2) -> LongDocuments:
    return LongDocuments(reranker, reranker, Windows(how, window, stride))


@pytest.mark.parametrize(
    ("tokens", "window", "stride", "starts"),
    [
        (10, 4, 2, [0, 2, 4, 6]),
        (11, 4, 2, [0, 2, 4, 6, 8]),
        (4, 4, 2, [0]),
        (5, 4, 4, [0, 4]),
        (7, 3, 3, [0, 3, 6]),
        (0, 3, 1, [0]),
    ],
)
def test_the_last_window_holds_the_last_token(tokens, window, stride, starts):
    assert list(Windows("maxp", window, stride).starts(tokens)) == starts


@pytest.mark.parametrize(
    ("window", "stride", "texts"),
    [
        (3, 2, ["red green blue", "blue cat,", ", dog bird", "bird  fish"]),
        (4, 4, ["red green blue cat", ", dog bird  fish"]),
        (7, 7, ["red green blue cat, dog bird", "fish"]),
        (8, 1, [SEVEN.text]),
    ],
)
def test_windows_by_hand(tiny_bert, window, stride, texts):
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    (spans,) = tokenizer([SEVEN.text], add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    windows = Windows("maxp", window, stride).of_document(SEVEN, spans)
    assert windows == [Document("d", "the title", text) for text in texts]


def test_windows_of_bytes_keep_characters_whole(tiny_llama):
    """Of this tokenizer `é` is two tokens, and a space belongs to the word behind it."""
    text = "red é é cat"
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    (spans,) = tokenizer([text], add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    windows = Windows("maxp", 1, 1).of_document(Document("d", "", text), spans)
    assert len(windows) <= len(spans)
    assert set("".join(one.text for one in windows)) == set("redécat")
    assert all(one.text == one.text.strip() != "" for one in windows)


def test_a_document_has_its_best_window_or_their_sum():
    """Windows of three words, two on: `a bbbb cc`, `cc ddddd e`; `ff` stays whole."""
    asked = [
        group("1", Document("x", "t", "a bbbb cc ddddd e"), Document("y", "t", "ff")),
        group("2"),
        group("3", Document("z", "t", "")),
    ]
    for how, expected in (("maxp", [[0.5, -2.5], [], [-4.5]]), ("sump", [[0.0, -2.5], [], [-4.5]])):
        reranker = Words()
        assert list(windowed(reranker, how).score(iter(asked))) == expected
        assert reranker.asked == [["a bbbb cc", "cc ddddd e", "ff"], [], [""]]


def test_what_was_cut_is_told(caplog):
    caplog.set_level(logging.INFO, "rerankkit")
    list(windowed(Words()).score([group("1", Document("x", "t", "a bbbb cc ddddd e"), Document("y", "t", "ff"))]))
    assert caplog.messages == ["2 documents were scored by 3 windows of 3 tokens, stride 2"]


@pytest.fixture(params=["bert", "llama", "llama by mean"])
def folder(request, bert_reranker, llama_reranker) -> Path:
    if request.param == "bert":
        return bert_reranker
    made = llama_reranker(pad_token="</s>")
    if request.param != "llama":
        Note("llm", Lengths(96), pooling="mean").write(made)
        assert (made / NOTE).is_file()
    return made


LONG = [
    group("green", SEVEN, Document("e", "", "stone river")),
    group("blue", Document("f", "fish", "cat dog bird fish red green blue river stone")),
]


@pytest.mark.parametrize(("how", "aggregate"), [("maxp", max), ("sump", sum)])
def test_a_model_scores_each_window_with_the_title(folder, how, aggregate):
    """Against each window scored alone; all windows of both queries go in one batch."""
    scorer = load_reranker(str(folder), Scoring("cpu", dtype="float32"))
    assert isinstance(scorer, PairScorer)
    expected = []
    for one in LONG:
        of_documents = []
        for candidate in one.candidates:
            (spans,) = scorer.spans([candidate.document.text])
            windows = Windows(how, 3, 2).of_document(candidate.document, spans)
            assert len(windows) == 1 or len({window.text for window in windows}) > 1
            assert {window.title for window in windows} == {candidate.document.title}
            alone = [scorer.score([group(one.query.qid, window)]) for window in windows]
            of_documents.append(aggregate(score for scores in alone for (score,) in scores))
        expected.append(of_documents)
    sizes = []
    scorer.on_batch = lambda places, scores: sizes.append(len(places))
    found = list(windowed(scorer, how).score(LONG))
    assert len(sizes) == 1
    assert sizes[0] > 6
    for scores, theirs in zip(found, expected, strict=True):
        assert scores == pytest.approx(theirs, abs=1e-5)
    (whole,) = scorer.score(LONG[:1])
    assert abs(whole[0] - found[0][0]) > 1e-4


def test_behind_a_store_a_window_is_paid_for_once(bert_reranker, tmp_path):
    """Another aggregate costs nothing, another stride only the windows whose text is new."""
    scorer = load_reranker(str(bert_reranker), Scoring("cpu"))
    with closing(Store(tmp_path / "s")) as store:

        def paid(how: str, window: int, stride: int) -> tuple[int, int]:
            stored = Stored(scorer, store, store.identity("m", scorer.traits()))
            list(LongDocuments(stored, scorer, Windows(how, window, stride)).score(LONG))
            return stored.found, stored.computed

        # eight tokens: 0-4, 4-8; two tokens: one window; nine tokens: 0-4, 4-8, 8-9
        assert paid("maxp", 4, 4) == (0, 6)
        assert paid("sump", 4, 4) == (6, 0)
        # two on: 0-4, 2-6, 4-8 and 0-4, 2-6, 4-8, 6-9 (the last three tokens): three of them are new
        assert paid("maxp", 4, 2) == (5, 3)
        assert paid("maxp", 9, 9) == (1, 2)


def test_half_of_what_is_read_is_the_window():
    assert Windows.of("maxp", None, None, Words()) == Windows("maxp", 6, 3)
    assert Windows.of("sump", 5, None, Words()) == Windows("sump", 5, 2)
    assert Windows.of("sump", 1, None, Words()) == Windows("sump", 1, 1)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("maxp", 12, None), "--window 12 leaves no room for the query in --max-length 12"),
        (("maxp", 4, 5), "--stride 5 would leave text out between windows of 4 tokens"),
        (("avgp", 4, 2), "unknown --long-docs 'avgp'. Known: firstp, maxp, sump"),
    ],
)
def test_windows_that_cannot_be(given, told):
    with pytest.raises(InputError, match=told.replace(".", r"\.")):
        Windows.of(*given, Words())


def test_a_reranker_without_tokens_has_no_windows():
    with pytest.raises(InputError, match="needs a model that reads tokens"):
        Windows.of("maxp", None, None, FirstStage())
