"""How an encoder's pairs are computed: compiled where that was asked for, unpadded where it can be, else padded."""

from collections.abc import Sequence
from typing import Any

from torch._dynamo.exc import TorchDynamoException

from rerankkit.errors import InputError
from rerankkit.rerank.pairs import Pair
from rerankkit.rerank.scorer import PairScorer, Plan, Whole
from rerankkit.rerank.unpadded import Attention, Unpadded, agrees, flash, usable


class EncoderScorer(PairScorer):
    """A PairScorer of an encoder."""

    attention: Attention = staticmethod(flash)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scoring.compile:
            self.model.compile(dynamic=True)
        can = not self.scoring.compile and usable(self.model, self.device, self.dtype)
        self.unpadded = can and agrees(self, self.attention)

    def plan(self, pairs: Sequence[Pair]) -> Plan:
        """Without padding, or as a whole."""
        return Unpadded(self, pairs, self.attention) if self.unpadded else Whole(self, pairs)

    def logits(self, pairs: Sequence[Pair], first: int = 0) -> list[float]:
        """The raw scores of pairs, in their order; InputError where torch.compile cannot do its work."""
        try:
            return super().logits(pairs, first)
        except TorchDynamoException as error:
            told = next((line for line in str(error).splitlines() if line), type(error).__name__)
            raise InputError(
                f"--compile: {told}", "Leave it out; or install a C++ compiler (g++), on a GPU triton too"
            ) from error

    def traits(self) -> dict[str, Any]:
        """What tells its scores from those of the same weights elsewhere."""
        told = {"attention": "unpadded"} if self.unpadded else {"compiled": True} if self.scoring.compile else {}
        return {**super().traits(), **told}
