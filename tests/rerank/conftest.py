"""Scores in float32, whatever the processor of the test; a student on each backend, compiled once."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="module", autouse=True)
def plain_processor() -> Iterator[None]:
    """A CPU that is no faster in bfloat16."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
            patch.setattr(torch.cpu, name, lambda: False)
        yield


def words(count: int = 6, size: int = 8):
    """Groups of documents of one to 30 words."""
    import random

    from rerankkit.types import Candidate, Document, Group, Query

    chance, known = random.Random(3), ["red", "green", "blue", "cat", "dog", "bird", "fish"]
    made = []
    for number in range(count):
        texts = [" ".join(chance.choices(known, k=chance.randint(1, 30))) for _ in range(size)]
        candidates = tuple(Candidate(Document(f"{number}/{i}", "dog", text), 0.0) for i, text in enumerate(texts))
        made.append(Group(Query(str(number), " ".join(chance.choices(known, k=3))), candidates))
    return made


@pytest.fixture(scope="session", params=["openvino", "onnx"])
def compiled(request, bert_reranker, tmp_path_factory):
    """Backend, and a folder with the student compiled for it in float32."""
    from rerankkit.rerank.compiling import compile_into, needs, student
    from rerankkit.rerank.scoring import Scoring

    package = {"openvino": "openvino", "onnx": "onnxscript"}[request.param]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: nothing is compiled for {request.param}")
    needs(request.param, "float32")
    folder: Path = tmp_path_factory.mktemp("compiled") / request.param
    folder.mkdir()
    scorer = student(str(bert_reranker), Scoring())
    compile_into(folder, scorer, str(bert_reranker), request.param, "float32", words())
    return request.param, folder
