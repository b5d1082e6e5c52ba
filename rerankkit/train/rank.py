"""SFT and distillation, one program: fit a rank loss to the labels of groups."""

import inspect
import logging
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from rerankkit.errors import InputError
from rerankkit.files import whole_folder
from rerankkit.groups.sample import orders
from rerankkit.plugins import load_plugin
from rerankkit.rerank import cross_encoder, llm
from rerankkit.rerank.checkpoint import Note, check_length
from rerankkit.rerank.pairs import Lengths, PairEncoder
from rerankkit.rerank.scorer import head_name, keep_head_in_float32
from rerankkit.train import lora
from rerankkit.train.checkpoint import write_checkpoint
from rerankkit.train.data import GroupData, collate, digest
from rerankkit.train.scale import Scale
from rerankkit.train.settings import RankTraining
from rerankkit.train.trainer import OwnLossTrainer, Redraw, Watch, arguments, train, work_folder
from rerankkit.train.weights import with_score_head
from rerankkit.types import Group

log = logging.getLogger(__name__)

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Job:
    """What is fitted to what: a model to labelled groups; `teacher` says that the labels are a teacher's scores."""

    model: str
    output: Path
    settings: RankTraining
    teacher: bool


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
    settings = job.settings
    loss = loss_of(settings)
    usable = [group for group in groups if orders(group)]
    if not usable:
        raise InputError(
            "no group has candidates with different labels", "Check that the run found judged or clicked documents"
        )
    scale = Scale.of(usable) if job.teacher else Scale()
    log.info("%d groups to learn from, %s", len(usable), scale)
    model, tokenizer, architecture, fresh = with_score_head(job.model, settings.seed)
    (llm.separate_pad if architecture == "llm" else cross_encoder.name_padding)(model, tokenizer)
    scale = scale.fit_for(model)
    keep_head_in_float32(model)
    frame = (llm if architecture == "llm" else cross_encoder).frame(tokenizer)
    lengths = Lengths(settings.max_length, settings.max_query_tokens)
    check_length(model, settings.max_length)
    encoder = PairEncoder(tokenizer, frame, lengths)
    if settings.lora.r:
        model = lora.wrap(model, settings.lora, [head_name(model), *fresh])
    data = GroupData([scale.apply(group) for group in usable], encoder, settings, job.teacher)
    work = work_folder(job.output)
    trainer = OwnLossTrainer(
        partial(group_loss, loss),
        model=model,
        args=arguments(settings, work),
        train_dataset=data,
        data_collator=partial(
            collate,
            pad_id=model.config.pad_token_id,
            segments=frame.segments,
            batch_tokens=settings.batch_tokens,
        ),
        callbacks=[Redraw(data), Watch("distilling" if job.teacher else "fine-tuning")],
    )
    record = {"model": job.model, "groups": len(usable), "data": digest(usable), **settings.record()}
    history = train(trainer, work, record)
    encoder.tell_cuts()
    if trainer.is_world_process_zero():
        _save(job.output, trainer.model, tokenizer, Note(architecture, lengths, {**record, "log": history}), scale)
    return job.output


def _save(output: Path, model: Any, tokenizer: Any, note: Note, scale: Scale) -> None:
    """Writes the checkpoint whole, then forgets how far the training had come."""
    with whole_folder(output) as part:
        write_checkpoint(part, model, tokenizer, note, scale)
    shutil.rmtree(work_folder(output), ignore_errors=True)
