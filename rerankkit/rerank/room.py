"""How large a batch may be, found while scoring: a guess that grows while it fits and is halved where it does not."""

from collections.abc import Sequence
from dataclasses import dataclass

GROWTH = {"cuda": 64, "mps": 8}
"""How often a device's first guess may be doubled into; elsewhere it is the best size for speed, and it never grows."""
PATIENCE = 8
"""Full batches that must fit after a lack of memory before twice as much is tried; doubled where that was too much."""
MOST_PATIENCE = 512

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


class Waiting:
    """Places of what is to be scored, longest first, taken by the batch."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self._lengths = lengths
        self._order = sorted(range(len(lengths)), key=lambda place: lengths[place])

    def __bool__(self) -> bool:
        return bool(self._order)

    def take(self, tokens: int) -> list[int]:
        """The next batch, whose padded size stays in the budget; what is longer than that goes alone."""
        rows = max(1, tokens // max(1, self._lengths[self._order[-1]]))
        batch = self._order[-rows:][::-1]
        del self._order[-rows:]
        return batch

    def give_back(self, batch: Sequence[int]) -> None:
        """Puts a batch that was taken last where it was."""
        self._order += reversed(batch)

    def size(self, batch: Sequence[int]) -> int:
        """A batch's tokens, padding counted."""
        return len(batch) * self._lengths[batch[0]]
