"""A causal LLM that scores a pair by the last token's hidden state (DisRanker, arXiv 2411.04539), or by their mean.

The text is `Query: {q}`, `Title: {t}`, `Summary: {s}` on a line each, then the end-of-sequence token: it alone has seen
all before it. Only the document is cut, so that query and end are always there.
"""

from dataclasses import replace
from typing import Any

import torch

from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import Note, check_length, load_sequence_classifier, quiet_transformers, read_note
from rerankkit.rerank.pairs import Frame, Lengths, PairEncoder
from rerankkit.rerank.prefix import CausalScorer
from rerankkit.rerank.scorer import keep_head_in_float32
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.texts import document_lines, query_line

PAD = "<|pad|>"
POOLINGS = ("last", "mean")


def frame(tokenizer: Any) -> Frame:
    """The beginning-of-sequence token, if the tokenizer puts one, and the end-of-sequence token.

    Raises InputError where the tokenizer has no end of sequence.
    """
    if tokenizer.eos_token_id is None:
        raise InputError("the tokenizer has no end-of-sequence token", "Name its eos_token in tokenizer_config.json")
    return Frame(beginning(tokenizer), [], [tokenizer.eos_token_id], query_line, document_lines, query_end=1)


def beginning(tokenizer: Any) -> list[int]:
    """The ids that the tokenizer puts before a text."""
    bare = tokenizer("one", add_special_tokens=False)["input_ids"]
    ids = tokenizer("one")["input_ids"]
    return ids[: ids.index(bare[0])]


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
        with quiet_transformers():
            model.resize_token_embeddings(len(tokenizer))
    tokenizer.padding_side = "right"
    model.config.pad_token_id = tokenizer.pad_token_id


class MeanPooling:
    """What makes a causal LLM with a score head pool the mean of all real tokens instead of the last one."""

    pools_by_mean = True

    def forward(
        self: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        before: torch.Tensor | None = None,
        **rest: Any,
    ) -> Any:
        """Logits [pair, 1] of the mean hidden state; `before` [pair, unit] is the sum over tokens that are cached."""
        from transformers.modeling_outputs import SequenceClassifierOutputWithPast

        rest = {"use_cache": False, **rest}
        states = self.base_model(input_ids=input_ids, attention_mask=attention_mask, **rest).last_hidden_state
        real = attention_mask[:, -input_ids.shape[1] :, None].float()
        total = (states.float() * real).sum(1)
        if before is not None:
            total = total + before
        return SequenceClassifierOutputWithPast(logits=self.score(total / attention_mask.sum(1, keepdim=True)))


def pool_by_mean(model: Any) -> None:
    """Makes the model pool by the mean; its class keeps its name, and with it what is saved."""
    kind = type(model)
    if not issubclass(kind, MeanPooling):
        model.__class__ = type(kind.__name__, (MeanPooling, kind), {"__module__": kind.__module__})


def prepare(model: Any, tokenizer: Any, note: Note) -> PairEncoder:
    """Fits model and tokenizer to each other as the note says, for training and scoring alike; returns the encoder.

    Raises InputError for an unknown pooling, and a title apart, which an LLM has on a line of its own.
    """
    if note.separate_title:
        raise InputError("--separate-title is for encoders", "An LLM reads title and summary on lines of their own")
    if note.pooling not in POOLINGS:
        raise InputError(f"unknown --pooling {note.pooling!r}", f"Known: {', '.join(POOLINGS)}")
    check_length(model, note.lengths.max_length)
    separate_pad(model, tokenizer)
    keep_head_in_float32(model)
    if note.pooling == "mean":
        pool_by_mean(model)
    return PairEncoder(tokenizer, frame(tokenizer), note.lengths)


def load(checkpoint: str, scoring: Scoring) -> CausalScorer:
    """The Reranker of a checkpoint folder or Hugging Face id."""
    model, tokenizer = load_sequence_classifier(checkpoint)
    note = read_note(checkpoint) or Note("llm", Lengths(min(512, tokenizer.model_max_length)))
    return CausalScorer(model, prepare(model, tokenizer, replace(note, lengths=scoring.lengths(note.lengths))), scoring)
