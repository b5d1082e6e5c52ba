"""The heads of safetensors files: names and shapes of the tensors, read without the tensors."""

from math import prod
from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.io.foreign import Fields, parse_json, read_json

LARGEST_HEAD = 100_000_000
"""Bytes that a head may have, as in safetensors itself."""
INDEX = "model.safetensors.index.json"
WHAT = "a safetensors file"
AGAIN = "Copy or download the file again"


def read_head(path: Path) -> dict[str, list[int]]:
    """Tensor name -> its shape; InputError for a file that is cut or no safetensors file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, LARGEST_HEAD):
            raise InputError(f"not {WHAT}, or cut: {size:,} bytes", AGAIN, path)
        try:
            record = parse_json(file.read(length).decode("utf-8"))
        except ValueError as error:
            raise InputError(f"not {WHAT}: {str(error)[:200]}", AGAIN, path) from error
    Fields(record, WHAT, path)  # an object
    shapes, end = {}, 0
    for name in record:
        if name != "__metadata__":
            shapes[name], last = _tensor(Fields(record[name], WHAT, path), path)
            end = max(end, last)
    if 8 + length + end > size:
        raise InputError(f"is cut: {size:,} of {8 + length + end:,} bytes", AGAIN, path)
    return shapes


def _tensor(tensor: Fields, path: Path) -> tuple[list[int], int]:
    """The shape of a tensor, and where its bytes end."""
    shape, places = (tensor.wholes(name) for name in ("shape", "data_offsets"))
    if len(places) != 2 or min([*shape, *places], default=0) < 0:
        raise InputError(f"not {WHAT}: shape {shape}, data_offsets {places}", AGAIN, path)
    return shape, places[1]


def shapes_of(folder: Path) -> dict[str, list[int]]:
    """The shapes of all tensors in a folder's safetensors files; empty where it has none.

    Raises InputError for a file that is cut, and for an index that names files outside of the folder or missing ones.
    """
    index = folder / INDEX
    if index.is_file():
        what = "an index of weights"
        files = Fields(read_json(index, what), what, index).table("weight_map")
        for name in sorted({str(name) for name in files.values()}):
            if "/" in name or "\\" in name or not (folder / name).is_file():
                raise InputError(f"names the file {name!r}, which is not in the folder", AGAIN, index)
    return {name: shape for path in sorted(folder.glob("*.safetensors")) for name, shape in read_head(path).items()}


def parameters_of(folder: Path) -> int:
    """How many parameters the safetensors files of a folder hold."""
    return sum(prod(shape) for path in sorted(folder.glob("*.safetensors")) for shape in read_head(path).values())
