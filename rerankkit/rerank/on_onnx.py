"""ONNX Runtime: a captured graph to its file, and that to logits on the CPU."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rerankkit.rerank.quiet import quiet_export

FILE = "onnx/model.onnx"
"""Where sentence-transformers looks for it too."""

INSTALL = "pip install 'rerankkit[onnx]'"


class OnOnnx:
    """A session; its threads share each layer."""

    def __init__(self, folder: Path, dtype: str, threads: int) -> None:
        """Opens the folder's model; in which dtype it computes is written in it."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False  # which keeps as much as the largest batch of each length ever took
        self._session = onnxruntime.InferenceSession(str(folder / FILE), options, providers=["CPUExecutionProvider"])

    def logits(self, batches: Iterable[dict[str, np.ndarray]]) -> Iterator[np.ndarray]:
        """The logits of each batch, in order."""
        for batch in batches:
            yield self._session.run(["logits"], batch)[0][:, 0]


def write(program: Any, inputs: Sequence[str], folder: Path) -> None:
    """Writes a captured graph in float32."""
    import torch

    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with quiet_export():
        torch.onnx.export(
            program,
            f=str(path),
            dynamo=True,
            input_names=list(inputs),
            output_names=["logits"],
            external_data=False,
            verbose=False,
        )


def quantise(folder: Path) -> None:
    """Puts int8 weights, a scale a channel, in the place of float32 ones; activations are scaled batch by batch.

    The head stays as it is: what it loses, no later layer evens out.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path = folder / FILE
    whole = path.with_name("whole.onnx")
    path.rename(whole)
    products = [node.name for node in onnx.load(whole).graph.node if node.op_type in ("MatMul", "Gemm")]
    with quiet_export():
        quantize_dynamic(
            str(whole),
            str(path),
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=products[-2:],
        )
    whole.unlink()
