"""A store before a reranker: the model is asked for what is new, in the order asked, and every batch is kept."""

import random
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.rerank import cross_encoder, llm
from rerankkit.rerank.bm25 import FirstStage
from rerankkit.rerank.cascade import hits_of, reordered
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.pairs import Frame
from rerankkit.rerank.prefix import CausalScorer
from rerankkit.rerank.scorer import Scoring
from rerankkit.rerank.store import Store, document_key, query_key
from rerankkit.rerank.stored import Stored
from rerankkit.roles import Batched, Storable
from rerankkit.types import Candidate, Document, Group, Query

WORDS = ["red", "green", "blue", "cat", "dog", "bird", "fish"]


def group(qid: str, texts: Iterable[str], query: str | None = None) -> Group:
    documents = [Document(f"{qid}/{i}", "", text) for i, text in enumerate(texts)]
    return Group(Query(qid, query or f"query {qid}"), tuple(Candidate(document, 0.0) for document in documents))


class Counting:
    """A Reranker that scores a text by its length and its query's, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.last_words = 0

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        for group in groups:
            texts = [candidate.document.text for candidate in group.candidates]
            self.asked.append((group.query.qid, texts))
            yield [len(text) + len(group.query.text) / 1000 for text in texts]
        self.last_words += 1

    def traits(self) -> dict[str, str]:
        return {"by": "length"}


GROUPS = [group("1", ["a", "bb", "ccc"]), group("2", []), group("3", ["bb", "dddd"])]
RESULT = [[1.007, 2.007, 3.007], [], [2.007, 4.007]]


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path / "s")) as opened:
        yield opened


def stored(reranker, store: Store) -> Stored:
    return Stored(reranker, store, store.identity("m", reranker.traits()))


def count(store: Store) -> int:
    return store.db.execute("SELECT count(*) FROM scores").fetchone()[0]


def test_what_the_store_lacks_is_scored_once_in_the_order_asked(store):
    first = stored(Counting(), store)
    assert list(first.score(iter(GROUPS))) == RESULT
    assert first.reranker.asked == [("1", ["a", "bb", "ccc"]), ("3", ["bb", "dddd"])]
    assert (first.found, first.computed, count(store)) == (0, 5, 5)
    again = stored(Counting(), store)
    assert list(again.score(iter(GROUPS))) == RESULT
    assert (again.reranker.asked, again.found, again.computed) == ([], 5, 0)


def test_a_greater_depth_costs_the_new_part(store):
    list(stored(Counting(), store).score([replace(one, candidates=one.candidates[:2]) for one in GROUPS]))
    deeper = stored(Counting(), store)
    first, *_ = deeper.score([group("1", ["ccc", "a", "ee", "bb"]), *GROUPS[1:]])
    assert first == [3.007, 1.007, 2.007, 2.007]
    assert deeper.reranker.asked == [("1", ["ccc", "ee"])]
    assert (deeper.found, deeper.computed) == (4, 2)


def test_a_pair_that_stands_twice_is_scored_once(store):
    """Two documents of one text, and two queries of one text, in a window and in the next."""
    twice = [group("1", ["a", "bb", "a"], "red"), group("2", ["bb", "ccc"], "red"), group("3", ["a"], "red")]
    asked = stored(Counting(), store)
    assert list(asked.score(twice)) == [[1.003, 2.003, 1.003], [2.003, 3.003], [1.003]]
    assert asked.reranker.asked == [("1", ["a", "bb"]), ("2", ["ccc"])]
    assert (asked.found, asked.computed, count(store)) == (3, 3, 3)


def test_finished_groups_come_before_later_ones_are_taken(store, monkeypatch):
    monkeypatch.setattr("rerankkit.rerank.stored.WINDOW", 3)
    taken: list[str] = []
    many = [group(str(i), ["a", "bb"]) for i in range(6)]
    scores = stored(Counting(), store).score(taken.append(one.query.qid) or one for one in many)
    assert next(scores) == [1.007, 2.007]
    assert taken == ["0", "1"]
    assert len(list(scores)) == 5


def test_the_last_word_is_said_once(store, monkeypatch):
    monkeypatch.setattr("rerankkit.rerank.stored.WINDOW", 1)
    reranker = Counting()
    assert len(list(hits_of(reordered(GROUPS, stored(reranker, store))))) == 3
    assert reranker.last_words == 1


def test_a_score_that_is_no_number_is_not_kept(store):
    class Breaking(Counting):
        def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
            return ([float("nan") if score > 3 else score for score in scores] for scores in super().score(groups))

    with pytest.raises(InputError, match="query 1, document 1/2: the model's score is nan"):
        list(hits_of(reordered(GROUPS, stored(Breaking(), store))))
    assert count(store) == 3


def test_who_says_too_few_scores_is_not_believed(store):
    class Short(Counting):
        def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
            return islice(super().score(groups), 1)

    with pytest.raises(ValueError, match="shorter"):
        list(stored(Short(), store).score(GROUPS))


def long_groups(number: int, size: int) -> list[Group]:
    """Documents of one to 30 words, none twice in a list."""
    chance = random.Random(3)
    return [
        group(str(i), [" ".join(chance.choices(WORDS, k=chance.randint(1, 30))) + f" {j}" for j in range(size)], query)
        for i, query in enumerate(" ".join(chance.choices(WORDS, k=3)) + f" {i}" for i in range(number))
    ]


@pytest.fixture(params=["bert", "llama"])
def model(request, bert_reranker, llama_reranker):
    """Loads the same reranker anew."""
    kind, folder = (
        (cross_encoder, bert_reranker) if request.param == "bert" else (llm, llama_reranker(pad_token="</s>"))
    )
    return lambda **how: kind.load(str(folder), Scoring("cpu", dtype="float32", batch_tokens=300, **how))


def test_a_models_batches_are_told_with_their_places(model, monkeypatch):
    """Over several windows, and where a batch is halved."""
    monkeypatch.setattr("rerankkit.rerank.batches.WINDOW", 20)
    asked, scorer = long_groups(4, 12), model()
    forward = scorer.model.forward

    def small(input_ids, **inputs):
        if len(input_ids) > 5:
            raise torch.OutOfMemoryError
        return forward(input_ids, **inputs)

    scorer.model.forward = small
    expected = [score for scores in scorer.score(asked) for score in scores]
    told: list[tuple[int, float]] = []
    sizes: list[int] = []

    def hear(places: Sequence[int], scores: Sequence[float]) -> None:
        told.extend(zip(places, scores, strict=True))
        sizes.append(len(places))

    scorer.on_batch = hear
    again = [score for scores in scorer.score(asked) for score in scores]
    assert again == pytest.approx(expected, abs=1e-5)
    assert [score for _, score in sorted(told)] == again
    assert (max(sizes) <= 5, sum(sizes), len(sizes) > 9) == (True, 48, True)


def test_a_model_stopped_at_any_batch_loses_that_batch_alone_and_goes_on_with_the_same_scores(model, tmp_path):
    """Bit by bit those of an uninterrupted run; an LLM's, whose prefixes follow from what is left, but for rounding."""
    asked, plain = long_groups(8, 100), model()
    within = 1e-5 if isinstance(plain, CausalScorer) else 0.0

    def same(scores, others):
        return all(one == pytest.approx(two, abs=within, rel=0) for one, two in zip(scores, others, strict=True))

    sizes: list[int] = []
    plain.on_batch = lambda places, scores: sizes.append(len(places))
    expected = list(plain.score(asked))
    assert sum(sizes) == 800
    done = 0
    with closing(Store(tmp_path / "s")) as store:
        for last in (1, 7, 30, len(sizes)):
            scorer = model()
            forward, left = scorer.model.forward, [last - done]
            if isinstance(scorer, CausalScorer):
                scorer.reuses = True  # it was tried before: one forward pass a batch

            def stopping(forward=forward, left=left, **inputs):
                left[0] -= 1
                if left[0] < 0:
                    raise KeyboardInterrupt
                return forward(**inputs)

            scorer.model.forward = stopping
            asking = stored(scorer, store)
            if last < len(sizes):
                with pytest.raises(KeyboardInterrupt):
                    list(asking.score(asked))
                assert scorer.on_batch is None
            else:
                assert same(list(asking.score(asked)), expected)
                assert asking.computed == 800 - sum(sizes[:done])
            done = last
            assert count(store) == sum(sizes[:done])
        idle = model()
        idle.model.forward = None
        assert same(list(stored(idle, store).score(asked)), expected)


