"""How a checkpoint is run; nothing here loads torch before a device of its is asked for."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rerankkit.errors import InputError
from rerankkit.rerank.pairs import CUT, LONG_QUERIES, Lengths

if TYPE_CHECKING:
    import torch

DTYPES = ("float32", "bfloat16", "float16", "int8")
"""The names that --dtype knows beside auto."""

SHORT = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
"""Other names of theirs."""

BACKENDS = ("torch", "onnx", "openvino")
"""The names that --backend knows beside auto."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """How a checkpoint is run.

    `label` is the label of relevant pairs where a model has several; `any_prompt` lets models of a known family be
    scored by another prompt than theirs.
    """

    device: str = "auto"
    dtype: str = "auto"
    batch_tokens: int = 4096
    max_length: int | None = None
    max_query_tokens: int | None = None
    backend: str = "torch"
    compile: bool = False
    long_queries: str = CUT
    label: int | None = None
    any_prompt: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", SHORT.get(self.dtype, self.dtype))
        if self.dtype not in {"auto", *DTYPES}:
            raise InputError(f"unknown --dtype {self.dtype!r}", f"Known: auto, {', '.join(DTYPES)}")
        if self.backend not in {"auto", *BACKENDS}:
            raise InputError(f"unknown --backend {self.backend!r}", f"Known: auto, {', '.join(BACKENDS)}")
        if self.dtype == "int8" and self.backend == "torch":
            raise InputError("--backend torch does not compute int8", "Give --backend openvino, or onnx")
        if self.dtype == "float16" and self.backend in ("onnx", "openvino"):
            raise InputError(f"--backend {self.backend} does not compute float16", "Give --dtype bf16, or float32")
        if self.dtype == "bfloat16" and self.backend == "onnx":
            raise InputError("--backend onnx does not compute bfloat16 on a CPU", "Give --backend openvino, or torch")
        if self.compile and (self.backend in ("onnx", "openvino") or self.dtype == "int8"):
            raise InputError(
                "--compile is torch's", "Leave it out, or give --backend torch and another --dtype than int8"
            )
        if self.long_queries not in LONG_QUERIES:
            raise InputError(f"unknown --long-queries {self.long_queries!r}", f"Known: {', '.join(LONG_QUERIES)}")
        if self.label is not None and self.label < 0:
            raise InputError(f"--label {self.label} is negative", "Labels count from 0")
        if self.batch_tokens < 1:
            raise InputError(f"--batch-tokens {self.batch_tokens} is not positive")
        if self.max_length is not None and self.max_length < 8:
            raise InputError(f"--max-length {self.max_length} is too small", "Give at least 8 tokens")
        if self.max_query_tokens is not None and self.max_query_tokens < 1:
            raise InputError(f"--max-query-tokens {self.max_query_tokens} is not positive")

    def lengths(self, kept: Lengths) -> Lengths:
        """A checkpoint's own lengths, under those that were asked for."""
        asked = self.max_length or kept.max_length, self.max_query_tokens or kept.max_query_tokens
        return replace(kept, max_length=asked[0], max_query_tokens=asked[1], long_queries=self.long_queries)

    def torch_device(self) -> "torch.device":
        """The device asked for; `auto` is CUDA, then MPS, then the CPU."""
        import torch

        if self.device == "auto":
            if torch.cuda.is_available():
                return torch.device("cuda")
            return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
        try:
            device = torch.device(self.device)
            torch.empty(1, device=device)
        except (RuntimeError, AssertionError) as error:
            raise InputError(f"--device {self.device}: {str(error).splitlines()[0]}", "See rerankkit doctor") from error
        return device
