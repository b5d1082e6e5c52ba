"""An encoder that reads query and document together, `[CLS] query [SEP] title. summary [SEP]`.

With the title apart, `[CLS] query [SEP] title [SEP] summary [SEP]`, both in the second segment.
"""

import inspect
import logging
from dataclasses import replace
from typing import Any

from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import (
    Note,
    check_length,
    load_sequence_classifier,
    positions,
    quiet_transformers,
    read_note,
)
from rerankkit.rerank.encoder import EncoderScorer
from rerankkit.rerank.graph import spare_last_layer
from rerankkit.rerank.pairs import Frame, Lengths, PairEncoder
from rerankkit.rerank.scorer import PairScorer, keep_head_in_float32
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.texts import document_text, query_text

LEFT_PADDED = ("xlnet",)
"""Model types whose score changes with padding on the right."""

log = logging.getLogger(__name__)


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
        query_text=query_text,
        document_text=document_text,
        segments=any(pair.get("token_type_ids") or ()),
    )


def name_padding(model: Any, tokenizer: Any) -> None:
    """Tells the model the tokenizer's padding token where its configuration names none.

    Where the tokenizer has none either, or one without an embedding, padding is a token of its own that no text holds:
    decoders read their score at the last token that is not padding.
    """
    rows = model.get_input_embeddings().num_embeddings
    if model.config.pad_token_id is None and (tokenizer.pad_token_id or 0) < rows:
        model.config.pad_token_id = tokenizer.pad_token_id
    if model.config.pad_token_id is not None:
        return
    unused = max(tokenizer.get_vocab().values()) + 1
    if unused >= rows:
        with quiet_transformers():
            model.resize_token_embeddings(unused + 1)
    model.config.pad_token_id = unused


def prepare(model: Any, tokenizer: Any, note: Note) -> PairEncoder:
    """Fits model and tokenizer to each other as the note says, for training and scoring alike; returns the encoder.

    Raises InputError for pooling that encoders do not have, and lengths beyond the model's positions.
    """
    if note.pooling != "last":
        raise InputError(f"--pooling {note.pooling} is for LLMs", "An encoder's score is read at its first token")
    if model.config.model_type in LEFT_PADDED:
        raise InputError(f"{model.config.model_type} pads on the left, which is not supported", "Give another encoder")
    check_length(model, note.lengths.max_length)
    name_padding(model, tokenizer)
    _check_ids(model, tokenizer)
    keep_head_in_float32(model)
    around = frame(tokenizer)
    separator = around.middle if note.separate_title else None
    segments = around.segments and knows_segments(model)
    return PairEncoder(tokenizer, replace(around, segments=segments, separator=separator), note.lengths)


def _check_ids(model: Any, tokenizer: Any) -> None:
    """Raises InputError for a tokenizer with more words than the model has embeddings: it is another model's."""
    rows = model.get_input_embeddings().num_embeddings
    used = [tokenizer.vocab_size - 1, model.config.pad_token_id, *tokenizer("one", "two")["input_ids"]]
    if not 0 <= max(used) < rows or min(used) < 0:
        raise InputError(
            f"the tokenizer has ids up to {max(used)}, the model has {rows} embeddings",
            "Put the tokenizer that the model was trained with into its folder",
        )


def knows_segments(model: Any) -> bool:
    """Whether a model tells two segments apart, whatever its tokenizer says."""
    takes = "token_type_ids" in inspect.signature(model.forward).parameters
    return takes and getattr(model.config, "type_vocab_size", 2) > 1


def load(checkpoint: str, scoring: Scoring) -> PairScorer:
    """The Reranker of a checkpoint folder or Hugging Face id."""
    model, tokenizer = load_sequence_classifier(checkpoint, scoring.label)
    most = min(512, tokenizer.model_max_length, positions(model) or 512)
    note = read_note(checkpoint) or Note("cross-encoder", Lengths(most))
    encoder = prepare(model, tokenizer, replace(note, lengths=scoring.lengths(note.lengths)))
    if not encoder.frame.middle:
        told = "%s: its tokenizer puts nothing between query and document, they are scored as one text: %r"
        log.warning(told, checkpoint, "{query}{title}. {text}")
    return EncoderScorer(spare_last_layer(model), encoder, scoring)
