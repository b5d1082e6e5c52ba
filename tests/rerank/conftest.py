"""Scores in float32, whatever the processor of the test; a student on each backend, compiled once."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from .tiny import groups


@pytest.fixture(scope="module", autouse=True)
def plain_processor() -> Iterator[None]:
    """A CPU that is no faster in bfloat16."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
            patch.setattr(torch.cpu, name, lambda: False)
        yield


@pytest.fixture(scope="session", params=["openvino", "onnx"])
def compiled(request, bert_reranker, tmp_path_factory):
    """Backend, and a folder with the student compiled for it in float32."""
    from rerankkit.rerank.compiling import Making, compile_into, needs, weights
    from rerankkit.rerank.scoring import Scoring

    package = {"openvino": "openvino", "onnx": "onnxscript"}[request.param]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: nothing is compiled for {request.param}")
    needs(request.param, "float32")
    folder: Path = tmp_path_factory.mktemp("compiled") / request.param
    folder.mkdir()
    scorer = weights(str(bert_reranker), Scoring())
    compile_into(folder, Making(str(bert_reranker), scorer, request.param, groups()), "float32")
    return request.param, folder
