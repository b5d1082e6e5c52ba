"""Continued pre-training of a causal LLM on clicks: the query is given, the clicked title and summary are learnt.

`L = -sum_j log P(T_j, S_j | P(q), q_<j)` (DisRanker, arXiv 2411.04539): loss on title and summary tokens only.
"""

import logging
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

from rerankkit.collection.clicks import Click
from rerankkit.errors import InputError
from rerankkit.files import whole_folder
from rerankkit.rerank import llm
from rerankkit.rerank.checkpoint import load_tokenizer, loading
from rerankkit.rerank.pairs import Lengths, Pair, PairEncoder
from rerankkit.train import lora
from rerankkit.train.settings import Training
from rerankkit.train.trainer import OwnLossTrainer, Watch, arguments, train, work_folder
from rerankkit.train.weights import is_causal
from rerankkit.types import Document, Query

log = logging.getLogger(__name__)

IGNORED = -100
"""The label of a token that is not learnt."""


def clicked_documents(clicks: Iterable[Click], collection: Mapping[str, Document]) -> list[tuple[Query, Document]]:
    """Each click's query with the text that was clicked, from the click itself or from the collection.

    Raises InputError for a docid that the collection lacks; a document without text is left out.
    """
    pairs = []
    for number, click in enumerate(clicks, 1):
        document = click.document or collection.get(click.docid)
        if document is None:
            raise InputError(
                f"click {number} names document {click.docid}, which is not in the collection",
                "Give the collection that was searched with --index or --collection",
            )
        if document.title or document.text:
            pairs.append((Query(str(number), click.query), document))
    if not pairs:
        raise InputError("no click has a document with text")
    return pairs


class ClickData(Dataset):
    """Encoded clicks."""

    def __init__(self, pairs: Sequence[tuple[Query, Document]], encoder: PairEncoder) -> None:
        self.pairs, self.encoder = pairs, encoder

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Pair:
        query, document = self.pairs[index]
        (pair,) = self.encoder.encode(query, [document])
        return pair


def collate(pairs: Sequence[Pair], pad_id: int) -> dict[str, torch.Tensor]:
    """Inputs padded on the right and labels, [click, token]; the query's tokens and the padding are not learnt."""
    longest = max(len(pair.ids) for pair in pairs)
    ids = torch.full((len(pairs), longest), pad_id)
    mask = torch.zeros_like(ids)
    labels = torch.full_like(ids, IGNORED)
    for row, pair in enumerate(pairs):
        ids[row, : len(pair.ids)] = torch.tensor(pair.ids)
        mask[row, : len(pair.ids)] = 1
        labels[row, pair.first : len(pair.ids)] = torch.tensor(pair.ids[pair.first :])
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def click_loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The mean negative log-likelihood of the tokens that are learnt; their logits alone are computed in full."""
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1]
    targets = batch["labels"][:, 1:]
    learnt = targets != IGNORED
    return torch.nn.functional.cross_entropy(logits[learnt].float(), targets[learnt])


def continue_pretraining(
    model: str, clicks: Sequence[tuple[Query, Document]], output: Path, settings: Training
) -> Path:
    """Trains the LLM on clicked documents and writes it to `output`, whole; `sft` starts from there.

    Raises InputError where the model is no causal language model.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(settings.seed)
    remedy = "CPT needs an LLM, e.g. --model smollm2-135m"
    with loading(model, remedy):
        if not is_causal(AutoConfig.from_pretrained(model)):
            raise InputError(f"{model} is no causal language model", remedy)
        network = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
        tokenizer = load_tokenizer(model)
    llm.separate_pad(network, tokenizer)
    encoder = PairEncoder(tokenizer, llm.frame(tokenizer), Lengths(settings.max_length, settings.max_query_tokens))
    if settings.lora.r:
        network = lora.wrap(network, settings.lora, [])
    work = work_folder(output)
    trainer = OwnLossTrainer(
        click_loss,
        model=network,
        args=arguments(settings, work),
        train_dataset=ClickData(clicks, encoder),
        data_collator=lambda pairs: collate(pairs, tokenizer.pad_token_id),
        callbacks=[Watch("pre-training on clicks")],
    )
    train(trainer, work, {"model": model, "clicks": len(clicks), **settings.record()})
    if trainer.is_world_process_zero():
        with whole_folder(output) as part:
            trained: Any = trainer.model
            if settings.lora.r:
                trained = lora.save_adapter_and_merge(trained, part / "adapter")
            trained.save_pretrained(part)
            tokenizer.save_pretrained(part)
        shutil.rmtree(work, ignore_errors=True)
    return output
