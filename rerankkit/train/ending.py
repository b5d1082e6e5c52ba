"""What is done to a trained model before it is saved: its best weights back, its offset set, warnings said."""

import logging
import math
from typing import Any

from rerankkit.errors import InputError
from rerankkit.rerank.pairs import PairEncoder
from rerankkit.train.best import BestWeights
from rerankkit.train.course import collapse_warnings, dev_warnings
from rerankkit.train.dev import scores_of
from rerankkit.train.scale import set_offset
from rerankkit.train.targets import Targets
from rerankkit.train.trainer import OwnLossTrainer

log = logging.getLogger(__name__)


def ending(trainer: OwnLossTrainer, encoder: PairEncoder, targets: Targets, best: BestWeights | None) -> dict[str, Any]:
    """Makes the trainer's model the one that is to be saved; returns what its note tells of dev, scale and dangers."""
    told: dict[str, Any] = targets.record()
    warnings: list[str] = []
    if best is not None:
        kept, measure, first_stage = best.restore(trainer.model), best.dev.measure, best.first_stage
        named = (kept.step, measure, kept.value, first_stage)
        log.info("saved are the weights of step %d: %s %.4f on dev, first stage %.4f", *named)
        told["dev"] = {
            "measure": measure,
            "queries": len(best.dev.groups),
            "first_stage": first_stage,
            **kept._asdict(),
            "stopped_early": best.stopped,
        }
        warnings = dev_warnings(best.values(), measure, first_stage)
    if targets.held is not None and targets.held.spacing and not targets.held.offset:
        told["scale"]["offset_set_on"] = _set_free_offset(trainer, encoder, targets)
    warnings += collapse_warnings(trainer.state.log_history, told["dev"]["step"] if best else None)
    for warning in warnings:
        log.warning("%s", warning)
    check_numbers(trainer.model, trainer.args.output_dir)
    return {**told, "warnings": warnings}


def check_numbers(model: Any, work: str | None) -> None:
    """Raises InputError where a weight is no finite number: nothing is saved then, and an earlier output stays."""
    broken = [name for name, weight in model.named_parameters() if not weight.isfinite().all()]
    if broken:
        raise InputError(
            f"the training left {len(broken)} tensors with weights that are no numbers, first {broken[0]}",
            f"Nothing was saved. Start anew with a lower --learning-rate: rm -r {work}",
        )


def _set_free_offset(trainer: OwnLossTrainer, encoder: PairEncoder, targets: Targets) -> int:
    """Sets the constant that the loss left free; returns on how many lists, 0 where the head cannot or is broken."""
    some = targets.some()
    scores = scores_of(some, trainer.model, encoder, trainer.args)
    if not all(math.isfinite(score) for of_group in scores for score in of_group):
        return 0
    return len(some) if set_offset(trainer.model, scores, some) else 0
