"""The modules behind a bi-encoder's transformer, in float32: token states to a vector, and what follows it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rerankkit.errors import InputError
from rerankkit.rerank.sentence_folder import Module

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""The files of a module's weights; the first one that is there counts."""
LEAST = 1e-9
"""What a mean's divisor is at the least, where a prompt leaves no token."""


@dataclass
class States:
    """A batch's token states [text, token, unit], its mask [text, token], and all layers' states where asked for.

    `skipped` is how many tokens of a prompt are not pooled; padding stands on the right.
    """

    states: torch.Tensor
    mask: torch.Tensor
    layers: tuple[torch.Tensor, ...] = ()
    skipped: int = 0


Step = Callable[[torch.Tensor], torch.Tensor]
"""A vector [text, unit] to another one."""


class Head(nn.Module):
    """The modules behind the transformer."""

    def __init__(self, folder: Path, modules: tuple[Module, ...]) -> None:
        super().__init__()
        kinds = [module.kind for module in modules]
        at = kinds.index("Pooling")
        self.layers = _weighted_layers(folder, modules[0]) if at else None
        self.pooling = modules[at].settings
        self.steps = nn.ModuleList(MADE[module.kind](folder, module) for module in modules[at + 1 :])

    def forward(self, given: States) -> torch.Tensor:
        """The texts' vectors, [text, unit]."""
        if self.layers is not None:
            given.states = self.layers(given.layers)
        vectors = pooled(given, self.pooling["modes"], self.pooling["include_prompt"])
        for step in self.steps:
            vectors = step(vectors)
        return vectors


def pooled(given: States, modes: list[str], include_prompt: bool) -> torch.Tensor:
    """The vectors of each mode, one behind the other."""
    mask = given.mask
    if not include_prompt and given.skipped:
        mask = mask.clone()
        mask[:, : given.skipped] = 0
    return torch.cat([POOLED[mode](given.states, mask) for mode in modes], dim=1)


def _cls(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return states[torch.arange(len(states), device=states.device), mask.argmax(1)]


def _max(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return states.masked_fill(mask[:, :, None] == 0, float("-inf")).amax(1)


def _mean(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=LEAST)


def _mean_sqrt(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=LEAST).sqrt()


def _weighted_mean(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """A token weighs as much as its place, from 1; a prompt that is left out keeps its places."""
    weights = mask * torch.arange(1, mask.shape[1] + 1, device=mask.device)
    return (states * weights[:, :, None]).sum(1) / weights.sum(1, keepdim=True).clamp(min=LEAST)


def _last(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The last token's state; zeros where no token is left, as in sentence-transformers."""
    places = torch.arange(mask.shape[1], device=mask.device)
    last = (mask * places).argmax(1)
    rows = torch.arange(len(states), device=states.device)
    return states[rows, last] * mask[rows, last][:, None]


POOLED = {
    "cls": _cls,
    "max": _max,
    "mean": _mean,
    "mean_sqrt_len_tokens": _mean_sqrt,
    "weightedmean": _weighted_mean,
    "lasttoken": _last,
}


class Dense(nn.Module):
    """A linear layer with its activation, and where asked for its input added."""

    def __init__(self, folder: Path, module: Module) -> None:
        super().__init__()
        told = module.settings
        sizes = told["in_features"], told["out_features"]
        self.linear = nn.Linear(*sizes, bias=told["bias"])
        self.activation_function = getattr(nn, told["activation"])()
        self.use_residual = told["use_residual"]
        if self.use_residual and sizes[0] != sizes[1]:
            self.residual = nn.Linear(*sizes, bias=False)
        _fill(self, folder / module.path)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        found = self.activation_function(self.linear(vectors))
        if not self.use_residual:
            return found
        return found + (self.residual(vectors) if hasattr(self, "residual") else vectors)


class LayerNorm(nn.Module):
    """Layer normalisation of the vector."""

    def __init__(self, folder: Path, module: Module) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(module.settings["dimension"])
        _fill(self, folder / module.path)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return self.norm(vectors)


class Normalize(nn.Module):
    """The vector divided by its length."""

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return nn.functional.normalize(vectors, dim=-1)


class WeightedLayers(nn.Module):
    """Token states as the weighted mean of several layers' states."""

    def __init__(self, folder: Path, module: Module) -> None:
        super().__init__()
        told = module.settings
        self.start = told["layer_start"]
        self.layer_weights = nn.Parameter(torch.ones(told["num_hidden_layers"] + 1 - self.start))
        _fill(self, folder / module.path)

    def forward(self, layers: tuple[torch.Tensor, ...]) -> torch.Tensor:
        kept = torch.stack([layer.float() for layer in layers[self.start :]])
        if len(kept) != len(self.layer_weights):
            raise InputError(
                f"WeightedLayerPooling has weights for {len(self.layer_weights)} layers, the model gives {len(kept)}",
                "Save the bi-encoder again",
            )
        return (self.layer_weights[:, None, None, None] * kept).sum(0) / self.layer_weights.sum()


def _weighted_layers(folder: Path, module: Module) -> WeightedLayers:
    return WeightedLayers(folder, module)


MADE: dict[str, Callable[[Path, Module], nn.Module]] = {
    "Dense": Dense,
    "LayerNorm": LayerNorm,
    "Normalize": lambda folder, module: Normalize(),
    "Dropout": lambda folder, module: nn.Identity(),
}
"""How each kind of step is made; Dropout does nothing outside a training."""


def _fill(made: nn.Module, folder: Path) -> None:
    """Loads a module's weights; InputError where they are missing, broken, or of other sizes."""
    path = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if path is None:
        raise InputError(f"a {type(made).__name__} module without weights", f"Expected {' or '.join(WEIGHTS)}", folder)
    try:
        made.load_state_dict({name: tensor.float() for name, tensor in _weights(path).items()})
    except (RuntimeError, ValueError, AttributeError) as error:
        said = " ".join(str(error).split())
        raise InputError(
            f"not the weights of this {type(made).__name__} module: {said[:200]}", "Save the bi-encoder again", path
        ) from error


def _weights(path: Path) -> dict[str, Any]:
    """The tensors of a file by name; pickled ones are read as tensors alone."""
    import pickle

    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return found
    except (SafetensorError, pickle.UnpicklingError, EOFError, OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"cannot be read as weights: {str(error).splitlines()[0][:200]}", "Fetch or save the file again", path
        ) from error
