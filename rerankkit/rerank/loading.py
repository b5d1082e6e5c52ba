"""The one door through which models, tokenizers and configurations are loaded.

A checkpoint's own code never runs, nothing asks on the terminal, and what a library raises about a checkpoint becomes
an InputError.
"""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.rerank.hub import options_for
from rerankkit.rerank.model_files import check_files
from rerankkit.rerank.quiet import quiet_transformers
from rerankkit.rerank.room import lacks_memory

log = logging.getLogger(__name__)

REMEDY = "Give a checkpoint folder, a name of `rerankkit models`, or a Hugging Face id where the hub is reached"
"""What to do where a model cannot be loaded."""
LEAST_TOKENS = 8
"""Tokens that a model must take."""
LONGEST = 300
"""Characters of a library's message that are shown."""
RESTORE = "Restore its files, or save the model again"
OWN_CODE = "Give a model of an architecture that transformers has, e.g. a converted copy of this one"


@contextlib.contextmanager
def loading(checkpoint: str, remedy: str) -> Iterator[None]:
    """Checks a checkpoint's files, keeps transformers quiet, and turns what libraries raise into InputError.

    A lack of memory stays what it is.
    """
    check_files(checkpoint)
    try:
        with quiet_transformers(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (InputError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        # The files are foreign, and four libraries read them: there is no list of their errors, and a panic of the
        # tokenizers' Rust code is not even an Exception.
        if lacks_memory(error):
            raise
        reason, remedy = explained(error, RESTORE if Path(checkpoint).is_dir() else remedy)
        raise InputError(f"cannot load {checkpoint}: {reason}", remedy) from error


def load_config(checkpoint: str) -> Any:
    """The configuration of a folder or hub id, in transformers' class; as all that follows, for inside of `loading`."""
    from transformers import AutoConfig

    with _reading("config.json"):
        config = AutoConfig.from_pretrained(checkpoint, trust_remote_code=False, **_place(checkpoint))
    if getattr(config, "auto_map", None):
        log.warning("%s: its own code (auto_map in config.json) is not run, transformers' classes are used", checkpoint)
    return config


def load_model(kind: str, checkpoint: str, **options: Any) -> Any:
    """The model of a folder or hub id in float32, by an auto class of transformers such as AutoModel."""
    import torch
    import transformers

    options = {"dtype": torch.float32, **_place(checkpoint), **options}
    with _reading("the weights"):
        return getattr(transformers, kind).from_pretrained(checkpoint, trust_remote_code=False, **options)


def load_tokenizer(checkpoint: str, **options: Any) -> Any:
    """The tokenizer of a folder or hub id; InputError for one without words, as transformers makes up for a folder."""
    from transformers import AutoTokenizer

    place = _place(checkpoint)
    with _reading("the tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(checkpoint, trust_remote_code=False, **place, **options)
        tokenizer("one \u2603", "two")  # absent tokens, of the template or for unknown words, fail at the first text
    for name in ("trust_remote_code", *place):  # or it would be saved with the tokenizer
        tokenizer.init_kwargs.pop(name, None)
    if len(tokenizer) <= len(tokenizer.all_special_tokens):
        raise InputError(f"{checkpoint} has no tokenizer", "Save the tokenizer beside the weights")
    most = tokenizer.model_max_length
    if isinstance(most, float) and most.is_integer():
        most = tokenizer.model_max_length = int(most)
    if isinstance(most, bool) or not isinstance(most, int) or most < LEAST_TOKENS:
        raise InputError(
            f"{checkpoint}: the tokenizer's model_max_length is {str(most)[:40]!r}",
            f"Set it in tokenizer_config.json to a whole number of at least {LEAST_TOKENS}",
        )
    return tokenizer


def _place(checkpoint: str) -> dict[str, Any]:
    """Keeps a folder's loading away from the network; asks the hub whether it has an id."""
    return {"local_files_only": True} if Path(checkpoint).is_dir() else options_for(checkpoint)


@contextlib.contextmanager
def _reading(part: str) -> Iterator[None]:
    """Notes at an error which part of a checkpoint was read."""
    try:
        yield
    except BaseException as error:
        error.add_note(part)
        raise


def explained(error: BaseException, remedy: str) -> tuple[str, str]:
    """The reason and the remedy of an error that a library raised while it read a checkpoint."""
    from pickle import UnpicklingError

    said = " ".join(str(error).split())
    part = next((f"{note}: " for note in getattr(error, "__notes__", ())), "")
    if "does not recognize this architecture" in said:
        return (
            f"transformers {version('transformers')} does not know the model_type in config.json",
            "Correct model_type, or upgrade transformers: pip install -U transformers",
        )
    if said.startswith("Unrecognized configuration class"):
        return "transformers has no such model of its model_type", "Give a model of another architecture"
    if "trust_remote_code" in said or "custom code" in said:
        return "it needs code of its own (auto_map in its configuration), which rerankkit does not run", OWN_CODE
    if isinstance(error, UnpicklingError) or "weights_only" in said.lower():
        return (
            "its weights are pickled objects, which torch refuses because they may run code",
            "Convert the weights to safetensors where you trust their source: save_pretrained of transformers",
        )
    if isinstance(error, ImportError):
        return f"it needs a package that is not installed: {_line(error)}", "Install the package, or give another model"
    if isinstance(error, RecursionError):
        return f"{part}nested too deep", remedy
    if isinstance(error, EOFError):
        return f"{part}a file ends too early", remedy
    if isinstance(error, KeyError):
        return f"{part}{_line(error)} is missing or unknown", remedy
    return part + _line(error), remedy


def _line(error: BaseException) -> str:
    """The first line of an error's message that says something, short."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].endswith(":"):
        lines = [f"{lines[0]} {lines[1]}"]
    told = lines[0] if lines else type(error).__name__
    return told if len(told) <= LONGEST else told[:LONGEST] + "…"
