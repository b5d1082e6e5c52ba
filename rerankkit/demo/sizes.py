"""How much of each stage the demo runs: chosen for two CPU cores, or all of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Queries, depths and steps of the demo's stages; None means all."""

    train: int | None
    test: int | None
    unlabelled: int | None
    cpt_steps: int
    sft_epochs: float
    sft_group: int
    lora_layers: int | None
    teacher_sample: int
    distill_epochs: float
    test_teacher_depth: int


QUICK = Sizes(
    train=700,
    test=120,
    unlabelled=100,
    cpt_steps=30,
    sft_epochs=1,
    sft_group=4,
    lora_layers=12,
    teacher_sample=6,
    distill_epochs=1,
    test_teacher_depth=20,
)
FULL = Sizes(
    train=None,
    test=None,
    unlabelled=None,
    cpt_steps=-1,
    sft_epochs=3,
    sft_group=8,
    lora_layers=None,
    teacher_sample=50,
    distill_epochs=2,
    test_teacher_depth=100,
)
