"""What is read of a sentence-transformers folder, and what is refused with the name of its file."""

import json
from pathlib import Path
from typing import Any

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank.sentence_folder import read_recipe

MODULES = {"Transformer": "", "Pooling": "1_Pooling"}
OLD = "sentence_transformers.models"


@pytest.fixture
def folder(tmp_path) -> Path:
    place = tmp_path / "bi"
    write(place, listed())
    return place


def listed(package: str = OLD, **kinds: str) -> list[dict[str, Any]]:
    """Records of modules.json; a path of a kind can be changed."""
    modules = MODULES | kinds
    return [
        {"idx": i, "name": str(i), "path": path, "type": f"{package}.{kind}"}
        for i, (kind, path) in enumerate(modules.items())
    ]


def write(place: Path, modules: Any, pooling: Any = None, **files: Any) -> None:
    place.mkdir(exist_ok=True)
    (place / "1_Pooling").mkdir(exist_ok=True)
    texts = {
        "modules.json": modules,
        "1_Pooling/config.json": {"pooling_mode_mean_tokens": True} if pooling is None else pooling,
        **{f"{name}.json": value for name, value in files.items()},
    }
    for name, value in texts.items():
        (place / name).write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")


def refused(place: Path, message: str, name: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_recipe(place)
    assert str(caught.value).startswith(str(place / name))


@pytest.mark.parametrize(
    "package",
    [OLD, "sentence_transformers.base.modules.transformer", "sentence_transformers.sentence_transformer.modules"],
)
def test_module_types_of_all_versions_are_known(folder, package):
    write(folder, listed(package))
    assert [module.kind for module in read_recipe(folder).modules] == ["Pooling"]


@pytest.mark.parametrize(
    ("pooling", "modes"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, ["cls"]),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}, ["cls", "mean"]),
        ({"pooling_mode_lasttoken": True}, ["lasttoken"]),
        ({"word_embedding_dimension": 32}, ["mean"]),
        ({"pooling_mode": "max", "pooling_mode_mean_tokens": True}, ["max"]),
        ({"pooling_mode": ["weightedmean", "cls"]}, ["weightedmean", "cls"]),
    ],
)
def test_pooling_modes(folder, pooling, modes):
    write(folder, listed(), pooling)
    assert read_recipe(folder).modules[0].settings == {"modes": modes, "include_prompt": True}


@pytest.mark.parametrize(
    "kind", ["CLIPModel", "Router", "Asym", "StaticEmbedding", "BoW", "WordEmbeddings", "MLMTransformer", "T5"]
)
def test_another_first_module_is_refused(folder, kind):
    write(folder, [{"path": "", "type": f"{OLD}.{kind}"}, listed()[1]])
    refused(folder, f"a bi-encoder with the module {kind} is not supported", "modules.json")


@pytest.mark.parametrize("kind", ["CNN", "LSTM", "WordWeights", "SpladePooling", "LogitScore", "Transformer", "Other"])
def test_another_later_module_is_refused(folder, kind):
    write(folder, [*listed(), {"path": "2_Other", "type": f"{OLD}.{kind}"}])
    refused(folder, f"a bi-encoder with the module {kind} is not supported", "modules.json")


def test_code_of_the_models_own_is_refused(folder):
    write(folder, [{"path": "", "type": "custom_st.Transformer"}, listed()[1]])
    refused(folder, "'custom_st.Transformer' is code of the model's own, which is not run", "modules.json")


@pytest.mark.parametrize(
    "kinds", [["Transformer"], ["Transformer", "Normalize"], ["Transformer", "Normalize", "Pooling"]]
)
def test_modules_without_one_pooling_before_the_rest_are_refused(folder, kinds):
    write(folder, [{"path": MODULES.get(kind, "2_Normalize"), "type": f"{OLD}.{kind}"} for kind in kinds])
    refused(folder, f"a bi-encoder of {', '.join(kinds)} is not supported", "modules.json")


@pytest.mark.parametrize(
    "path", ["../1_Pooling", "/etc", "C:\\x", "a\\b", "1_Pooling/../../x", "a/b/c", ".hidden", "x\0y", "adapter"]
)
def test_a_module_outside_the_folder_is_refused(folder, path):
    write(folder, listed(Pooling=path))
    refused(folder, "the path of a module is not taken", "modules.json")


def test_a_module_behind_a_link_out_of_the_folder_is_refused(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "config.json").write_text('{"pooling_mode": "cls"}')
    (folder / "2_Linked").symlink_to(tmp_path / "elsewhere")
    write(folder, listed(Pooling="2_Linked"))
    refused(folder, "the path of a module is not taken: '2_Linked'", "modules.json")


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ("[" * 5000, "modules"),
        ('[{"type": ' * 300 + "1" + "}]" * 300, "nested more than"),
        ("", "the file ends too early"),
        ("\n\n", "the file ends too early"),
        ("[]", "Expected a list of modules"),
        ('[{"type": "a", "type": "b"}]', "the key 'type' stands twice"),
        ([{"type": 3, "path": ""}], "the field 'type' is 3"),
        ([{"type": f"{OLD}.Transformer", "path": None}], "the field 'path' is None"),
        ([{"type": f"{OLD}.Transformer"}], "the field 'path' is missing"),
        (["Transformer"], "not a bi-encoder's modules: 'Transformer'"),
    ],
)
def test_broken_modules_are_refused(folder, modules, message):
    write(folder, modules)
    refused(folder, message, "modules.json")


