"""How large a batch may be, found while scoring: a guess that grows while it fits and is halved where it does not."""

from collections.abc import Sequence
from dataclasses import dataclass

GROWTH = {"cuda": 64, "mps": 8}
"""How often a device's first guess may be doubled into; elsewhere it is the best size for speed, and it never grows."""
PATIENCE = 8
"""Full batches that must fit after a lack of memory before twice as much is tried; doubled where that was too much."""
MOST_PATIENCE = 512

STARTING = {"cpu": 64}
"""Padded tokens whose time one more batch takes, by device: measured on MiniLM-L6 and SmolLM2-135M alike.

Any other device is busy with few batches only, and takes the whole budget for it.
"""

NO_MEMORY = (
    "out of memory",  # CUDA, MPS, XPU
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
"""What a RuntimeError says that stands for a lack of memory; CUDA's own class is one, and says it too."""


def lacks_memory(error: BaseException) -> bool:
    """Whether an error is a lack of memory, on whatever device, and nothing else."""
    if isinstance(error, MemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    return type(error).__name__ == "OutOfMemoryError" or any(words in str(error) for words in NO_MEMORY)


@dataclass
class Room:
    """How many padded tokens a batch may have: now (`tokens`), and never more than `most`.

    `full` counts the full batches that fitted since it changed last, `grown` tells whether it rose then.
    """

    tokens: int
    most: int
    patience: int = 1
    full: int = 0
    grown: bool = False

    @classmethod
    def on(cls, device: str, tokens: int) -> "Room":
        """The room on a kind of device, with the first guess."""
        return cls(tokens, tokens * GROWTH.get(device, 1))

    def fitted(self, used: int) -> None:
        """Takes note of a batch of so many padded tokens that was computed; half-empty ones prove nothing."""
        if 2 * used <= self.tokens or self.tokens >= self.most:
            return
        self.full += 1
        if self.full >= self.patience:
            self.tokens, self.full, self.grown = min(2 * self.tokens, self.most), 0, True

    def halve(self, used: int) -> None:
        """Takes note of a batch of so many padded tokens that found no memory."""
        if self.grown:
            self.patience = min(2 * self.patience, MOST_PATIENCE)
        self.patience = max(PATIENCE, self.patience)
        self.tokens, self.full, self.grown = max(1, used // 2), 0, False


def cut(lengths: Sequence[int], tokens: int, starting: int) -> list[int]:
    """How many of falling lengths go into each batch, for the least padded size and `starting` tokens more for each.

    Each batch's padded size stays in the budget of `tokens`; what is longer goes alone.
    """
    costs, begins = [0], [0]  # of the best batches that hold the first so many; where their last one begins
    for end in range(1, len(lengths) + 1):
        options = []
        for begin in range(end - 1, -1, -1):
            size = (end - begin) * lengths[begin]
            if size > tokens and begin < end - 1:
                break
            options.append((costs[begin] + size + starting, begin))
        cost, begin = min(options)
        costs.append(cost)
        begins.append(begin)
    sizes: list[int] = []
    end = len(lengths)
    while end:
        sizes.insert(0, end - begins[end])
        end = begins[end]
    return sizes


class Waiting:
    """Places of what is to be scored, longest first, taken by the batch; `device` tells what a batch costs itself."""

    def __init__(self, lengths: Sequence[int], device: str) -> None:
        self._lengths, self._device = lengths, device
        self._order = sorted(range(len(lengths)), key=lambda place: lengths[place])
        self._sizes: list[int] = []
        self._tokens = 0

    def __bool__(self) -> bool:
        return bool(self._order)

    def take(self, tokens: int) -> list[int]:
        """The next batch, whose padded size stays in the budget; what is longer than that goes alone."""
        if not self._sizes or tokens != self._tokens:
            lengths = [self._lengths[place] for place in reversed(self._order)]
            self._sizes, self._tokens = cut(lengths, tokens, STARTING.get(self._device, tokens)), tokens
        size = self._sizes.pop(0)
        batch = self._order[-size:][::-1]
        del self._order[-size:]
        return batch

    def give_back(self, batch: Sequence[int]) -> None:
        """Puts a batch that was taken last where it was."""
        self._order += reversed(batch)
        self._sizes = []

    def size(self, batch: Sequence[int]) -> int:
        """A batch's tokens, padding counted."""
        return len(batch) * self._lengths[batch[0]]
