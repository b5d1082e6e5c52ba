"""Queries that are too long for their pairs: cut to half of the room and counted, or an error."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from rerankkit.errors import InputError
from rerankkit.rerank import cross_encoder, llm
from rerankkit.rerank.compiled import encoded, open_compiled
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.pairs import Lengths, Pair, PairEncoder
from rerankkit.rerank.scoring import Scoring
from rerankkit.types import Candidate, Document, Group, Query

# The tiny BERT's ids: [CLS] 2, [SEP] 3, red 5, green 6, cat 11, dog 12, bird 13, fish 14, full stop 53.
RED_CAT = Query("q7", "red cat")
DOG = Document("d", "dog", "bird fish")


@pytest.fixture(scope="module")
def bert(tiny_bert):
    return AutoTokenizer.from_pretrained(tiny_bert)


@pytest.fixture(scope="module")
def llama(tiny_llama):
    return AutoTokenizer.from_pretrained(tiny_llama)


def bert_encoder(tokenizer, *lengths: Any) -> PairEncoder:
    return PairEncoder(tokenizer, cross_encoder.frame(tokenizer), Lengths(*lengths))


def text_of(tokenizer, pair: Pair) -> str:
    return tokenizer.decode(pair.ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)


def test_a_query_that_leaves_no_room_is_named_where_that_is_an_error(bert):
    asked = Query("q9", "red green " * 5)
    encoder = bert_encoder(bert, 16, None, None, "error")
    with pytest.raises(InputError, match=r"query q9 has 10 tokens of the 13 that a pair may have") as caught:
        encoder.encode(asked, [DOG])
    assert "--long-queries cut" in caught.value.remedy
    (pair,) = bert_encoder(bert, 17, None, None, "error").encode(asked, [DOG])
    assert pair.ids == [2, *[5, 6] * 5, 3, 12, 53, 13, 14, 3]


def test_a_query_that_leaves_no_room_keeps_half_of_it(bert):
    """Of 16 tokens three are special: the query keeps 6 of 10 and leaves 7, of which the document needs 4."""
    encoder = bert_encoder(bert, 16)
    (pair,) = encoder.encode(Query("q9", "red green " * 5), [DOG])
    assert pair == Pair([2, *[5, 6] * 3, 3, 12, 53, 13, 14, 3], first=8)


def test_a_query_that_just_leaves_room_stays_whole(bert):
    """9 tokens of the 13 leave the document its 4; 10 would not."""
    (pair,) = bert_encoder(bert, 16).encode(Query("q9", "red green " * 4 + "red"), [DOG])
    assert pair.ids == [2, *[5, 6] * 4, 5, 3, 12, 53, 13, 14, 3]


def test_the_smallest_pair_keeps_one_token_of_a_long_query(bert):
    """8 tokens less three special ones: 4 are the document's, so that one is left and not the half, two."""
    (pair,) = bert_encoder(bert, 8).encode(Query("q9", "red green"), [DOG])
    assert pair.ids == [2, 5, 3, 12, 53, 13, 14, 3]


def test_a_long_query_of_an_llm_keeps_its_end(llama):
    """24 tokens less two special ones: the query keeps 11, the line break with them."""
    (pair,) = PairEncoder(llama, llm.frame(llama), Lengths(24)).encode(Query("q9", "red cat " * 20), [DOG])
    words = text_of(llama, Pair(pair.ids[: pair.first], 0))
    assert words == "<s>Query: red cat red cat red cat red cat\n"
    assert pair.first == 1 + 11
    assert pair.ids[-1] == llama.eos_token_id


def test_a_pair_without_room_for_query_and_document_is_refused(bert):
    """Seven special tokens leave one of 8; a query of one and a document of four need 12."""
    frame = replace(cross_encoder.frame(bert), middle=[3, 3, 3, 3, 3])
    with pytest.raises(InputError, match="--max-length 8 leaves query and document 1 tokens") as caught:
        PairEncoder(bert, frame, Lengths(8)).encode(RED_CAT, [DOG])
    assert caught.value.remedy == "Give at least 12"
    (pair,) = PairEncoder(bert, frame, Lengths(12)).encode(RED_CAT, [DOG])
    assert pair.ids == [2, 5, 3, 3, 3, 3, 3, 12, 53, 13, 14, 3]


