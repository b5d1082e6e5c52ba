"""transformers' Trainer with our loss: resumed after a kill, progress on stderr, output written whole."""

import json
import logging
import math
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.integrations import get_reporting_integration_callbacks
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from transformers.utils.logging import disable_progress_bar

from rerankkit.errors import InputError
from rerankkit.progress import Bar
from rerankkit.rerank.checkpoint import check_folder
from rerankkit.rerank.scorer import has_fast_bf16
from rerankkit.train.course import COLLAPSED, DIVERGED, collapsed
from rerankkit.train.saving import Saving, bytes_needed, check_room, kept
from rerankkit.train.settings import Training

log = logging.getLogger(__name__)

Compute = Callable[[Any, dict[str, Any]], torch.Tensor]
"""(model, batch) -> loss."""

Account = Callable[[], dict[str, float]]
"""What else is to be logged beside the loss, since it was last asked."""


class OwnLossTrainer(Trainer):
    """A Trainer whose loss is the function it was given, with an account of it in the log."""

    def __init__(self, compute: Compute, account: Account = dict, **options: Any) -> None:
        super().__init__(**options)
        trained: Any = self.model
        if self.args.bf16 and self.args.device.type == "cpu":
            trained.set_attn_implementation("eager")  # the fused one's way back is five times as slow there
        self._compute, self._account = compute, account
        self.model_accepts_loss_kwargs = False  # else gradient accumulation would not divide the loss
        for callback in (PrinterCallback, ProgressCallback):  # both write to stdout
            self.remove_callback(callback)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):  # type: ignore[no-untyped-def]
        """The loss of a batch."""
        loss = self._compute(model, inputs)
        return (loss, None) if return_outputs else loss

    def create_scheduler(self, num_training_steps, *given, **options):  # type: ignore[no-untyped-def]
        """The learning rate's course; InputError for one that needs more than a name, or more steps."""
        try:
            scheduler = super().create_scheduler(num_training_steps, *given, **options)
            for course in getattr(scheduler, "lr_lambdas", ()):
                course(num_training_steps)  # a polynomial that is all warm-up divides by zero there
            return scheduler
        except (ValueError, TypeError, ZeroDivisionError) as error:
            course = getattr(self.args.lr_scheduler_type, "value", self.args.lr_scheduler_type)
            said = str(error).splitlines()[0]
            raise InputError(f"--lr-scheduler-type {course}: {said}", "Give linear, cosine or constant") from error

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Logs the account beside the loss; a collapse counts only once the learning rate has risen.

        The mean loss that transformers adds at the end is left out: after a resume it is a wrong one.
        """
        logs = {name: value for name, value in logs.items() if name != "train_loss"}
        if "loss" in logs:
            account = self._account()
            if not self.warm():
                account.pop("collapsed_batches", None)
            logs = {**logs, **account}
        super().log(logs, start_time)

    def warm(self) -> bool:
        """Whether the warm-up is over."""
        return self.state.global_step > self.args.get_warmup_steps(self.state.max_steps)


class Redraw(TrainerCallback):
    """Tells the data its epoch: accelerate's own word is lost in a distributed training, and after a resume."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def on_epoch_begin(self, args, state, control, **rest):  # type: ignore[no-untyped-def]
        self.data.set_epoch(int(state.epoch or 0))


class Watch(TrainerCallback):
    """A bar with the loss and the dev measure, and the alarm when scores collapse."""

    def __init__(self, what: str) -> None:
        self.bar = Bar(what)
        self.said: dict[str, str] = {}
        self.alarmed: set[str] = set()

    def on_train_begin(self, args, state, control, **rest):  # type: ignore[no-untyped-def]
        if state.is_world_process_zero:
            self.bar.start(state.max_steps, state.global_step)

    def on_step_end(self, args, state, control, **rest):  # type: ignore[no-untyped-def]
        self.bar.update(state.global_step)

    def on_log(self, args, state, control, logs=None, **rest):  # type: ignore[no-untyped-def]
        logs = logs or {}
        measured = [(name[5:], value) for name, value in logs.items() if name.startswith("eval_")]
        if "loss" in logs:
            self.said["loss"] = f"loss {float(logs['loss']):.4f}"
            if math.isnan(float(logs["loss"])):
                control.should_training_stop = True
                if state.is_world_process_zero:
                    log.warning("step %d: %s", state.global_step, DIVERGED)
        if measured:
            self.said["dev"] = "dev {} {:.4f}".format(*measured[0])
        if self.said:
            self.bar.say(", ".join(self.said.values()))
        source = "loss" if "loss" in logs else "dev" if measured else ""
        if source and not collapsed(logs):
            self.alarmed.discard(source)
        elif source:
            if not self.alarmed and state.is_world_process_zero:
                log.warning("step %d: %s", state.global_step, COLLAPSED)
            self.alarmed.add(source)

    def on_train_end(self, args, state, control, **rest):  # type: ignore[no-untyped-def]
        self.bar.stop()


