"""Checkpoints to resume from, saved by time and before a signal ends the training, beside those of `save_steps`."""

import logging
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from transformers import TrainerCallback

from rerankkit.errors import InputError

log = logging.getLogger(__name__)

INTERVAL = 120.0
"""Seconds of training that a kill may cost."""
SHARE = 20
"""Saving may take one part in this many of the time: checkpoints of large models are saved less often."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPING = b"\nStopping: the step at work is finished and saved first. Send the signal again to stop at once.\n"


class Saving(TrainerCallback):
    """Saves after INTERVAL seconds without a checkpoint, and saves and stops after SIGINT or SIGTERM.

    The processes of a distributed training agree on both after each step, because a save needs all of them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.received: int | None = None
        self.stopped = False
        self.saved_step: int | None = None
        self._clock, self._last, self._cost = clock, clock(), 0.0

    @contextmanager
    def catching_signals(self) -> Iterator[None]:
        """Notes a first SIGINT or SIGTERM in the block; a second one has its usual effect.

        Signals that the process ignores stay ignored. Outside the main thread nothing is caught.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in SIGNALS}

        def note(number: int, frame: FrameType | None) -> None:
            self.received = number
            for one, handler in before.items():
                signal.signal(one, handler)
            os.write(2, STOPPING)  # a print here may interrupt another one

        for number, handler in before.items():
            if handler not in (signal.SIG_IGN, None):
                signal.signal(number, note)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def on_train_begin(self, args, state, control, **rest):  # type: ignore[no-untyped-def]
        self._last = self._clock()
        self.saved_step = state.global_step or None

    def on_step_end(self, args, state, control, **rest):  # type: ignore[no-untyped-def]
        now = self._clock()
        due, stop = _agreed(now - self._last >= max(INTERVAL, SHARE * self._cost), self.received is not None, args)
        if due or stop:
            control.should_save = True
        if stop:
            control.should_training_stop = self.stopped = True
        if control.should_save:
            self._last = now

    def on_save(self, args, state, control, **rest):  # type: ignore[no-untyped-def]
        now = self._clock()
        self._cost, self._last, self.saved_step = now - self._last, now, state.global_step

    def end(self) -> None:
        """Ends the program as the signal that was received does; nothing where there was none."""
        if self.stopped and self.received == signal.SIGTERM:
            raise SystemExit(128 + signal.SIGTERM)
        if self.stopped:
            raise KeyboardInterrupt


def _agreed(due: bool, stop: bool, args: Any) -> tuple[bool, bool]:
    """Whether any process of a distributed training is due to save, or was asked to stop."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return due, stop
    flags = torch.tensor([int(due), int(stop)], device=args.device)
    torch.distributed.all_reduce(flags, torch.distributed.ReduceOp.MAX)
    return bool(flags[0]), bool(flags[1])


def bytes_needed(model: Any, best: bool) -> int:
    """Bytes that a training writes at most at one time: two checkpoints, the best weights twice, the output.

    A checkpoint holds the weights that PEFT saves, or all, and two numbers of the optimizer for each trained weight;
    every number is a float32.
    """
    total = sum(weight.numel() for weight in model.parameters())
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    adapter = hasattr(model, "peft_config")
    checkpoint = (trained if adapter else total) + 2 * trained
    return 4 * (2 * checkpoint + 2 * trained * best + total + trained * adapter)


def check_room(work: Path, needed: int) -> None:
    """Raises InputError where the file system of `work` lacks the room for a training's checkpoints."""
    free = shutil.disk_usage(work).free
    if free < needed:
        raise InputError(
            f"{_gigabytes(free)} are free, the training needs up to {_gigabytes(needed)} for its checkpoints",
            "Free some room, or give an --output on another disk",
            work,
        )
    log.info("checkpoints need up to %s on disk, %s are free", _gigabytes(needed), _gigabytes(free))


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"


def kept(work: Path, step: int | None, most: int) -> str:
    """What a stopped training leaves, and how it goes on."""
    if step is None:
        return f"No checkpoint was saved yet; the same command starts anew. To remove what is left: rm -r {work}"
    return (
        f"Stopped. The checkpoint of step {step:,} of {most:,} is kept in {work}: the same command goes on from there. "
        f"To start anew: rm -r {work}"
    )
