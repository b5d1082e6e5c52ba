"""What a training is told: frozen, checked, read from TOML, saved with the checkpoint."""

import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

from rerankkit.errors import InputError
from rerankkit.groups.sample import Sampling, ranks
from rerankkit.io.foreign import read_toml, shown
from rerankkit.rerank.pairs import CUT

S = TypeVar("S", bound="Training")

POSITIVE = (
    *("learning_rate", "num_train_epochs", "per_device_train_batch_size", "gradient_accumulation_steps"),
    *("logging_steps", "save_steps", "batch_tokens"),
)
"""The settings of which none may be 0 or less."""


@dataclass(frozen=True, slots=True)
class Lora:
    """PEFT's names; `r` 0 trains all weights, `lora_layers` puts adapters into the last so many layers only."""

    r: int = 16
    lora_alpha: int | None = None
    lora_dropout: float = 0.0
    target_modules: str = "all-linear"
    lora_layers: int | None = None

    def __post_init__(self) -> None:
        if self.r < 0 or not 0 <= self.lora_dropout < 1:
            raise InputError(f"--lora-r {self.r} or --lora-dropout {self.lora_dropout} is out of [0, …) and [0, 1)")
        for name, value in (("lora-alpha", self.lora_alpha), ("lora-layers", self.lora_layers)):
            if value is not None and value < 1:
                raise InputError(f"--{name} must be positive, not {value}")


@dataclass(frozen=True, slots=True)
class Training:
    """The settings that every training has; names as in Hugging Face's TrainingArguments."""

    learning_rate: float = 1e-4
    num_train_epochs: float = 1.0
    max_steps: int = -1
    per_device_train_batch_size: int = 4
    gradient_accumulation_steps: int = 1
    gradient_checkpointing: bool = False
    warmup_ratio: float = 0.06
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    lr_scheduler_type: str = "linear"
    bf16: bool | None = None
    use_cpu: bool = False
    seed: int = 0
    logging_steps: int = 10
    save_steps: int = 100
    report_to: str = "none"
    max_length: int = 128
    max_query_tokens: int | None = None
    long_queries: str = CUT
    batch_tokens: int = 4096
    lora: Lora = field(default_factory=lambda: Lora(0))

    def __post_init__(self) -> None:
        for name in POSITIVE:
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"--{name.replace('_', '-')} must be positive, not {getattr(self, name)}")
        for name in ("weight_decay", "max_grad_norm"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f"--{name.replace('_', '-')} must not be negative, not {getattr(self, name)}")
        if not 0 <= self.warmup_ratio < 1:
            raise InputError(f"--warmup-ratio must lie in [0, 1), not {self.warmup_ratio}")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"--seed must lie in [0, 2^32), not {self.seed}")
        if self.max_steps != -1 and self.max_steps < 1:
            raise InputError(f"--max-steps must be positive, or -1 for all, not {self.max_steps}")

    def record(self) -> dict[str, Any]:
        """The settings as plain values, to be saved."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RankTraining(Training):
    """The settings of SFT and distillation: which loss, over which candidates."""

    loss: str = "ranknet"
    loss_options: dict[str, float] = field(default_factory=dict)
    group_size: int = 8
    pooling: str | None = None
    keep_layers: str | int | None = None
    dropout: float = 0.0
    max_title_tokens: int | None = None
    separate_title: bool | None = None
    sampling: str = "halves"
    positives: int = 1
    negatives: str | None = None
    grade_levels: int = 4
    eval_steps: int | None = None
    metric_for_best_model: str = "nDCG@10"
    early_stopping_patience: int | None = None

    def __post_init__(self) -> None:
        Training.__post_init__(self)
        for name in ("eval_steps", "early_stopping_patience"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"--{name.replace('_', '-')} must be positive, not {value}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"--dropout must lie in [0, 1), not {self.dropout}")
        if not 2 <= self.grade_levels <= 31:
            raise InputError(f"--grade-levels must lie in [2, 31], not {self.grade_levels}")
        if self.group_size < 2:
            raise InputError(f"--group-size {self.group_size}: a rank loss compares at least 2 candidates")
        self.draws(teacher=False)

    def draws(self, teacher: bool) -> Sampling:
        """How groups are drawn; a teacher's scores make no candidate a positive or a negative.

        Raises InputError for a sampling that cannot be, or that needs labels from people.
        """
        if teacher:
            if self.positives != 1 or self.negatives is not None:
                raise InputError(
                    "positives and negatives are for labels from people, a teacher's scores know neither",
                    "Take them out of the settings of a distillation",
                )
            return Sampling(self.group_size, self.sampling)
        band = None if self.negatives is None else ranks(self.negatives)
        return Sampling(self.group_size, self.sampling, self.positives, band)


def settings_from(kind: type[S], flags: dict[str, Any], config: Path | None = None, **defaults: Any) -> S:
    """The settings of a TOML file, over the command's defaults, under the flags that were given (not None).

    Raises InputError for an unknown key or a value of the wrong type.
    """
    values: dict[str, Any] = dict(defaults)
    if config is not None:
        values.update(
            {
                "r" if name == "lora_r" else name: value
                for name, value in read_toml(config, "settings of a training").items()
            }
        )
    given = {name: value for name, value in flags.items() if value is not None}
    of_file = values.get("loss_options")
    if isinstance(of_file, dict) and "loss_options" in given:  # what a flag does not name stays the file's
        given["loss_options"] = {**of_file, **given["loss_options"]}
    values.update(given)
    lora = values.pop("lora", {})
    if not isinstance(lora, dict):
        raise InputError(f"lora = {shown(lora)} is no table", "Expected: [lora], with r = 16 below it", config)
    lora = {**lora, **{f.name: values.pop(f.name) for f in fields(Lora) if f.name in values}}
    _check(Lora, lora, config)
    _check(kind, values, config)
    if lora:
        values["lora"] = Lora(**lora)
    return kind(**values)


MOST = 2**53
"""The largest whole number that a setting may be; every float up to it is exact."""
WORDS = {float: "a number", int: "a whole number", bool: "true or false", str: "a text", dict: "a table of numbers"}
"""What a setting's type is called."""


def _check(kind: type, values: dict[str, Any], config: Path | None) -> None:
    """Raises InputError for a name that the dataclass has no field for, or a value that its field cannot hold."""
    types = {f.name: f.type for f in fields(kind) if f.name != "lora"}
    for name, value in values.items():
        if name not in types:
            raise InputError(f"unknown setting {name!r}", f"Known: {', '.join(sorted(types))}", config)
        union = isinstance(types[name], UnionType)
        wanted = get_args(types[name]) if union else (get_origin(types[name]) or types[name],)
        if not any(_fits(value, one) for one in wanted):
            word = next(word for one, word in WORDS.items() if one in wanted)
            raise InputError(f"{name} = {shown(value)}, expected {word}", "Mend the value", config)


def _fits(value: Any, wanted: Any) -> bool:
    if wanted is dict:
        return isinstance(value, dict) and all(_fits(number, float) for number in value.values())
    if isinstance(value, bool):
        return wanted is bool
    if isinstance(value, int) and abs(value) > MOST:
        return False
    return isinstance(value, wanted) or (wanted is float and isinstance(value, int))
