"""What a training step sees: groups drawn and encoded, in micro-batches sorted by length."""

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import torch
from torch.utils.data import Dataset

from rerankkit.errors import InputError
from rerankkit.groups.sample import draw, pairs_left
from rerankkit.rerank.batches import pad
from rerankkit.rerank.pairs import Pair, PairEncoder
from rerankkit.rerank.room import cut
from rerankkit.train.settings import RankTraining
from rerankkit.types import Group

log = logging.getLogger(__name__)


class GroupData(Dataset):
    """Encoded groups; each epoch draws other candidates, by the seed and the epoch's number.

    Groups that the band of negatives leaves without a pair are left out; InputError where none remains.
    """

    def __init__(self, groups: Sequence[Group], encoder: PairEncoder, settings: RankTraining, teacher: bool) -> None:
        self.sampling, self.seed, self.encoder = settings.draws(teacher), settings.seed, encoder
        self.groups = [group for group in groups if pairs_left(group, self.sampling)]
        if not self.groups:
            raise InputError(
                f"no query has a negative at the ranks of --negatives {settings.negatives} and a positive",
                "Widen them, or retrieve deeper",
            )
        if len(self.groups) < len(groups):
            gone = len(groups) - len(self.groups)
            log.info("%d groups left out: no pair with --negatives %s", gone, settings.negatives)
        self.epoch = 0
        for group in self.groups:  # a query that is too long is told now, not in the middle of the training
            encoder.encode(group.query, [])

    def set_epoch(self, epoch: int) -> None:
        """Told by the Trainer at the start of each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, index: int) -> tuple[list[Pair], list[float]]:
        group = self.groups[index]
        drawn = draw(group, self.sampling, self.seed + 7919 * self.epoch)
        documents = [group.candidates[i].document for i in drawn]
        labels: Sequence[float] = group.labels or ()
        return self.encoder.encode(group.query, documents), [labels[i] for i in drawn]


def micro_batches(pairs: Sequence[Pair], batch_tokens: int, starting: int) -> list[list[int]]:
    """The pairs' indices in batches, longest first, for the least padded size and `starting` tokens more for each.

    Each batch's padded size stays in the budget of `batch_tokens`; a long pair goes alone.
    """
    order = sorted(range(len(pairs)), key=lambda index: len(pairs[index].ids), reverse=True)
    lengths = [len(pairs[index].ids) for index in order]
    places = iter(order)
    return [list(islice(places, size)) for size in cut(lengths, batch_tokens, starting)]


def collate(
    items: Sequence[tuple[list[Pair], list[float]]], pad_id: int, segments: bool, batch_tokens: int, starting: int
) -> dict[str, Any]:
    """Groups to micro-batches sorted by length, with labels and mask [query, candidate] and each pair's place."""
    width = max(len(pairs) for pairs, _ in items)
    labels = torch.zeros(len(items), width)
    mask = torch.zeros(len(items), width, dtype=torch.bool)
    flat: list[Pair] = []
    for row, (pairs, values) in enumerate(items):
        flat += pairs
        labels[row, : len(pairs)] = torch.tensor(values)
        mask[row, : len(pairs)] = True
    batches = micro_batches(flat, batch_tokens, starting)
    order = torch.tensor([index for batch in batches for index in batch])
    inputs = [pad([flat[i] for i in batch], pad_id, segments) for batch in batches]
    return {"inputs": inputs, "order": order, "labels": labels, "mask": mask}


def digest(groups: Iterable[Group]) -> str:
    """A hash of queries, documents with their texts, and labels: a training is not resumed on other data."""
    hashed = hashlib.sha256()
    met: set[str] = set()  # an id's text is hashed where it is first met: many lists share a document
    for group in groups:
        documents = {candidate.document.docid: candidate.document for candidate in group.candidates}
        new = [document for docid, document in documents.items() if docid not in met]
        met.update(documents)
        hashed.update(json.dumps([group.query, list(documents), group.labels, new]).encode())
    return hashed.hexdigest()
