"""A fast tokenizer from its `tokenizer.json` alone: what transformers wraps, without transformers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError

FILE = "tokenizer.json"


class LightTokenizer:
    """Called as a tokenizer of transformers is, for ids that nothing is put around and nothing cut from."""

    def __init__(self, folder: Path) -> None:
        """Reads the folder's `tokenizer.json`; InputError where it is missing or broken."""
        from tokenizers import Tokenizer

        path = folder / FILE
        if not path.is_file():
            raise InputError(f"no {FILE}", "Export the model again: rerankkit export", folder)
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises no kind of its own
            raise InputError(f"not a tokenizer ({error})", "Export the model again: rerankkit export", path) from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def __call__(
        self,
        texts: Sequence[str],
        add_special_tokens: bool = False,
        return_offsets_mapping: bool = False,
        **_: Any,
    ) -> dict[str, list[Any]]:
        """`input_ids`, one list a text, and `offset_mapping` where it is asked for; other options change nothing."""
        if return_offsets_mapping:
            told = self._tokenizer.encode_batch(list(texts), add_special_tokens=add_special_tokens)
            return {"input_ids": [one.ids for one in told], "offset_mapping": [one.offsets for one in told]}
        fast = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=add_special_tokens)
        return {"input_ids": [one.ids for one in fast]}
