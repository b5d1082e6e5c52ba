"""The tiny models and the toy collection of the unit tests."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("toys", Path(__file__).parents[2] / "tests" / "conftest.py")
assert _spec is not None
assert _spec.loader is not None
_toys = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_toys)

tiny_bert, smol_llama, toy = _toys.tiny_bert, _toys.smol_llama, _toys.toy
