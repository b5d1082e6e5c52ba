"""What a training is told: frozen, checked, read from TOML, saved with the checkpoint."""

import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from rerankkit.errors import InputError

S = TypeVar("S", bound="Training")


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
            raise InputError(f"--lora-r {self.r} must not be negative, --lora-dropout lie in [0, 1)")


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
    batch_tokens: int = 4096
    lora: Lora = field(default_factory=lambda: Lora(0))

    def __post_init__(self) -> None:
        for name in ("learning_rate", "num_train_epochs", "per_device_train_batch_size", "save_steps", "batch_tokens"):
            if getattr(self, name) <= 0:
                raise InputError(f"--{name.replace('_', '-')} must be positive, not {getattr(self, name)}")
        if not 0 <= self.warmup_ratio < 1:
            raise InputError(f"--warmup-ratio must lie in [0, 1), not {self.warmup_ratio}")

    def record(self) -> dict[str, Any]:
        """The settings as plain values, to be saved."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RankTraining(Training):
    """The settings of SFT and distillation: which loss, over which candidates."""

    loss: str = "ranknet"
    loss_options: dict[str, float] = field(default_factory=dict)
    group_size: int = 8

    def __post_init__(self) -> None:
        Training.__post_init__(self)
        if self.group_size < 2:
            raise InputError(f"--group-size {self.group_size}: a rank loss compares at least 2 candidates")


def settings_from(kind: type[S], flags: dict[str, Any], config: Path | None = None, **defaults: Any) -> S:
    """The settings of a TOML file, over the command's defaults, under the flags that were given (not None).

    Raises InputError for an unknown key or a value of the wrong type.
    """
    values: dict[str, Any] = dict(defaults)
    if config is not None:
        values.update(_read_toml(config))
    values.update({name: value for name, value in flags.items() if value is not None})
    lora = dict(values.pop("lora", {}))
    lora.update({name: values.pop(name) for name in [f.name for f in fields(Lora)] if name in values})
    known = {f.name: f for f in fields(kind)}
    for name, value in values.items():
        if name not in known:
            raise InputError(f"unknown setting {name!r}", f"Known: {', '.join(sorted(known))}", config)
        _check_type(name, value, str(known[name].type), config)
    try:
        return kind(**values, **({"lora": Lora(**lora)} if lora else {}))
    except TypeError as error:
        raise InputError(f"a setting does not fit: {error}", "See the command's --help", config) from error


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not TOML: {error}", "See the settings files in scripts/", path) from error


def _check_type(name: str, value: Any, wanted: str, config: Path | None) -> None:
    kinds = {"int": int, "float": (int, float), "bool": bool, "str": str, "dict": dict}
    allowed = tuple(
        one for word, kind in kinds.items() if word in wanted for one in (kind if isinstance(kind, tuple) else (kind,))
    )
    fits = isinstance(value, allowed) and (not isinstance(value, bool) or "bool" in wanted)
    if not fits:
        raise InputError(f"{name} = {value!r} is no {wanted}", "Mend the value", config)
