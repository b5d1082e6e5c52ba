"""A causal LLM without a score head, asked whether the document is relevant: no training, a baseline.

The score is logit(yes) - logit(no) of the next token (relevance generation, Liang et al. 2022, arXiv 2211.09110, as a
logit instead of a probability). Only these two rows of the language model's head are computed.
"""

import logging
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from rerankkit.errors import InputError
from rerankkit.rerank import llm, texts
from rerankkit.rerank.checkpoint import check_length, load_causal
from rerankkit.rerank.pairs import Frame, Lengths, PairEncoder
from rerankkit.rerank.prefix import CausalScorer
from rerankkit.rerank.scorer import Float32Head
from rerankkit.rerank.scoring import Scoring
from rerankkit.types import Document

log = logging.getLogger(__name__)

QUESTION = "\nRelevant (yes or no):"
ANSWERS = (" yes", " no")


def document_text(document: Document) -> str:
    """The line of title and text."""
    return f"Document: {texts.document_text(document)}"


def answers(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The question's ids, up to where its answers part, and the two ids that follow: yes and no.

    Raises InputError where the tokenizer does not tell the two apart.
    """
    texts = [QUESTION + answer for answer in ANSWERS]
    yes, no = tokenizer(texts, add_special_tokens=False)["input_ids"]
    for at, pair in enumerate(zip(yes, no, strict=False)):
        if pair[0] != pair[1]:
            return list(yes[:at]), list(pair)
    raise InputError("the tokenizer does not tell yes from no", "Train a score head instead: rerankkit sft")


class YesNo(nn.Module):
    """The LLM with the rows of two answers for a head: logits [pair, 1], the first's minus the second's."""

    def __init__(self, model: Any, rows: Sequence[int]) -> None:
        super().__init__()
        whole = model.get_output_embeddings()
        head = Float32Head(whole.in_features, 2, bias=whole.bias is not None)
        with torch.no_grad():
            head.weight.copy_(whole.weight[list(rows)])
            if whole.bias is not None:
                head.bias.copy_(whole.bias[list(rows)])
        model.set_output_embeddings(head)
        self.model, self.config = model, model.config

    @property
    def base_model(self) -> Any:
        """The layers without a head."""
        return self.model.base_model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **cached: Any) -> Any:
        """Logits at each pair's last token; padding stands on the right, and the mask begins with what is cached."""
        from transformers.modeling_outputs import SequenceClassifierOutput

        both = self.model(input_ids=input_ids, attention_mask=attention_mask, **{"use_cache": False, **cached}).logits
        last = attention_mask[:, -input_ids.shape[1] :].sum(1) - 1
        both = both[torch.arange(len(both), device=both.device), last].float()
        return SequenceClassifierOutput(logits=both[:, :1] - both[:, 1:])


def load(checkpoint: str, scoring: Scoring) -> CausalScorer:
    """The Reranker of a causal LLM's folder or Hugging Face id."""
    model, tokenizer = load_causal(checkpoint)
    lengths = scoring.lengths(Lengths(min(512, tokenizer.model_max_length)))
    check_length(model, lengths.max_length)
    question, rows = answers(tokenizer)
    log.warning(
        "%s is asked by rerankkit's prompt %r, and scored by logit(%r) - logit(%r) of the next token",
        *(checkpoint, f"Query: …\nDocument: …{QUESTION}", *ANSWERS),
    )
    around = Frame(llm.beginning(tokenizer), [], question, texts.query_line, document_text, query_end=1)
    if model.config.pad_token_id is None:  # which one does not matter: the mask tells where a pair ends
        model.config.pad_token_id = 0
    return CausalScorer(YesNo(model, rows), PairEncoder(tokenizer, around, lengths), scoring)
