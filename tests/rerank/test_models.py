"""The names that --model knows."""

import shutil

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank.bm25 import FirstStage
from rerankkit.rerank.checkpoint import Note
from rerankkit.rerank.models import Known, fingerprint, known_models, load_reranker, resolve
from rerankkit.rerank.scorer import PairScorer, Scoring
from rerankkit.rerank.yes_no import YesNo

# Embeddings (100 words + 64 positions + 2 segments) x 32; two layers; pooler; head of one label.
LAYER = 4 * (32 * 32 + 32) + 2 * 32 * 64 + 64 + 32 + 4 * 32
PARAMETERS = 166 * 32 + 2 * 32 + 2 * LAYER + (32 * 32 + 32) + 33


@pytest.fixture
def models(bert_reranker, tmp_path):
    """A folder of two checkpoints, and of what is none."""
    for name, note in (
        ("bert-distilled", Note("cross-encoder", trained={"model": "minilm-l6"})),
        ("a-student", Note("cross-encoder", trained={"model": "/data/base"})),
        (".bert.7.part", Note("cross-encoder")),
        ("somebody-elses", None),
    ):
        shutil.copytree(bert_reranker, tmp_path / "models" / name)
        if note:
            note.write(tmp_path / "models" / name)
    (tmp_path / "models" / "bert.training").mkdir()
    return tmp_path / "models"


def test_a_name_is_a_folder_of_the_models(models):
    assert resolve("bert-distilled", models) == str(models / "bert-distilled")
    assert resolve("somebody-elses", models) == str(models / "somebody-elses")


def test_a_path_stays_a_path(models, monkeypatch):
    assert resolve(str(models / "a-student"), models) == str(models / "a-student")
    monkeypatch.chdir(models.parent)
    assert resolve("models/a-student", models) == "models/a-student"


def test_a_name_with_a_slash_is_an_id(models, monkeypatch):
    monkeypatch.setattr("rerankkit.rerank.models.options_for", {}.get)
    assert resolve("cross-encoder/ms-marco-MiniLM-L6-v2", models) == "cross-encoder/ms-marco-MiniLM-L6-v2"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("bert-distiled", "bert-distilled"), ("a-studnet", "a-student"), ("minilm", "minilm-l6"), ("bm52", "bm25")],
)
def test_an_unknown_name_is_told_what_was_meant(models, name, meant):
    with pytest.raises(InputError, match=f"no model named '{name}'.*Did you mean {meant}[?]"):
        resolve(name, models)


def test_a_name_like_no_other_is_refused_without_a_guess(models):
    with pytest.raises(InputError, match=r"no model named 'gpt2'\. See rerankkit models"):
        resolve("gpt2", models)


@pytest.mark.parametrize("name", ["llm", "cross-encoder", "yes-no", "bi-encoder"])
def test_an_architecture_is_no_model(models, name):
    with pytest.raises(InputError, match=f"{name} is an architecture, not a model"):
        load_reranker(name, Scoring("cpu"), models)


def test_a_usual_name_that_is_not_trained_yet(models):
    with pytest.raises(InputError, match=r"no model llm-teacher in .*models.*rerankkit sft"):
        resolve("llm-teacher", models)


@pytest.mark.parametrize("name", ["./nothing", "/nothing", "../nothing", "a/b/c"])
def test_a_path_that_is_not_there(models, name):
    with pytest.raises(InputError, match=f"no such model folder: {name}"):
        resolve(name, models)


def test_the_checkpoints_are_listed_by_name(models):
    assert known_models(models) == [
        Known("a-student", "cross-encoder", "/data/base", PARAMETERS, models / "a-student"),
        Known("bert-distilled", "cross-encoder", "minilm-l6", PARAMETERS, models / "bert-distilled"),
    ]


def test_no_folder_has_no_checkpoint(tmp_path):
    assert known_models(tmp_path / "nothing") == []


def test_names_load_what_they_stand_for(models):
    assert isinstance(load_reranker("bm25", Scoring(), models), FirstStage)
    named = load_reranker("bert-distilled", Scoring(max_length=32), models)
    assert isinstance(named, PairScorer)
    assert named.encoder.lengths.max_length == 32
    assert isinstance(load_reranker(str(models / "somebody-elses"), Scoring(), models), PairScorer)


def test_an_llm_without_a_head_answers_yes_or_no(tiny_llama, models):
    scorer = load_reranker(str(tiny_llama), Scoring("cpu"), models)
    assert isinstance(scorer, PairScorer)
    assert isinstance(scorer.model, YesNo)


def test_an_architecture_that_nobody_knows(models):
    Note("mono-t9").write(models / "a-student")
    with pytest.raises(InputError, match="no rerank plug-in named 'mono-t9'"):
        load_reranker("a-student", Scoring(), models)


def test_a_fingerprint_follows_the_weights(models):
    before = fingerprint("a-student", models)
    assert fingerprint("a-student", models) == before
    weights = bytearray((models / "a-student" / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (models / "a-student" / "model.safetensors").write_bytes(weights)
    assert fingerprint("a-student", models) != before


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "rerankkit.json", "adapter_config.json"])
def test_a_fingerprint_follows_what_tells_how_the_weights_are_used(models, name):
    before = fingerprint("a-student", models)
    path = models / "a-student" / name
    path.write_text('{"architecture": "llm", "lengths": {}, "base_model_name_or_path": "nobody/one"}')
    assert fingerprint("a-student", models) != before


def test_a_fingerprint_follows_an_adapters_base(models):
    base = models / "somebody-elses"
    (models / "a-student" / "adapter_config.json").write_text(f'{{"base_model_name_or_path": "{base}"}}')
    before = fingerprint("a-student", models)
    (base / "config.json").write_text("{}")
    assert fingerprint("a-student", models) != before


def test_a_fingerprint_follows_neither_name_nor_place_nor_other_files(models):
    shutil.copytree(models / "a-student", models / "copy")
    (models / "copy" / "README.md").write_text("A model card.")
    assert fingerprint("copy", models) == fingerprint(str(models / "a-student"), models)


def test_a_file_is_hashed_once_a_process(models, monkeypatch):
    before = fingerprint("a-student", models)
    monkeypatch.setattr("hashlib.file_digest", None)
    assert fingerprint(str(models / "a-student"), models) == before


def test_a_fingerprint_without_weights_follows_the_name(models):
    assert fingerprint("bm25", models) == fingerprint("bm25", models / "elsewhere")
    assert fingerprint("nobody/one", models) != fingerprint("nobody/two", models)


def test_a_broken_note_hides_no_other_checkpoint(tmp_path, caplog):
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        Note("llm").write(tmp_path / name)
    (tmp_path / "bad/rerankkit.json").write_text('{"architecture": "llm", "lengths": {}, "trained": null}')
    assert [known.name for known in known_models(tmp_path)] == ["good"]
    assert "bad/rerankkit.json" in caplog.text
