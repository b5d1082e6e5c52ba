"""An OpenVINO model to int8 by NNCF: scales from real pairs, what is sensitive left as it is.

SmoothQuant (Xiao et al. 2022, arXiv 2211.10438) moves the activations' outliers into the weights, whose scales are one
a channel. Attention's softmax, the pooler and the score head are not quantised.
"""

import contextlib
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rerankkit.rerank.quiet import quiet_export

INSTALL = "pip install 'rerankkit[int8]'"
SMOOTHING = 0.6
"""SmoothQuant's alpha: how much of the outliers the weights take."""


def quantised(model: Any, batches: Sequence[dict[str, np.ndarray]], kept: Iterable[str] = ()) -> Any:
    """The model in int8, its activations' ranges those of the batches; layers named in `kept` are left."""
    import nncf

    names = [*sensitive(model), *kept]
    with quiet_export(), contextlib.redirect_stderr(io.StringIO()):
        return nncf.quantize(
            model,
            nncf.Dataset(list(batches)),
            subset_size=len(batches),
            model_type=nncf.ModelType.TRANSFORMER,
            ignored_scope=nncf.IgnoredScope(names=names),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                smooth_quant_alphas=nncf.AdvancedSmoothQuantParameters(matmul=SMOOTHING)
            ),
        )


def sensitive(model: Any) -> list[str]:
    """The names of attention's softmax and of the products behind the last layer: pooler and head."""
    nodes = list(model.get_ordered_ops())
    attention = [node.get_friendly_name() for node in nodes if node.get_type_name() == "ScaledDotProductAttention"]
    products = [node for node in nodes if node.get_type_name() == "MatMul"]
    flat = [node.get_friendly_name() for node in products if len(node.input(0).get_partial_shape()) < 3]
    return [*attention, *flat]