def test_long_queries_that_were_cut_are_counted(bert, caplog):
    caplog.set_level("INFO", "rerankkit")
    encoder = bert_encoder(bert, 16)
    for query in (RED_CAT, Query("q8", "red green " * 5), Query("q9", "red green " * 6)):
        encoder.encode(query, [DOG])
    encoder.tell_cuts()
    assert caplog.messages == [
        "none of 3 pairs was cut to --max-length 16; "
        "2 of 3 queries were cut to 6 tokens to leave room in --max-length 16, by 10 tokens"
    ]


def test_only_strict_scores_have_a_key_of_their_own(bert):
    """A stored score of a cut query must not answer where a long query is to be an error."""
    kept, strict = bert_encoder(bert, 16).traits(), bert_encoder(bert, 16, None, None, "error").traits()
    assert kept.keys() == {"max_length", "max_query_tokens", "max_title_tokens", "template"}
    assert strict == {**kept, "long_queries": "error"}


def group(qid: str, text: str) -> Group:
    return Group(Query(qid, text), (Candidate(DOG, 0.0), Candidate(Document("e", "", "a red fish"), 0.0)))


def test_a_long_query_scores_as_its_first_tokens_do(bert_reranker):
    """Of 64 tokens less three, half is 30; queries that fit have the scores of a job without the long one."""
    words = "red green blue grey white " * 20
    long, short, fitting = group("q1", words), group("q2", " ".join(words.split()[:30])), group("q3", "grey dog")
    reranker = load_reranker(str(bert_reranker), Scoring("cpu"))
    of_long, of_short, of_fitting = reranker.score([long, short, fitting])
    (alone,) = load_reranker(str(bert_reranker), Scoring("cpu", long_queries="error")).score([fitting])
    assert of_long == pytest.approx(of_short, abs=1e-6)
    assert of_fitting == pytest.approx(alone, abs=1e-6)
    with pytest.raises(InputError, match="query q1 has 100 tokens of the 61"):
        list(load_reranker(str(bert_reranker), Scoring("cpu", long_queries="error")).score([fitting, long]))


def test_an_unknown_way_with_long_queries_is_refused():
    for kind in (Scoring, Lengths):
        with pytest.raises(InputError, match="unknown --long-queries 'drop'"):
            kind(long_queries="drop")


def test_a_score_that_is_no_number_names_its_pair_and_is_not_kept(bert_reranker):
    """The embedding of `fish` is broken: the first group's second document is the first one that has it."""
    reranker = load_reranker(str(bert_reranker), Scoring("cpu"))
    with torch.no_grad():
        reranker.model.get_input_embeddings().weight[14] = float("nan")
    seen = []
    reranker.on_batch = lambda places, scores: seen.extend(scores)
    documents = (Document("d1", "", "a dog"), Document("d2", "", "a fish"))
    asked = Group(Query("q4", "red"), tuple(Candidate(document, 0.0) for document in documents))
    with pytest.raises(InputError, match="query q4, document d2: the model's score is nan"):
        list(reranker.score([asked]))
    assert seen == []


def test_a_compiled_model_cuts_a_long_query_as_torch_does(compiled, bert_reranker):
    _, folder = compiled
    asked = [group("q1", "red green blue grey white " * 20)]
    (expected,) = load_reranker(str(bert_reranker), Scoring("cpu", "float32")).score(asked)
    (found,) = open_compiled(folder, Scoring("cpu")).score(asked)
    assert found == pytest.approx(expected, abs=1e-4)
    with pytest.raises(InputError, match="query q1 has 100 tokens of the 61"):
        list(open_compiled(folder, Scoring("cpu", long_queries="error")).score(asked))


def test_what_models_are_compared_by_is_not_counted(bert, caplog):
    caplog.set_level("INFO", "rerankkit")
    encoder = bert_encoder(bert, 16)
    group = Group(Query("q8", "red green " * 5), (Candidate(DOG, 1, 1.0),))
    (compared,) = encoded(encoder, [group])
    assert len(compared[0].ids) == 11  # a quarter of 16 for the query, three special tokens, the document's four
    assert (encoder.queries.texts, encoder.documents.texts, encoder.lengths) == (0, 0, Lengths(16))
    encoder.tell_cuts()
    assert caplog.messages == []
