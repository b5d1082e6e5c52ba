"""Pairs to padded batches: sorted by length, cut by a token budget, across queries."""

from collections.abc import Sequence

import torch

from rerankkit.rerank.pairs import Pair


def by_length(pairs: Sequence[Pair], batch_tokens: int) -> list[list[int]]:
    """The pairs' indices in batches whose padded size stays in the budget, longest first; a long pair goes alone."""
    order = sorted(range(len(pairs)), key=lambda index: len(pairs[index].ids), reverse=True)
    batches: list[list[int]] = []
    for index in order:
        if not batches or (len(batches[-1]) + 1) * len(pairs[batches[-1][0]].ids) > batch_tokens:
            batches.append([])
        batches[-1].append(index)
    return batches


def pad(pairs: Sequence[Pair], pad_id: int, segments: bool) -> dict[str, torch.Tensor]:
    """The model's inputs, padded on the right: input_ids, attention_mask and, with segments, token_type_ids.

    Each is a long tensor [pair, token].
    """
    longest = max(len(pair.ids) for pair in pairs)
    ids = torch.full((len(pairs), longest), pad_id)
    mask = torch.zeros((len(pairs), longest), dtype=torch.long)
    types = torch.zeros_like(mask)
    for row, pair in enumerate(pairs):
        length = len(pair.ids)
        ids[row, :length] = torch.tensor(pair.ids)
        mask[row, :length] = 1
        types[row, pair.first : length] = 1
    inputs = {"input_ids": ids, "attention_mask": mask}
    return {**inputs, "token_type_ids": types} if segments else inputs