@pytest.mark.parametrize(
    ("pooling", "message"),
    [
        ('{"word_embedding_dimension": ' + "[" * 999 + "]" * 999 + ', "pooling_mode": "cls"}', "nested more than"),
        ('{"word_\\mbedding_dimension": 32}', r"Invalid \\escape"),
        ({"pooling_mode": 3}, "the field 'pooling_mode' is 3"),
        ({"pooling_mode": []}, "unknown pooling mode"),
        ({"pooling_mode": ["cls", "median"]}, "unknown pooling mode 'median'"),
        ({"pooling_mode_mean_tokens": "yes"}, "the field 'pooling_mode_mean_tokens' is 'yes'"),
        ({"pooling_mode": "cls", "include_prompt": 1}, "the field 'include_prompt' is 1"),
        ({"pooling_mode": "cls", "temperature": 2}, "unknown setting 'temperature'"),
        ([], r"not settings of Pooling: \[\]"),
    ],
)
def test_broken_pooling_is_refused(folder, pooling, message):
    write(folder, listed(), pooling)
    refused(folder, message, "1_Pooling/config.json")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"similarity_fn_name": "maxsim"}, "unknown similarity_fn_name 'maxsim'"),
        ({"truncate_dim": 0}, "truncate_dim 0 is not positive"),
        ({"truncate_dim": "5"}, "the field 'truncate_dim' is '5'"),
        ({"prompts": ["query: "]}, "the field 'prompts' is"),
        ({"prompts": {"query": 3}}, "the prompt 'query' is 3"),
        ({"default_prompt_name": "sts"}, "default_prompt_name 'sts' is none of the prompts"),
        ({"model_type": "SparseEncoder"}, "a model of the type SparseEncoder"),
        ({"model_type": "MultiVectorEncoder"}, "a model of the type MultiVectorEncoder"),
    ],
)
def test_settings_that_are_not_computed_are_refused(folder, settings, message):
    write(folder, listed(), config_sentence_transformers=settings)
    refused(folder, message, "config_sentence_transformers.json")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_seq_length": 0}, "max_seq_length 0 is not positive"),
        ({"max_seq_length": True}, "the field 'max_seq_length' is True"),
        ({"model_args": {"gguf_file": "x"}}, "the argument 'gguf_file' of model_args is not supported"),
        ({"config_kwargs": {"is_causal": False}}, "the argument 'is_causal' of config_kwargs"),
        ({"tokenizer_args": {"use_fast": False}}, "the argument 'use_fast' of tokenizer_args"),
        ({"transformer_task": "fill-mask"}, "transformer_task 'fill-mask'"),
        ({"query_length": 8}, "the setting 'query_length' is not supported"),
        ({"modality_config": {"message": {}, "text": {}}}, "chat template"),
        ({"modality_config": {"text": {"method": "get_text_features"}}}, "method 'get_text_features' is not supported"),
    ],
)
def test_settings_of_the_transformer_that_are_not_honoured_are_refused(folder, settings, message):
    write(folder, listed(), sentence_bert_config=settings)
    refused(folder, message, "sentence_bert_config.json")


def test_settings_that_are_null_are_as_if_they_were_absent(folder):
    null = {"prompts": None, "similarity_fn_name": None, "truncate_dim": None, "default_prompt_name": None}
    write(folder, listed(), config_sentence_transformers=null, sentence_bert_config={"max_seq_length": None})
    recipe = read_recipe(folder)
    assert (recipe.similarity, recipe.truncate_dim, recipe.max_length) == ("cosine", None, None)
    assert (recipe.query_prompt, recipe.document_prompt) == ("", "")


@pytest.mark.parametrize(
    ("prompts", "document"),
    [
        ({"query": "q: ", "passage": "p: "}, "p: "),
        ({"query": "q: ", "corpus": "c: "}, "c: "),
        ({"query": "q: ", "document": "", "passage": "p: "}, ""),
        ({"query": "q: ", "document": None, "passage": "p: "}, ""),
    ],
)
def test_documents_have_the_first_prompt_that_is_theirs(folder, prompts, document):
    """As the documentation of `encode_document` says it: document, passage, corpus."""
    write(folder, listed(), config_sentence_transformers={"prompts": prompts})
    recipe = read_recipe(folder)
    assert (recipe.query_prompt, recipe.document_prompt) == ("q: ", document)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"activation_function": "os.system"}, "the activation function 'os.system' is not supported"),
        ({"activation_function": "torch.nn.modules.container.Sequential"}, "is not supported"),
        ({"activation_function": "torch.hub.load"}, "is not supported"),
        ({"module_input_name": "token_embeddings"}, "module_input_name 'token_embeddings' is not supported"),
        ({"in_features": -1}, "in_features -1 is out of range"),
        ({"in_features": 1 << 40}, "is out of range"),
        ({"lora": 1}, "unknown setting 'lora' in settings of Dense"),
    ],
)
def test_dense_layers_that_are_not_computed_are_refused(folder, settings, message):
    (folder / "2_Dense").mkdir()
    write(folder, listed(Dense="2_Dense"))
    sizes = {"in_features": 32, "out_features": 16}
    (folder / "2_Dense" / "config.json").write_text(json.dumps(sizes | settings))
    refused(folder, message, "2_Dense/config.json")


def test_an_adapter_is_refused(folder):
    (folder / "adapter_config.json").write_text("{}")
    refused(folder, "an adapter in a folder of sentence-transformers is not supported", "adapter_config.json")
