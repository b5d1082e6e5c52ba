"""Scores are compared in float32, whatever the processor of the test."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(scope="module", autouse=True)
def plain_processor() -> Iterator[None]:
    """A CPU that is no faster in bfloat16."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
            patch.setattr(torch.cpu, name, lambda: False)
        yield