def test_a_text_alone_tells_a_pair_whatever_its_ids(model, store):
    asked = long_groups(2, 5)
    expected = list(stored(model(), store).score(asked))
    renamed = [
        Group(
            Query(f"other {one.query.qid}", one.query.text),
            tuple(Candidate(two.document._replace(docid=f"x{i}"), 9.0) for i, two in enumerate(one.candidates[::-1])),
        )
        for one in asked
    ]
    idle = model()
    idle.model.forward = None
    assert [scores[::-1] for scores in stored(idle, store).score(renamed)] == expected


def test_lengths_and_precision_tell_scores_apart(model):
    every = [model(), model(max_length=40), model(max_query_tokens=9)]
    every.append(type(every[0])(every[0].model, every[0].encoder, Scoring("cpu", "bfloat16")))
    assert len({str(scorer.traits()) for scorer in every}) == 4
    assert model().traits() == model().traits()
    told = model().traits()
    assert (told["dtype"], told["device"], told["backend"], told["version"]) == ("float32", "cpu", "torch", 1)


def frame(document_text, **changed) -> Frame:
    return replace(Frame([1], [2], [3], lambda query: query.text, document_text), **changed)


def test_another_template_has_another_digest():
    def joined(document: Document) -> str:
        return f"{document.title}. {document.text}"

    plain = frame(joined)
    assert plain.digest() == frame(joined).digest()
    others = [
        frame(lambda document: document.text),
        frame(joined, separator=[2]),
        frame(joined, suffix=[]),
        frame(joined, query_text=lambda query: f"Query: {query.text}"),
    ]
    assert len({plain.digest(), *(other.digest() for other in others)}) == 5


