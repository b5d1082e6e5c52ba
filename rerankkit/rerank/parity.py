"""How far a model's scores agree with those of the weights that it was made from, and how far they must."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rerankkit.errors import InputError

TOP = 10
"""How deep the agreement of the top reaches."""

LEAST_TAU = {"float32": 0.995, "float16": 0.99, "bfloat16": 0.99, "int8": 0.98}
"""The mean Kendall tau of the lists that each dtype must reach."""

MOST_NDCG = {"float32": 0.001, "float16": 0.003, "bfloat16": 0.003, "int8": 0.003}
"""How much nDCG@10 may fall or rise, where there are grades to measure it by."""

Lists = Sequence[Sequence[float]]
"""One list of scores a query."""


@dataclass(frozen=True, slots=True)
class Parity:
    """What two models' scores of the same lists have in common.

    `tau` is the mean of the lists' Kendall tau-b, `least_tau` the least; `top` is the mean share of the ten highest
    that both have there; `ndcg` is the change of nDCG@10, None without grades.
    """

    lists: int
    pairs: int
    difference: float
    tau: float
    least_tau: float
    top: float
    ndcg: float | None = None

    def record(self) -> dict[str, Any]:
        """The figures for a note, rounded where digits say nothing."""
        return {name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(self).items()}

    def told(self) -> str:
        """The figures in a line."""
        change = "" if self.ndcg is None else f", nDCG@{TOP} {self.ndcg:+.4f}"
        return (
            f"Kendall tau {self.tau:.4f} (least {self.least_tau:.3f}), {self.top:.0%} of the top {TOP}, differences up "
            f"to {self.difference:.2g}{change}, on {self.pairs} pairs of {self.lists} lists"
        )

    def passes(self, dtype: str) -> bool:
        """Whether that is enough for the dtype."""
        return self.tau >= LEAST_TAU[dtype] and abs(self.ndcg or 0) <= MOST_NDCG[dtype]

    def check(self, dtype: str, what: str, remedy: str) -> None:
        """Raises InputError with the figures where it is not enough."""
        if not self.passes(dtype):
            must = f"{dtype} must reach tau {LEAST_TAU[dtype]}"
            if self.ndcg is not None:
                must += f" and nDCG@{TOP} within {MOST_NDCG[dtype]}"
            raise InputError(f"{what} does not rank as the weights do: {self.told()}; {must}", remedy)


def compared(wanted: Lists, found: Lists, ndcg: Callable[[Lists], float] | None = None) -> Parity:
    """The parity of two models' scores; `ndcg` measures a model's lists.

    Raises InputError for a score that is no finite number, and without a list of two candidates.
    """
    lists = [(np.asarray(a, float), np.asarray(b, float)) for a, b in zip(wanted, found, strict=True) if len(a) > 1]
    if not lists:
        raise InputError("there is no list of two candidates to compare scores by", "Give lists with more candidates")
    if not all(np.isfinite(both).all() for both in lists):
        raise InputError("a score is no finite number", "The checkpoint is broken, or the backend computes it wrongly")
    taus = [tau(*both) for both in lists]
    return Parity(
        lists=len(lists),
        pairs=sum(len(a) for a, _ in lists),
        difference=max(float(abs(a - b).max()) for a, b in lists),
        tau=float(np.mean(taus)),
        least_tau=min(taus),
        top=float(np.mean([_shared_top(*both) for both in lists])),
        ndcg=None if ndcg is None else ndcg(found) - ndcg(wanted),
    )


def tau(one: np.ndarray, other: np.ndarray) -> float:
    """Kendall's tau-b; 1 where both leave everything tied, 0 where one alone does."""
    rows, columns = np.triu_indices(len(one), 1)
    a, b = np.sign(one[rows] - one[columns]), np.sign(other[rows] - other[columns])
    untied = float(np.count_nonzero(a)) * float(np.count_nonzero(b))
    if not untied:
        return 1.0 if not a.any() and not b.any() else 0.0
    return float((a * b).sum() / np.sqrt(untied))


def _shared_top(one: np.ndarray, other: np.ndarray) -> float:
    depth = min(TOP, len(one))
    tops = [set(np.argsort(-scores, kind="stable")[:depth].tolist()) for scores in (one, other)]
    return len(tops[0] & tops[1]) / depth
