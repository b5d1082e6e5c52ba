"""Continued pre-training of a causal LLM on clicks: the query is given, the clicked title and summary are learnt.

`L = -sum_j log P(T_j, S_j | P(q), q_<j)` (DisRanker, arXiv 2411.04539): loss on title and summary tokens only.
A click may have a weight: its tokens' losses are multiplied by it, divided by the mean weight of all clicks.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.utils.data import Dataset

from rerankkit.collection.click_weights import ClickWeight
from rerankkit.collection.clicks import Click
from rerankkit.errors import InputError
from rerankkit.files import whole_folder
from rerankkit.rerank import llm
from rerankkit.rerank.checkpoint import check_length
from rerankkit.rerank.model_card import language_card, origin_of
from rerankkit.rerank.models import digest_of_model
from rerankkit.rerank.pairs import Lengths, Pair, PairEncoder
from rerankkit.train import lora
from rerankkit.train.ending import check_numbers
from rerankkit.train.settings import Training
from rerankkit.train.trainer import OwnLossTrainer, Watch, arguments, train, work_folder
from rerankkit.train.weights import with_language_head
from rerankkit.types import Document, Query

log = logging.getLogger(__name__)

IGNORED = -100
"""The label of a token that is not learnt."""


class Clicked(NamedTuple):
    """What is learnt: a document for a query, and how much it counts."""

    query: Query
    document: Document
    weight: float = 1.0


def clicked_documents(
    clicks: Iterable[Click], collection: Mapping[str, Document], weight: ClickWeight | None = None
) -> list[Clicked]:
    """Each click's query with the text that was clicked, from the click itself or from the collection.

    Its qid is its place among the clicks. Each counts once, unless a weight tells what it is worth. A document without
    text is left out. Raises InputError for a docid that the collection lacks.
    """
    weight = weight or ClickWeight()
    learnt = []
    for number, click in enumerate(clicks, 1):
        document = click.document or collection.get(click.docid)
        if document is None:
            raise InputError(
                f"click {number} names document {click.docid}, which is not in the collection",
                "Give the collection that was searched with --index or --collection",
            )
        if document.title or document.text:
            worth = weight.scaled(weight.count(click))
            learnt.append(Clicked(Query(str(number), click.query), document, worth))
    if not learnt:
        raise InputError("no click has a document with text")
    return learnt


class ClickData(Dataset):
    """Encoded clicks, each with its weight over the mean weight."""

    def __init__(self, clicks: Sequence[Clicked], encoder: PairEncoder) -> None:
        self.clicks, self.encoder = clicks, encoder
        self.mean = sum(one.weight for one in clicks) / len(clicks)
        for query in {one.query.text: one.query for one in reversed(clicks)}.values():
            encoder.encode(query, [])  # one that is too long is told now, not in the middle of the training

    def __len__(self) -> int:
        return len(self.clicks)

    def __getitem__(self, index: int) -> tuple[Pair, float]:
        query, document, weight = self.clicks[index]
        (pair,) = self.encoder.encode(query, [document])
        return pair, weight / self.mean


def collate(items: Sequence[tuple[Pair, float]], pad_id: int) -> dict[str, torch.Tensor]:
    """Inputs padded on the right and labels, [click, token], and weights, [click].

    The query's tokens and the padding are not learnt.
    """
    longest = max(len(pair.ids) for pair, _ in items)
    ids = torch.full((len(items), longest), pad_id)
    mask = torch.zeros_like(ids)
    labels = torch.full_like(ids, IGNORED)
    for row, (pair, _) in enumerate(items):
        ids[row, : len(pair.ids)] = torch.tensor(pair.ids)
        mask[row, : len(pair.ids)] = 1
        labels[row, pair.first : len(pair.ids)] = torch.tensor(pair.ids[pair.first :])
    weights = torch.tensor([weight for _, weight in items])
    return {"input_ids": ids, "attention_mask": mask, "labels": labels, "weights": weights}


def click_loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The mean over the learnt tokens of their negative log-likelihood times the click's weight.

    It is divided by the tokens' number, not by their weights: these average to 1 over the clicks, and a batch of one
    click keeps its weight. The learnt tokens' logits alone are computed in full.
    """
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1]
    targets = batch["labels"][:, 1:]
    learnt = targets != IGNORED
    costs = torch.nn.functional.cross_entropy(logits[learnt].float(), targets[learnt], reduction="none")
    return (costs * batch["weights"][:, None].expand_as(targets)[learnt]).mean()


def digest(clicks: Iterable[Clicked]) -> str:
    """A hash of the queries, texts and weights: a training is not resumed on other data."""
    hashed = hashlib.sha256()
    for one in clicks:
        hashed.update(json.dumps(one).encode())
    return hashed.hexdigest()


def continue_pretraining(
    model: str,
    clicks: Sequence[Clicked],
    output: Path,
    settings: Training,
    sources: Mapping[str, str] | None = None,
) -> Path:
    """Trains the LLM on clicked documents and writes it to `output`, whole; `sft` starts from there.

    `sources` are the names of the files that were read, by what they hold, for the model card.

    Raises InputError where the model is no causal language model, or a query leaves no room for a document.
    """
    work = work_folder(output)
    torch.manual_seed(settings.seed)
    network, tokenizer = with_language_head(model, "CPT needs an LLM, e.g. --model smollm2-135m")
    check_length(network, settings.max_length)
    llm.separate_pad(network, tokenizer)
    lengths = Lengths(settings.max_length, settings.max_query_tokens, long_queries=settings.long_queries)
    encoder = PairEncoder(tokenizer, llm.frame(tokenizer), lengths)
    data = ClickData(clicks, encoder)
    if settings.lora.r:
        network = lora.wrap(network, settings.lora, [])
    trainer = OwnLossTrainer(
        click_loss,
        model=network,
        args=arguments(settings, work),
        train_dataset=data,
        data_collator=lambda items: collate(items, tokenizer.pad_token_id),
        callbacks=[Watch("pre-training on clicks")],
    )
    origin = origin_of(model)
    start = {"model": origin.shown, "start": digest_of_model(model)}
    train(trainer, work, {**start, "clicks": len(clicks), "data": digest(clicks), **settings.record()})
    encoder.tell_cuts()
    if trainer.is_world_process_zero():
        check_numbers(trainer.model, trainer.args.output_dir)
        with whole_folder(output) as part:
            trained: Any = trainer.model
            if settings.lora.r:
                trained = lora.save_adapter_and_merge(trained, part / "adapter", origin)
            trained.save_pretrained(part)
            tokenizer.save_pretrained(part)
            card = language_card(output.name, origin, len(clicks), sources or {})
            (part / "README.md").write_text(card, "utf-8")
        shutil.rmtree(work, ignore_errors=True)
    return output
