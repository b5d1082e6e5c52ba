"""Cross-encoders as sentence-transformers 3 to 6 save them: the logits of `CrossEncoder.predict`, to 1e-5."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scoring import Scoring
from rerankkit.types import Candidate, Document, Group, Query

from .architectures import ARCHITECTURES, save_architecture

st = pytest.importorskip("sentence_transformers")

QUERIES = ["red cat", "a dog by the river, a grey dog"]
TEXTS = ["a cat by the river", "zebra", "", "a dog on a stone, a dog by the river, a bird and a fish"]


@pytest.fixture(scope="module")
def plain(tiny_bert, tmp_path_factory) -> Callable[[str], Path]:
    """Makes the folder of a class with a score head as transformers saves it, once."""
    made: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp(name) / "plain"
            made[name] = save_architecture(name, "ForSequenceClassification", tiny_bert, folder)
        return made[name]

    return make


def agree(folder: Path) -> None:
    """Both give the same logits, and these tell the pairs apart."""
    model = st.CrossEncoder(str(folder), device="cpu")
    pairs = [(query, text) for query in QUERIES for text in TEXTS]
    expected = model.predict(pairs, activation_fn=torch.nn.Identity()).tolist()
    candidates = tuple(Candidate(Document(str(i), "", text), 0.0) for i, text in enumerate(TEXTS))
    groups = [Group(Query(str(i), text), candidates) for i, text in enumerate(QUERIES)]
    found = load_reranker(str(folder), Scoring("cpu", "float32")).score(groups)
    assert len({round(score, 4) for score in expected}) == len(pairs)
    assert [score for scores in found for score in scores] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_folders_of_versions_before_5_4(plain, name):
    """What transformers saves: the cross-encoder of those versions was such a model."""
    agree(plain(name))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_folders_of_the_installed_version(plain, tmp_path, name):
    """With modules.json, as versions from 5.4 on."""
    folder = tmp_path / "saved"
    st.CrossEncoder(str(plain(name)), device="cpu").save_pretrained(str(folder))
    assert (folder / "modules.json").is_file()
    agree(folder)


@pytest.mark.parametrize(
    "said",
    [
        {"sbert_ce_default_activation_function": "torch.nn.modules.activation.Sigmoid"},
        {"sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity", "version": "4.1.0"}},
        {"sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Sigmoid", "version": "5.0.0"}},
    ],
    ids=["version 3", "version 4", "version 5"],
)
def test_an_activation_in_the_configuration_changes_no_logit(bert_reranker, tmp_path, said):
    folder = tmp_path / "saved"
    folder.mkdir()
    for path in bert_reranker.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | said))
    agree(folder)


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("config_sentence_transformers", {"prompts": {"a": "b: "}, "default_prompt_name": "a"}, "puts a prompt before"),
        ("sentence_bert_config", {"modality_config": {"message": {}, "text": {}}}, "chat template"),
        ("sentence_bert_config", {"do_lower_case": True}, "do_lower_case of a cross-encoder is not supported"),
        (
            "sentence_bert_config",
            {"processing_kwargs": {"text": {"max_length": 9}}},
            "'processing_kwargs' is not supported",
        ),
        ("sentence_bert_config", {"config_kwargs": {"num_labels": 1}}, "the argument 'num_labels' of config_kwargs"),
        ("sentence_bert_config", {"transformer_task": "text-generation"}, "transformer_task 'text-generation'"),
    ],
)
def test_settings_that_would_change_logits_are_refused(plain, tmp_path, name, changed, message):
    folder = tmp_path / "saved"
    st.CrossEncoder(str(plain("Bert")), device="cpu").save_pretrained(str(folder))
    path = folder / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with pytest.raises(InputError, match=message) as caught:
        load_reranker(str(folder), Scoring("cpu", "float32"))
    assert str(folder) in str(caught.value)


def test_a_prompt_that_is_no_default_changes_nothing(plain, tmp_path):
    folder = tmp_path / "saved"
    prompts = {"a": "grey fish: "}
    st.CrossEncoder(str(plain("Bert")), device="cpu", prompts=prompts).save_pretrained(str(folder))
    agree(folder)
