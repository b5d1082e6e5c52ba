"""Where a sequence classifier has its score head: the attribute's name differs between model families."""

from typing import Any

from rerankkit.errors import InputError

NAMES = ("score", "classifier", "classification_head", "logits_proj", "sequence_summary")
"""In decoders; in most encoders; in encoder-decoders such as T5 and BART; in XLNet; in XLM."""


def head_name(model: Any) -> str:
    """The attribute that holds the score head; InputError where the model has none under a known name."""
    for name in NAMES:
        if getattr(model, name, None) is not None:
            return name
    raise InputError(
        f"the score head of {type(model).__name__} is not found",
        f"Give a model of a family whose head is called {', '.join(NAMES)}",
    )


def last_linear(model: Any) -> Any:
    """The linear layer of the head that gives the logits."""
    from torch import nn

    name = head_name(model)
    layers = [module for module in getattr(model, name).modules() if isinstance(module, nn.Linear)]
    if not layers:
        raise InputError(f"the score head {name} of {type(model).__name__} has no linear layer", "Give another model")
    return layers[-1]
