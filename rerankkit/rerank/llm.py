"""A causal LLM that scores a pair by the last token's hidden state (DisRanker, arXiv 2411.04539).

The text is `Query: {q}`, `Title: {t}`, `Summary: {s}` on a line each, then the end-of-sequence token: it alone has seen
all before it. Only the document is cut, so that query and end are always there.
"""

from typing import Any

from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import load_sequence_classifier, read_note
from rerankkit.rerank.pairs import Frame, Lengths, PairEncoder
from rerankkit.rerank.scorer import PairScorer, Scoring, keep_head_in_float32
from rerankkit.types import Document, Query

PAD = "<|pad|>"


def query_text(query: Query) -> str:
    """The line that asks."""
    return f"Query: {query.text}\n"


def document_text(document: Document) -> str:
    """The lines of title and summary; what is empty has none."""
    lines = (f"Title: {document.title}" if document.title else "", f"Summary: {document.text}" if document.text else "")
    return "\n".join(line for line in lines if line)


def frame(tokenizer: Any) -> Frame:
    """The beginning-of-sequence token, if the tokenizer puts one, and the end-of-sequence token.

    Raises InputError where the tokenizer has no end of sequence.
    """
    if tokenizer.eos_token_id is None:
        raise InputError("the tokenizer has no end-of-sequence token", "Name its eos_token in tokenizer_config.json")
    bare = tokenizer("one", add_special_tokens=False)["input_ids"]
    ids = tokenizer("one")["input_ids"]
    prefix = ids[: ids.index(bare[0])]
    return Frame(prefix, [], [tokenizer.eos_token_id], query_text, document_text, query_end=1)


def separate_pad(model: Any, tokenizer: Any) -> None:
    """Gives model and tokenizer a padding token that is not the end of sequence.

    Hugging Face pools at the last token that is not padding: with pad = eos, the score would miss the end token.
    """
    taken = (None, tokenizer.eos_token_id)
    if tokenizer.pad_token_id in taken:
        spare = [t for t in (tokenizer.unk_token, *tokenizer.all_special_tokens) if t]
        spare = [t for t in spare if tokenizer.convert_tokens_to_ids(t) not in (*taken, tokenizer.bos_token_id)]
        tokenizer.pad_token = spare[0] if spare else PAD
        if not spare:
            tokenizer.add_special_tokens({"pad_token": PAD})
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer))
    tokenizer.padding_side = "right"
    model.config.pad_token_id = tokenizer.pad_token_id


def load(checkpoint: str, scoring: Scoring) -> PairScorer:
    """The Reranker of a checkpoint folder or Hugging Face id."""
    model, tokenizer = load_sequence_classifier(checkpoint)
    separate_pad(model, tokenizer)
    keep_head_in_float32(model)
    note = read_note(checkpoint)
    kept = note.lengths if note else Lengths(min(512, tokenizer.model_max_length))
    lengths = Lengths(scoring.max_length or kept.max_length, scoring.max_query_tokens or kept.max_query_tokens)
    return PairScorer(model, PairEncoder(tokenizer, frame(tokenizer), lengths), scoring)