def arguments(settings: Training, work: Path) -> TrainingArguments:
    """Hugging Face's arguments for our settings; checkpoints go to `work`.

    Raises InputError for a value that Hugging Face does not know, and a `report_to` that is not installed.
    """
    try:
        made = _arguments(settings, work)
        for callback in get_reporting_integration_callbacks(made.report_to):
            callback()  # one whose package is not installed says so
    except (ValueError, RuntimeError, ImportError) as error:
        raise InputError(str(error).splitlines()[0], "See the command's --help") from error
    return made


def _arguments(settings: Training, work: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(work),
        learning_rate=settings.learning_rate,
        num_train_epochs=settings.num_train_epochs,
        max_steps=settings.max_steps,
        per_device_train_batch_size=settings.per_device_train_batch_size,
        gradient_accumulation_steps=settings.gradient_accumulation_steps,
        gradient_checkpointing=settings.gradient_checkpointing or None,  # told False, the newest versions warn
        warmup_steps=settings.warmup_ratio,
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        lr_scheduler_type=settings.lr_scheduler_type,
        bf16=has_fast_bf16() if settings.bf16 is None else settings.bf16,
        use_cpu=settings.use_cpu or not (torch.cuda.is_available() or torch.backends.mps.is_available()),
        seed=settings.seed,
        logging_steps=settings.logging_steps,
        logging_nan_inf_filter=False,  # which tells a loss that is no number as 0
        save_steps=settings.save_steps,
        save_total_limit=1,
        report_to=settings.report_to,
        remove_unused_columns=False,
        label_names=["labels"],
        ddp_broadcast_buffers=False,
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def work_folder(output: Path) -> Path:
    """Where a training keeps its checkpoints until its output is whole.

    Raises InputError where the output could not take its name at the end, or would take the place of other things.
    """
    check_folder(output)
    return output.with_name(f"{output.name}.training")


def train(trainer: OwnLossTrainer, work: Path, settings: dict[str, Any]) -> list[dict[str, float]]:
    """Trains, from the last checkpoint in `work` where a training of the same settings left one; returns the log.

    SIGINT and SIGTERM end the training after the step at work, with a checkpoint of that step. Raises InputError where
    `work` holds a training of other settings, or the disk lacks room for the checkpoints.
    """
    disable_progress_bar()  # transformers' own, of each file that is written
    work.mkdir(parents=True, exist_ok=True)
    told = work / "settings.json"
    text = json.dumps(settings, indent=1, sort_keys=True, default=str)
    last = _last_checkpoint(work)
    if last and told.is_file() and told.read_text("utf-8") != text:
        raise InputError(
            "an unfinished training with other settings, data or loss lies here",
            f"Give its settings to go on, or remove it: rm -r {work}",
            work,
        )
    told.write_text(text, "utf-8")
    check_room(work, bytes_needed(trainer.model, "dev_data" in settings))
    if last:
        log.info("resuming at %s", last.name)
    _run(trainer, work, last)
    return trainer.state.log_history


def _run(trainer: OwnLossTrainer, work: Path, last: Path | None) -> None:
    """Trains to the end, or until a signal; then says what is kept."""
    saving = Saving()
    trainer.add_callback(saving)
    try:
        with saving.catching_signals():
            trainer.train(resume_from_checkpoint=str(last) if last else None)
        saving.end()
    except (KeyboardInterrupt, SystemExit):
        if trainer.is_world_process_zero():
            log.warning("%s", kept(work, saving.saved_step, trainer.state.max_steps))
        raise
    finally:  # a bar that Ctrl-C leaves running hides the cursor
        for callback in trainer.callback_handler.callbacks:
            if isinstance(callback, Watch):
                callback.bar.stop()


def _is_json(path: Path) -> bool:
    """Whether a file is there and was written to its end."""
    try:
        json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _is_whole(checkpoint: Path) -> bool:
    """Whether a checkpoint's state, and what torch wrote of it, was written to its end."""
    packed = [*checkpoint.glob("*.pt"), *checkpoint.glob("*.pth")]
    return _is_json(checkpoint / "trainer_state.json") and all(map(zipfile.is_zipfile, packed))


def _last_checkpoint(work: Path) -> Path | None:
    """The newest checkpoint that was written to its end; a half-written one is removed."""
    found = sorted(work.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    whole = [path for path in found if _is_whole(path)]
    if os.environ.get("RANK", "0") == "0":
        for path in set(found) - set(whole):
            shutil.rmtree(path)
    return whole[-1] if whole else None
