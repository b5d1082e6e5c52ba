"""A causal LLM is asked yes or no: the difference of two logits of its whole head."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Gemma2Config

from rerankkit.errors import InputError
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scorer import PairScorer, Scoring
from rerankkit.rerank.yes_no import answers, document_text
from rerankkit.types import Candidate, Document, Group, Query

TEXTS = ("bird fish", "dog", "red green blue " * 5, "cat! fish!", "river stone apple", "")
GROUP = Group(Query("1", "red cat"), tuple(Candidate(Document(text, "dog", text), 0.0) for text in TEXTS))
PROMPT = "Query: red cat\nDocument: dog. bird fish\nRelevant (yes or no):"


def load(folder, **how) -> PairScorer:
    scorer = load_reranker(str(folder), Scoring("cpu", **how), folder.parent)
    assert isinstance(scorer, PairScorer)
    return scorer


@pytest.fixture(scope="module", params=["bos", "no bos, pad is eos", "capped logits"])
def folder(request, tiny_llama, smol_llama, tmp_path_factory):
    if request.param != "capped logits":
        return tiny_llama if request.param == "bos" else smol_llama
    folder = tmp_path_factory.mktemp("models") / "gemma2"
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    cap = {"final_logit_softcapping": 0.3, "num_key_value_heads": 1, "head_dim": 16, "initializer_range": 0.1}
    AutoModelForCausalLM.from_config(Gemma2Config(vocab_size=len(tokenizer), **sizes, **cap)).save_pretrained(folder)
    return folder


def test_the_prompt_to_the_letter(folder):
    scorer = load(folder)
    tokenizer = scorer.encoder.tokenizer
    (pair, *_) = scorer.encoder.encode(GROUP.query, [GROUP.candidates[0].document])
    question, (yes, no) = answers(tokenizer)
    text = tokenizer.decode(pair.ids, clean_up_tokenization_spaces=False)
    beginning = "<s>" if tokenizer("red")["input_ids"][0] == tokenizer.bos_token_id else ""
    assert text == f"{beginning}{PROMPT} "  # these tokenizers know no token of a space and a word like yes
    assert tokenizer.decode([yes]) + tokenizer.decode([no]) == "yn"
    assert pair.ids[-len(question) :] == question


def test_the_score_is_the_difference_of_two_logits_of_the_whole_head(folder):
    """Each pair alone, without padding, against transformers' own forward pass."""
    scorer = load(folder)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    _, (yes, no) = answers(scorer.encoder.tokenizer)
    expected = []
    for pair in scorer.encoder.encode(GROUP.query, [candidate.document for candidate in GROUP.candidates]):
        with torch.no_grad():
            logits = model(torch.tensor([pair.ids])).logits[0, -1]
        expected.append((logits[yes] - logits[no]).item())
    (scores,) = scorer.score([GROUP])
    assert scores == pytest.approx(expected, abs=1e-5)
    assert max(scores) - min(scores) > 0.01


def test_only_two_rows_of_the_head_are_there(folder):
    scorer = load(folder)
    assert scorer.model.model.get_output_embeddings().weight.shape == (2, 32)
    assert scorer.model.model.get_input_embeddings().num_embeddings > 2


def test_the_question_stays_where_the_document_is_cut(folder):
    scorer = load(folder, max_length=48)
    long = Document("d", "", "red green blue " * 50)
    (pair,) = scorer.encoder.encode(GROUP.query, [long])
    question, _ = answers(scorer.encoder.tokenizer)
    assert len(pair.ids) == 48
    assert pair.ids[-len(question) :] == question
    assert (scorer.encoder.documents.texts, scorer.encoder.documents.cut) == (1, 1)


def test_a_batch_that_does_not_fit_is_halved(folder, caplog):
    scorer = load(folder)
    (expected,) = scorer.score([GROUP])
    forward, sizes = scorer.model.forward, []

    def small(input_ids, **inputs):
        sizes.append(len(input_ids))
        if len(input_ids) > 3:
            raise torch.OutOfMemoryError
        return forward(input_ids, **inputs)

    scorer.model.forward = small
    (scores,) = scorer.score([GROUP])
    assert sizes[0] == 6
    assert sum(size for size in sizes if size <= 3) == 6
    assert scores == pytest.approx(expected, abs=1e-5)


def test_the_line_of_the_document():
    assert document_text(Document("d", "t", "s")) == "Document: t. s"
    assert document_text(Document("d", "", "s")) == "Document: s"


def test_answers_of_one_token_each_follow_the_question(tiny_llama):
    """As in tokenizers of real models, where ` yes` and ` no` are words."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    tokenizer.add_tokens([" yes", " no"])
    question, rows = answers(tokenizer)
    assert tokenizer.decode(question) == "\nRelevant (yes or no):"
    assert rows == [tokenizer.convert_tokens_to_ids(" yes"), tokenizer.convert_tokens_to_ids(" no")]


def test_a_tokenizer_that_does_not_tell_yes_from_no_is_refused():
    with pytest.raises(InputError, match="does not tell yes from no"):
        answers(lambda texts, **options: {"input_ids": [[1, 2, 3]] * len(texts)})


def test_a_length_beyond_the_models_positions_is_refused(tiny_llama):
    from transformers import GPT2Config

    folder = tiny_llama.parent / "tiny-gpt2"
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    tokenizer.save_pretrained(folder)
    config = GPT2Config(vocab_size=len(tokenizer), n_positions=64, n_embd=32, n_layer=2, n_head=2)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    with pytest.raises(InputError, match="--max-length 65 is more than the model's 64 positions"):
        load(folder, max_length=65)
    (scores,) = load(folder, max_length=64).score([GROUP])
    assert len(scores) == 6
