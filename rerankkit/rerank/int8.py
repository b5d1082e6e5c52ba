"""An OpenVINO model to int8 by NNCF: scales from real pairs, what is sensitive left as it is.

SmoothQuant (Xiao et al. 2022, arXiv 2211.10438) moves the activations' outliers into the weights, whose scales are one
a channel. Softmax, pooler and head stay as they are; with care also the feed-forward's second product, whose inputs lie
behind a GELU with outliers that no scale fits. Of a MiniLM student trained on web search, Kendall tau with float32 was
.984 with all products quantised and .990 without the second ones on lists like its own, .965 and .978 on passages. Most
of the outliers must go into the weights: with an alpha of 0.6 for 0.85, all products quantised had .974 and .946.
"""

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from rerankkit.rerank.quiet import quiet_export

INSTALL = "pip install 'rerankkit[int8]'"
SMOOTHING = 0.85
"""SmoothQuant's alpha: how much of the outliers the weights take."""


def quantised(model: Any, batches: Sequence[dict[str, np.ndarray]], careful: bool) -> Any:
    """The model in int8, its activations' ranges those of the batches."""
    import nncf

    names = sensitive(model, careful)
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


def sensitive(model: Any, careful: bool) -> list[str]:
    """The names of what loses most in int8: softmax, pooler and head; with care also the narrowing products."""
    found = []
    for node in model.get_ordered_ops():
        if node.get_type_name() == "ScaledDotProductAttention":
            found.append(node.get_friendly_name())
        elif node.get_type_name() == "MatMul":
            states, weights = (node.input(port).get_partial_shape() for port in (0, 1))
            outputs = node.output(0).get_partial_shape()
            known = states[-1].is_static and outputs[-1].is_static
            narrowing = known and states[-1].get_length() > outputs[-1].get_length()
            if len(states) < 3 or (careful and len(weights) == 2 and narrowing):
                found.append(node.get_friendly_name())
    return found
