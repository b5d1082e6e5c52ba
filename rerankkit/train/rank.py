"""SFT and distillation, one program: fit a rank loss to the labels of groups."""

import inspect
import logging
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from rerankkit.errors import InputError
from rerankkit.files import whole_folder
from rerankkit.plugins import code_digest, load_plugin
from rerankkit.rerank import cross_encoder, llm
from rerankkit.rerank.checkpoint import Note
from rerankkit.rerank.graph import spare_last_layer
from rerankkit.rerank.model_card import origin_of
from rerankkit.rerank.models import digest_of_model
from rerankkit.rerank.pairs import PairEncoder
from rerankkit.rerank.room import STARTING
from rerankkit.rerank.scorer import head_name
from rerankkit.train import lora
from rerankkit.train.best import BestWeights
from rerankkit.train.checkpoint import Trained, planned, write_checkpoint
from rerankkit.train.curves import draw_curves
from rerankkit.train.data import GroupData, collate, digest
from rerankkit.train.dev import DevSet
from rerankkit.train.ending import ending
from rerankkit.train.scale import Loss, Scale
from rerankkit.train.settings import RankTraining
from rerankkit.train.targets import Targets
from rerankkit.train.trainer import OwnLossTrainer, Redraw, Watch, arguments, train, work_folder
from rerankkit.train.watched import WatchedLoss
from rerankkit.train.weights import set_dropout, with_score_head
from rerankkit.types import Group

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What is fitted to what: a model to labelled groups; `teacher` says that the labels are a teacher's scores.

    Beside a dev set the best weights by its measure are kept, else the last. `sources` are the names of the files that
    were read, by what they hold, for the model card.
    """

    model: str
    output: Path
    settings: RankTraining
    teacher: bool
    dev: DevSet | None = None
    sources: Mapping[str, str] = field(default_factory=dict)


def loss_of(settings: RankTraining) -> Loss:
    """The loss named in the settings with its options bound; InputError for an option that it does not have."""
    loss = load_plugin("losses", settings.loss).loss
    known = list(inspect.signature(loss).parameters)[3:]
    for name in settings.loss_options:
        if name not in known:
            has = f"It has {', '.join(known)}" if known else "It has none"
            raise InputError(f"the {settings.loss} loss has no option {name!r}", has)
    return partial(loss, **settings.loss_options)


def group_loss(loss: Loss, model: Any, batch: dict[str, Any]) -> torch.Tensor:
    """The loss over the scores of a batch's micro-batches, put back in place."""
    scores = torch.cat([model(**inputs).logits[:, 0].float() for inputs in batch["inputs"]])
    placed = torch.zeros_like(batch["labels"])
    placed = placed.masked_scatter(batch["mask"], scores[torch.argsort(batch["order"])])
    return loss(placed, batch["labels"], batch["mask"])


def fit(job: Job, groups: Iterable[Group]) -> Path:
    """Trains `job.model` on labelled groups and writes the checkpoint to `job.output`, whole.

    Raises InputError where no group has two different labels.
    """
    settings, work = job.settings, work_folder(job.output)
    loss, targets = _what_is_fitted(job, groups)
    scale = "" if targets.held is None or targets.graded else f", {targets.scale}"
    model, tokenizer, architecture, fresh = with_score_head(job.model, settings.seed, settings.keep_layers)
    note = planned(job.model, architecture, settings)
    encoder = (llm if architecture == "llm" else cross_encoder).prepare(model, tokenizer, note)
    set_dropout(model, settings.dropout)
    spare_last_layer(model)
    targets = targets.fit_for(model)
    if settings.lora.r:
        model = lora.wrap(model, settings.lora, [head_name(model), *fresh])
    data = GroupData(targets.labelled(), encoder, settings, job.teacher and not targets.graded)
    log.info("%d groups to learn from%s", len(data), scale)
    if job.dev is not None:
        job.dev.check_lengths(encoder)
    args = arguments(settings, work)
    trainer = OwnLossTrainer(
        partial(group_loss, loss),
        loss.told,
        model=model,
        args=args,
        train_dataset=data,
        data_collator=_collator(settings, encoder, model.config.pad_token_id, args.device.type),
        callbacks=[Redraw(data), Watch("distilling" if job.teacher else "fine-tuning")],
    )
    origin = origin_of(job.model)
    start = {"model": origin.shown, "start": digest_of_model(job.model)}
    record = {**start, "groups": len(data), "data": digest(targets.groups), **settings.record()}
    best = None
    if job.dev is not None:
        best = BestWeights(job.dev, encoder, settings, trainer)
        trainer.add_callback(best)
        record["dev_data"] = job.dev.digest()
    history = train(trainer, work, {**record, "loss_code": code_digest("losses", settings.loss)})
    encoder.tell_cuts()
    if trainer.is_world_process_zero():
        end = ending(trainer, encoder, targets, best)
        note = replace(note, trained={**record, **end, "sources": dict(job.sources), "log": history})
        _save(job.output, Trained(trainer.model, tokenizer, origin), note, targets.returned())
    return job.output


def _collator(settings: RankTraining, encoder: PairEncoder, pad_id: int, device: str) -> Callable[..., dict[str, Any]]:
    """What makes batches of encoded groups."""
    return partial(
        collate,
        pad_id=pad_id,
        segments=encoder.frame.segments,
        batch_tokens=settings.batch_tokens,
        starting=STARTING.get(device, settings.batch_tokens),
    )


def _what_is_fitted(job: Job, groups: Iterable[Group]) -> tuple[WatchedLoss, Targets]:
    """The loss, with an account of itself, and the groups with the labels that it takes."""
    settings, module = job.settings, load_plugin("losses", job.settings.loss)
    loss = loss_of(settings)
    if settings.early_stopping_patience is not None and job.dev is None:
        raise InputError("early stopping has nothing to go by", "Give --dev-run and --dev-qrels")
    if job.teacher:
        targets = Targets.of_teacher(groups, loss, getattr(module, "LABELS", "any"), settings.grade_levels)
    else:
        targets = Targets.of_people(groups)
    if job.dev is not None:
        job.dev.tell_shared(targets.groups)
    return WatchedLoss(loss, module), targets


def _save(output: Path, trained: Trained, note: Note, scale: Scale) -> None:
    """Writes the checkpoint whole, then forgets how far the training had come."""
    with whole_folder(output) as part:
        write_checkpoint(part, output.name, trained, note, scale)
        dev = note.trained.get("dev", {})
        draw_curves(note.trained["log"], part, dev.get("measure"), dev.get("first_stage"))
    shutil.rmtree(work_folder(output), ignore_errors=True)
