"""OpenVINO: a captured graph to its files, and these to logits on the CPU."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rerankkit.rerank.quiet import quiet_export

FILE = "openvino/openvino_model.xml"
"""Where sentence-transformers looks for it too."""

INSTALL = "pip install 'rerankkit[openvino]'"
PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


class OnOpenvino:
    """A compiled model: each thread has a stream of its own, so that they do not wait for each other within a layer."""

    def __init__(self, folder: Path, dtype: str, threads: int) -> None:
        """Compiles the folder's model; int8 computes what is not quantised in bfloat16, where the processor has it."""
        import openvino

        core = openvino.Core()
        half = "bfloat16" if computes_bf16(core) else "float32"
        settings = {
            "INFERENCE_PRECISION_HINT": PRECISIONS[half if dtype == "int8" else dtype],
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": threads,
            "ENABLE_CPU_PINNING": False,
        }
        self._compiled = core.compile_model(str(folder / FILE), "CPU", settings)
        self._requests = [self._compiled.create_infer_request() for _ in range(threads)]

    def logits(self, batches: Iterable[dict[str, np.ndarray]]) -> Iterator[np.ndarray]:
        """The logits of each batch, in order; as many batches are under way as there are streams."""
        running: deque[Any] = deque()
        idle = deque(self._requests)
        for batch in batches:
            if not idle:
                yield self._finished(running, idle)
            request = idle.popleft()
            request.start_async(batch, share_inputs=True)
            running.append((request, batch))
        while running:
            yield self._finished(running, idle)

    @staticmethod
    def _finished(running: "deque[Any]", idle: "deque[Any]") -> np.ndarray:
        request, _ = running.popleft()  # the batch lives as long: its memory is shared
        request.wait()
        idle.append(request)
        return request.get_output_tensor(0).data[:, 0].copy()


def computes_bf16(core: Any = None) -> bool:
    """Whether the processor has bfloat16, as OpenVINO sees it."""
    import openvino

    return "BF16" in (core or openvino.Core()).get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def write(program: Any, folder: Path, exact_sums: bool = False) -> Any:
    """Converts a captured graph, and writes it in float32; returns the model for `quantised`.

    With `exact_sums` a run in bfloat16 adds in float32: what the many layers of an LLM add up would lose its digits.
    """
    import openvino

    with quiet_export():
        model = openvino.convert_model(program)
    model.outputs[0].get_tensor().set_names({"logits"})
    save(model, folder)
    if exact_sums:
        _keep_sums_exact(folder / FILE)
    return model


def _keep_sums_exact(path: Path) -> None:
    """Marks each addition as one whose precision stays; OpenVINO reads the mark from its file alone."""
    from xml.etree import ElementTree

    tree = ElementTree.parse(path)
    for layer in tree.iter("layer"):
        if layer.get("type") == "Add":
            marks = ElementTree.Element("rt_info")
            ElementTree.SubElement(marks, "attribute", name="precise", version="0")
            layer.insert(1 if layer.find("data") is not None else 0, marks)
    tree.write(path)


def save(model: Any, folder: Path) -> None:
    """Writes a model's two files, anew: those of before may still be mapped into memory."""
    import openvino

    place = (folder / FILE).parent
    place.mkdir(parents=True, exist_ok=True)
    for path in place.iterdir():
        path.unlink()
    openvino.save_model(model, str(folder / FILE), compress_to_fp16=False)
