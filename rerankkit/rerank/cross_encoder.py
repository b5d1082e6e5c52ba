"""An encoder that reads query and document together, `[CLS] query [SEP] title. summary [SEP]`."""

from typing import Any

from rerankkit.rerank.checkpoint import check_length, load_sequence_classifier, positions, read_note
from rerankkit.rerank.pairs import Frame, Lengths, PairEncoder
from rerankkit.rerank.scorer import PairScorer, Scoring, keep_head_in_float32
from rerankkit.types import Document, Query


def document_text(document: Document) -> str:
    """`title. text`, or the one that is there."""
    return f"{document.title}. {document.text}" if document.title and document.text else document.title or document.text


def frame(tokenizer: Any) -> Frame:
    """The special tokens that the tokenizer puts around a pair, whatever its family."""
    one, two = (list(tokenizer(word, add_special_tokens=False)["input_ids"]) for word in ("one", "two"))
    pair = tokenizer("one", "two")
    ids = list(pair["input_ids"])
    at_one = next(at for at in range(len(ids)) if ids[at : at + len(one)] == one)
    at_two = next(at for at in reversed(range(len(ids))) if ids[at : at + len(two)] == two)
    return Frame(
        prefix=ids[:at_one],
        middle=ids[at_one + len(one) : at_two],
        suffix=ids[at_two + len(two) :],
        query_text=_query_text,
        document_text=document_text,
        segments=any(pair.get("token_type_ids") or ()),
    )


def _query_text(query: Query) -> str:
    return query.text


def name_padding(model: Any, tokenizer: Any) -> None:
    """Tells the model the tokenizer's padding token where its configuration names none."""
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id


def load(checkpoint: str, scoring: Scoring) -> PairScorer:
    """The Reranker of a checkpoint folder or Hugging Face id."""
    model, tokenizer = load_sequence_classifier(checkpoint)
    keep_head_in_float32(model)
    name_padding(model, tokenizer)
    note = read_note(checkpoint)
    kept = note.lengths if note else Lengths(min(512, tokenizer.model_max_length, positions(model) or 512))
    lengths = Lengths(scoring.max_length or kept.max_length, scoring.max_query_tokens or kept.max_query_tokens)
    check_length(model, lengths.max_length)
    return PairScorer(model, PairEncoder(tokenizer, frame(tokenizer), lengths), scoring)
