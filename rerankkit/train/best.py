"""The best weights by a dev measure: kept through kills, saved at the end; a training without gain is stopped."""

import logging
import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

from rerankkit.errors import InputError
from rerankkit.rerank.pairs import PairEncoder
from rerankkit.train.course import Measured, best_of, dev_values, without_gain
from rerankkit.train.dev import DevSet, scores_of
from rerankkit.train.settings import RankTraining
from rerankkit.train.trainer import OwnLossTrainer
from rerankkit.train.watched import ALIKE

log = logging.getLogger(__name__)

EVALUATIONS = 10
"""How many a training has where --eval-steps is not given, the one before its first step aside."""


class BestWeights(TrainerCallback):
    """Measures a model on a dev set while it is trained, and keeps the weights that were best.

    All that it must remember is the trainer's own log, which every checkpoint holds, and a file of weights beside the
    checkpoints; a file is removed only once a checkpoint remembers a better one. Of a distributed training the first
    process measures and tells the others the value, so that all stop together.
    """

    def __init__(self, dev: DevSet, encoder: PairEncoder, settings: RankTraining, trainer: OwnLossTrainer) -> None:
        self.dev, self.encoder, self.settings, self.trainer = dev, encoder, settings, trainer
        self.folder = Path(str(trainer.args.output_dir))
        self.first_stage = dev.first_stage()
        self.every, self.stopped = settings.eval_steps or 1, False

    def values(self) -> list[Measured]:
        """The measure at each step so far."""
        return dev_values(self.trainer.state.log_history, self.dev.measure)

    def on_train_begin(self, args, state, control, model=None, **rest):  # type: ignore[no-untyped-def]
        self.every = self.settings.eval_steps or math.ceil(state.max_steps / EVALUATIONS)
        if state.global_step == 0:
            self._measure(model)
        elif state.is_world_process_zero and not self._path(self._best().step).is_file():
            raise InputError(
                "the best weights of the unfinished training are gone", f"Start anew: rm -r {self.folder}", self.folder
            )
        self._stop_without_gain(control)

    def on_step_end(self, args, state, control, model=None, **rest):  # type: ignore[no-untyped-def]
        due = state.global_step % self.every == 0 or state.global_step >= state.max_steps
        if due and not self.stopped:
            self._measure(model)
            self._stop_without_gain(control)

    def on_save(self, args, state, control, **rest):  # type: ignore[no-untyped-def]
        if state.is_world_process_zero:
            best = self._path(self._best().step)
            for path in set(self.folder.glob("best-*.safetensors")) - {best}:
                path.unlink()

    def restore(self, model: Any) -> Measured:
        """Gives the model its best weights back; returns which they are."""
        best = self._best()
        kept = load_file(self._path(best.step))
        with torch.no_grad():
            for name, weight in _learnt(model).items():
                weight.copy_(kept[name])
        return best

    def _measure(self, model: Any) -> None:
        """Logs the measure of the model as it is, and keeps its weights if they are the best."""
        trainer, measure = self.trainer, self.dev.measure
        value, apart = self._value(model) if trainer.is_world_process_zero() else (0.0, 0.0)
        value, apart = _told_by_the_first(value, apart, trainer.args.device)
        entry = {f"eval_{measure}": value, "eval_score_spread": apart}
        due = trainer.control.should_log
        trainer.log({**entry, "eval_collapsed": 1.0} if trainer.warm() and apart <= ALIKE else entry)
        trainer.control.should_log = due  # which a log takes back, and the loss of this step may be due too
        best, step = self._best(), trainer.state.global_step
        if not trainer.is_world_process_zero():
            return
        told = (step, measure, value, self.first_stage, best.value, best.step)
        log.info("step %d: %s %.4f on dev, first stage %.4f; best %.4f at step %d", *told)
        if best.step == step:
            part = self._path(step).with_suffix(".part")
            save_file({name: w.detach().cpu().contiguous() for name, w in _learnt(model).items()}, part)
            part.replace(self._path(step))

    def _value(self, model: Any) -> tuple[float, float]:
        """The measure and the widest list's spread; 0 both where the scores are no numbers, which rank nothing."""
        scores = scores_of(self.dev.groups, model, self.encoder, self.trainer.args)
        if not all(math.isfinite(score) for of_group in scores for score in of_group):
            return 0.0, 0.0
        return self.dev.measured(scores), max(max(of_group) - min(of_group) for of_group in scores)

    def _stop_without_gain(self, control: Any) -> None:
        patience = self.settings.early_stopping_patience
        if patience is not None and without_gain(self.values()) >= patience:
            log.info("no gain on dev in %d evaluations: the training ends here", patience)
            self.stopped = control.should_training_stop = control.should_save = True

    def _best(self) -> Measured:
        best = best_of(self.values())
        assert best is not None  # on_train_begin measured
        return best

    def _path(self, step: int) -> Path:
        return self.folder / f"best-{step}.safetensors"


def _learnt(model: Any) -> dict[str, torch.Tensor]:
    """The weights that the training moves: with LoRA the adapter and the head."""
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def _told_by_the_first(value: float, apart: float, device: torch.device) -> tuple[float, float]:
    """The first process's numbers, in every process of a distributed training."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return value, apart
    told = torch.tensor([value, apart], dtype=torch.float64, device=device)
    torch.distributed.broadcast(told, 0)
    value, apart = told.tolist()
    return value, apart
