"""A causal LLM with a score head as a graph that other runtimes take over: token ids in, one logit a pair out."""

from typing import Any

from torch import Tensor, nn


class CausalGraph(nn.Module):
    """What is exported of a causal LLM: its layers, and the head on the last real token or on the mean of all."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.pools_by_mean = hasattr(model, "pools_by_mean")

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits [pair, 1] of ids [pair, token]; the mask is 1 for real tokens, and padding stands on the right."""
        layers = self.model.base_model
        states = layers(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).last_hidden_state
        lengths = attention_mask.sum(1, keepdim=True)
        if self.pools_by_mean:
            return self.model.score((states * attention_mask[:, :, None]).sum(1) / lengths)
        last = (lengths - 1)[:, :, None].expand(-1, 1, states.shape[2])
        return self.model.score(states.gather(1, last)[:, 0])