def test_a_bi_encoder_is_kept_by_the_group_and_the_first_stage_not_at_all(bi_encoder, store):
    asked = long_groups(3, 6)
    scorer = load_reranker(str(bi_encoder), Scoring("cpu", dtype="float32"))
    assert isinstance(scorer, Storable)
    assert not isinstance(scorer, Batched)
    expected = list(scorer.score(asked))
    scores = stored(scorer, store).score(asked)
    assert next(scores) == expected[0]
    assert count(store) == 18  # one window
    assert list(scores) == expected[1:]
    idle = load_reranker(str(bi_encoder), Scoring("cpu", dtype="float32"))
    idle.model.forward = None
    assert list(stored(idle, store).score(asked)) == expected
    short = load_reranker(str(bi_encoder), Scoring("cpu", dtype="float32", max_length=8))
    assert short.traits() != scorer.traits()
    assert not isinstance(FirstStage(), Storable)


@pytest.fixture
def bi_encoder(tiny_bert, tmp_path):
    """A sentence-transformers folder of the tiny BERT."""
    import json

    folder = tmp_path / "bi"
    shutil.copytree(tiny_bert, folder)
    kinds = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    modules = [{"type": f"sentence_transformers.models.{kind}", "path": at} for kind, at in kinds.items()]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    return folder


def test_keys_are_those_that_join_an_export_with_texts(store):
    list(stored(Counting(), store).score(GROUPS[:1]))
    key = document_key(Document("any", "", "ccc"))
    assert store.find(1, query_key("query 1"), [key]) == {key: 3.007}
