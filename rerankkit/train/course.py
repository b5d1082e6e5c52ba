"""What a training's log tells once it is read: its dev values, the best step, and what went wrong, in plain words."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Log = Sequence[Mapping[str, float]]

COLLAPSED = (
    "the scores of all candidates of a list are the same to 0.001, or no numbers: the model tells documents no more "
    "apart. Try a lower --learning-rate, a longer --warmup-ratio, or another --loss"
)

DIVERGED = (
    "the loss is no number any more, and so are the weights: the training ends here. Try a lower --learning-rate, a "
    "longer --warmup-ratio, or --no-bf16"
)


class Measured(NamedTuple):
    """A dev measure's value at a step."""

    step: int
    value: float


def dev_values(history: Log, measure: str) -> list[Measured]:
    """The dev measure at each step where it was taken, in their order."""
    key = f"eval_{measure}"
    return [Measured(int(entry["step"]), entry[key]) for entry in history if key in entry]


def best_of(values: Sequence[Measured]) -> Measured | None:
    """The first of the highest values; one that is no number is the lowest."""
    return max(values, key=lambda one: -math.inf if math.isnan(one.value) else one.value, default=None)


def without_gain(values: Sequence[Measured]) -> int:
    """How many values follow the best one."""
    best = best_of(values)
    return 0 if best is None else len(values) - 1 - values.index(best)


def dev_warnings(values: Sequence[Measured], measure: str, first_stage: float) -> list[str]:
    """What the dev values say against the model that was kept."""
    best = best_of(values)
    if best is None:
        return []
    said = []
    if best.value < first_stage:
        said.append(
            f"on dev the model is below its first stage: {measure} {best.value:.4f} against {first_stage:.4f}. "
            "Reranking with it makes results worse: give it more data, more steps or another learning rate"
        )
    if best.step == 0 and len(values) > 1:
        said.append(
            f"on dev no step was better than the start, {measure} {best.value:.4f}: the model was kept as it began"
        )
    return said


def collapse_warnings(history: Log, kept: int | None = None) -> list[str]:
    """When scores collapsed, whether they were so at the end, and whether the step that was kept is from before it."""
    alarms = [entry for entry in history if collapsed(entry)]
    if not alarms:
        return []
    last = [next((line for line in reversed(history) if key in line), {}) for key in ("loss", "eval_score_spread")]
    first = int(alarms[0]["step"])
    when = "at the end of the training" if any(map(collapsed, last)) else f"at step {first} (later no more)"
    before = f". The weights that were saved are of step {kept}, before it" if kept is not None and kept < first else ""
    return [f"{when} {COLLAPSED}{before}"]


def collapsed(entry: Mapping[str, float]) -> bool:
    """Whether a line of the log reports collapsed scores."""
    return "collapsed_batches" in entry or "eval_collapsed" in entry
