"""Bi-encoders as sentence-transformers saves them: the same scores, to 1e-5, for every module that is supported."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scoring import Scoring
from rerankkit.types import Candidate, Document, Group, Query

st = pytest.importorskip("sentence_transformers")

TEXTS = [
    "a cat by the river",
    "blue stone",
    "zebra",
    "",
    "a dog on a stone, a dog by the river, a dog and a bird and a fish, a grey dog and a red fish by the river",
]
QUERIES = ["red cat", "dog", "a fish by the river"]
MODES = ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]


@pytest.fixture(scope="module")
def base(tiny_bert) -> Any:
    """The tiny BERT as a module of sentence-transformers."""
    from sentence_transformers.base.modules import Transformer

    return Transformer(str(tiny_bert), max_seq_length=24)


def pooling(**settings: Any) -> Any:
    from sentence_transformers.sentence_transformer.modules import Pooling

    return Pooling(32, **settings)


def model_of(*modules: Any, **settings: Any) -> Any:
    torch.manual_seed(1)
    return st.SentenceTransformer(modules=list(modules), device="cpu", **settings).eval()


def saved(folder: Path, *modules: Any, **settings: Any) -> Path:
    model_of(*modules, **settings).save(str(folder), create_model_card=False)
    return folder


def ours(folder: Path, **scoring: Any) -> list[list[float]]:
    candidates = tuple(Candidate(Document(str(i), "", text), 0.0) for i, text in enumerate(TEXTS))
    groups = [Group(Query(str(i), text), candidates) for i, text in enumerate(QUERIES)]
    return list(load_reranker(str(folder), Scoring("cpu", "float32", **scoring)).score(groups))


def theirs(folder: Path) -> list[list[float]]:
    model = st.SentenceTransformer(str(folder), device="cpu")
    return model.similarity(model.encode_query(QUERIES), model.encode_document(TEXTS)).tolist()


def agree(folder: Path) -> None:
    expected = theirs(folder)
    assert len({round(score, 5) for score in expected[0]}) == len(TEXTS)
    found = ours(folder)
    assert [len(scores) for scores in found] == [len(TEXTS)] * len(QUERIES)
    for mine, other in zip(found, expected, strict=True):
        assert mine == pytest.approx(other, abs=1e-5)


@pytest.mark.parametrize("mode", [*MODES, ("cls", "max"), ("lasttoken", "mean", "weightedmean")], ids=str)
def test_poolings(base, tmp_path, mode):
    agree(saved(tmp_path / "bi", base, pooling(pooling_mode=mode)))


@pytest.mark.parametrize("similarity", ["cosine", "dot", "euclidean", "manhattan"])
def test_similarities(base, tmp_path, similarity):
    agree(saved(tmp_path / "bi", base, pooling(), similarity_fn_name=similarity))


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_truncated_vectors(base, tmp_path, similarity):
    from sentence_transformers.base.modules import Normalize

    modules = (base, pooling(), Normalize())
    agree(saved(tmp_path / "bi", *modules, truncate_dim=5, similarity_fn_name=similarity))


@pytest.mark.parametrize(
    ("sizes", "activation", "settings"),
    [
        ((32, 16), torch.nn.Tanh(), {}),
        ((32, 16), torch.nn.Identity(), {"bias": False}),
        ((32, 32), torch.nn.GELU(), {"use_residual": True}),
        ((32, 8), torch.nn.ReLU(), {"use_residual": True}),
    ],
)
def test_dense(base, tmp_path, sizes, activation, settings):
    from sentence_transformers.base.modules import Dense

    torch.manual_seed(2)
    agree(saved(tmp_path / "bi", base, pooling(), Dense(*sizes, activation_function=activation, **settings)))


def test_dense_norm_dropout_and_normalize_one_behind_the_other(base, tmp_path):
    from sentence_transformers.base.modules import Dense, Normalize
    from sentence_transformers.sentence_transformer.modules import Dropout, LayerNorm

    torch.manual_seed(3)
    norm = LayerNorm(16)
    torch.nn.init.normal_(norm.norm.weight)
    modules = (base, pooling(), Dense(32, 16), norm, Dropout(0.5), Normalize())
    agree(saved(tmp_path / "bi", *modules, similarity_fn_name="dot"))


def test_weighted_layers(tiny_bert, tmp_path):
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import WeightedLayerPooling

    first = Transformer(str(tiny_bert), max_seq_length=24, config_kwargs={"output_hidden_states": True})
    layers = WeightedLayerPooling(32, num_hidden_layers=2, layer_start=1)
    layers.layer_weights.data = torch.tensor([0.25, 2.0])
    folder = saved(tmp_path / "bi", first, layers, pooling())
    agree(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "output_hidden_states": False}))
    with pytest.raises(InputError, match="needs output_hidden_states"):
        ours(folder)


@pytest.mark.parametrize("mode", MODES)
def test_prompts_that_are_not_pooled(base, tmp_path, mode):
    prompts = {"query": "red: ", "document": "blue fish: "}
    agree(saved(tmp_path / "bi", base, pooling(pooling_mode=mode, include_prompt=False), prompts=prompts))


def test_prompts_that_are_pooled(base, tmp_path):
    agree(saved(tmp_path / "bi", base, pooling(), prompts={"query": "red: ", "document": "blue fish: "}))


def test_a_default_prompt_stands_before_both_where_neither_has_its_own(base, tmp_path):
    folder = saved(tmp_path / "bi", base, pooling(), prompts={"sts": "red fish: "}, default_prompt_name="sts")
    model = st.SentenceTransformer(str(folder), device="cpu")
    expected = model.similarity(model.encode(QUERIES), model.encode(TEXTS)).tolist()
    for mine, other in zip(ours(folder), expected, strict=True):
        assert mine == pytest.approx(other, abs=1e-5)


def test_a_default_prompt_gives_way_to_one_of_queries(base, tmp_path):
    prompts = {"query": "red: "}
    agree(saved(tmp_path / "bi", base, pooling(), prompts=prompts, default_prompt_name="query"))


def test_weights_in_a_folder_of_their_own(base, tmp_path):
    """As version 2 saved them."""
    folder = saved(tmp_path / "bi", base, pooling())
    (folder / "0_Transformer").mkdir()
    for path in list(folder.iterdir()):
        if path.is_file() and path.name not in ("modules.json", "config_sentence_transformers.json"):
            shutil.move(path, folder / "0_Transformer" / path.name)
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["path"] = "0_Transformer"
    (folder / "modules.json").write_text(json.dumps(modules))
    agree(folder)


def test_a_model_of_lower_case_letters(base, tiny_bert, tmp_path):
    """A tokenizer that keeps capitals reads `Red` as letters; with do_lower_case as the word."""
    from tokenizers import normalizers

    folder = saved(tmp_path / "bi", base, pooling())
    told = json.loads((folder / "tokenizer.json").read_text())
    told["normalizer"]["lowercase"] = False
    (folder / "tokenizer.json").write_text(json.dumps(told))
    settings = json.loads((folder / "sentence_bert_config.json").read_text())
    (folder / "sentence_bert_config.json").write_text(json.dumps({**settings, "do_lower_case": True}))
    assert normalizers.Lowercase().normalize_str("A") == "a"
    candidates = (Candidate(Document("1", "", "A RED Fish"), 0.0), Candidate(Document("2", "", "a red fish"), 0.0))
    reranker = load_reranker(str(folder), Scoring("cpu", "float32"))
    ((one, two),) = reranker.score([Group(Query("q", "Red CAT"), candidates)])
    model = st.SentenceTransformer(str(folder), device="cpu")
    (expected,) = model.similarity(model.encode(["Red CAT"]), model.encode(["A RED Fish"])).tolist()
    assert one == pytest.approx(expected[0], abs=1e-5)
    assert one == pytest.approx(two, abs=1e-6)


def test_pickled_weights_of_a_module(base, tmp_path):
    from safetensors.torch import load_file
    from sentence_transformers.base.modules import Dense

    torch.manual_seed(4)
    folder = saved(tmp_path / "bi", base, pooling(), Dense(32, 16))
    expected = ours(folder)
    torch.save(load_file(folder / "2_Dense" / "model.safetensors"), folder / "2_Dense" / "pytorch_model.bin")
    (folder / "2_Dense" / "model.safetensors").unlink()
    assert ours(folder) == expected


class Harmful:
    """An object whose unpickling would make a file."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("harm"),)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.safetensors", None, "a Dense module without weights"),
        ("model.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "cannot be read as weights"),
        ("model.safetensors", (32, 8), r"not the weights of this Dense module: .*size mismatch"),
        ("pytorch_model.bin", Harmful(), "cannot be read as weights"),
        ("pytorch_model.bin", [1, 2], "not the weights of this Dense module"),
    ],
)
def test_weights_of_a_module_that_do_not_fit_are_refused(base, tmp_path, monkeypatch, name, content, message):
    from safetensors.torch import save_file
    from sentence_transformers.base.modules import Dense

    monkeypatch.chdir(tmp_path)
    folder = saved(tmp_path / "bi", base, pooling(), Dense(32, 16))
    (folder / "2_Dense" / "model.safetensors").unlink()
    path = folder / "2_Dense" / name
    if isinstance(content, tuple):
        other = torch.nn.Linear(*content)
        save_file({f"linear.{key}": tensor for key, tensor in other.state_dict().items()}, path)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(InputError, match=message) as caught:
        ours(folder)
    assert "2_Dense" in str(caught.value)
    assert not Path("harm").exists()
