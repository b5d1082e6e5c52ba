"""An encoder with a score head of sentence-transformers' modules, with the interface of a sequence classifier."""

import inspect
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rerankkit.rerank.sentence_folder import Module
from rerankkit.rerank.sentence_modules import Head, States


class Scores(nn.Module):
    """The head: a batch's token states to logits [pair, label], in float32 under autocast too."""

    def __init__(self, folder: Path, modules: tuple[Module, ...]) -> None:
        super().__init__()
        self.head = Head(folder, modules)

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        with torch.autocast(states.device.type, enabled=False):
            return self.head(States(states.float(), mask))


class Stacked(nn.Module):
    """Encoder and head."""

    def __init__(self, encoder: Any, folder: Path, modules: tuple[Module, ...]) -> None:
        super().__init__()
        self.encoder, self.config = encoder, encoder.config
        self.classifier = Scores(folder, modules)
        self.segments = "token_type_ids" in inspect.signature(encoder.forward).parameters

    @property
    def base_model(self) -> Any:
        """The encoder."""
        return self.encoder

    def get_input_embeddings(self) -> Any:
        """The encoder's embeddings of tokens."""
        return self.encoder.get_input_embeddings()

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> Any:
        """Logits of padded pairs."""
        from transformers.modeling_outputs import SequenceClassifierOutput

        rest = {"token_type_ids": token_type_ids} if self.segments and token_type_ids is not None else {}
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **rest).last_hidden_state
        return SequenceClassifierOutput(logits=self.classifier(states, attention_mask))
