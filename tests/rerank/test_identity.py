"""What a model's scores follow from: every file that may change them, a hub id's commit, a plug-in's code."""

import importlib
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import Note
from rerankkit.rerank.identity import VERSIONED, digest_of_model
from rerankkit.rerank.models import fingerprint
from rerankkit.rerank.scoring import Scoring
from rerankkit.trec import read_run

FILES = [
    *("model-00001-of-00002.safetensors", "model.safetensors.index.json", "pytorch_model-00001-of-00002.bin"),
    *("tokenizer.model", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja", "spiece.model"),
    *("merges.txt", "vocab.json", "vocab.txt", "sentencepiece.bpe.model", "bpe.codes", "model.gguf"),
    *("modules.json", "1_Pooling/config.json", "2_Dense/model.safetensors", "0_Transformer/tokenizer.json"),
    *("additional_chat_templates/rerank.jinja", "onnx/model.onnx_data", "openvino/openvino_model.bin"),
]


@pytest.mark.parametrize("name", FILES)
def test_every_file_that_may_change_scores_counts(tmp_path, name):
    (tmp_path / "config.json").write_text("{}")
    before = digest_of_model(str(tmp_path))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"one")
    added = digest_of_model(str(tmp_path))
    (tmp_path / name).write_bytes(b"two!")
    assert len({before, added, digest_of_model(str(tmp_path))}) == 3


OTHER_FILES = ["README.md", "meta.json", "learning_curve.png", "training_args.bin", ".cache/config.json"]


@pytest.mark.parametrize("name", [*OTHER_FILES, "checkpoint-10/model.safetensors", "adapter/adapter_config.json"])
def test_files_that_change_no_score_do_not_count(tmp_path, name):
    (tmp_path / "config.json").write_text("{}")
    before = digest_of_model(str(tmp_path))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("{}")
    assert digest_of_model(str(tmp_path)) == before


def test_two_files_that_change_places_count(tmp_path):
    for folder, order in (("one", ("1", "2")), ("two", ("2", "1"))):
        for place, text in zip(("1_Pooling", "2_Pooling"), order, strict=True):
            (tmp_path / folder / place).mkdir(parents=True)
            (tmp_path / folder / place / "config.json").write_text(text)
    assert digest_of_model(str(tmp_path / "one")) != digest_of_model(str(tmp_path / "two"))


def test_a_hub_id_is_its_name_and_the_commit_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    ref = tmp_path / "models--nobody--one" / "refs" / "main"
    ref.parent.mkdir(parents=True)
    found = [digest_of_model("nobody/one")]
    for commit in ("a" * 40, "b" * 40):
        ref.write_text(commit)
        found.append(digest_of_model("nobody/one"))
    assert len(set(found)) == 3
    assert digest_of_model("nobody/two") not in found


def test_adapters_that_are_each_others_base_end_in_a_message(tmp_path):
    for name, other in (("one", "two"), ("two", "one")):
        (tmp_path / name).mkdir()
        config = {"base_model_name_or_path": str(tmp_path / other)}
        (tmp_path / name / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="name each other"):
        digest_of_model(str(tmp_path / "one"))


@pytest.mark.parametrize("architecture", VERSIONED)
def test_what_names_its_own_version_is_not_hashed_as_code(architecture, tmp_path):
    Note(architecture).write(tmp_path)
    assert fingerprint(str(tmp_path), tmp_path) == digest_of_model(str(tmp_path))


def test_the_architectures_that_name_their_version_do(bert_reranker, tiny_llama):
    from rerankkit.rerank.models import load_reranker

    for folder in (bert_reranker, tiny_llama):
        assert load_reranker(str(folder), Scoring("cpu")).traits()["version"] >= 1


PLUG_IN = """
class Constant:
    def score(self, groups):
        for group in groups:
            yield [{worth} * len(one.document.text) for one in group.candidates]

    def traits(self):
        return {{"template": "none"}}


def load(checkpoint, scoring):
    return Constant()
"""


@pytest.fixture
def plug_in(toy, monkeypatch):
    """Writes a third party's scorer into an installed module; its score is so many times a document's length."""
    monkeypatch.syspath_prepend(str(toy / "site"))
    info = toy / "site" / "theirs-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rerankkit.rerankers]\nby_length = theirs_by_length\n")

    def write(worth: int) -> None:
        (toy / "site" / "theirs_by_length.py").write_text(PLUG_IN.format(worth=worth))
        sys.modules.pop("theirs_by_length", None)
        importlib.invalidate_caches()

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield write
    sys.modules.pop("theirs_by_length", None)


@pytest.mark.parametrize("model", ["by-length", "checkpoints/theirs"])
def test_a_plug_in_whose_code_changed_is_not_answered_from_the_store(plug_in, model):
    Path("checkpoints/theirs").mkdir(parents=True)
    Note("by-length").write(Path("checkpoints/theirs"))
    found = []
    for worth in (1, 1, -1):
        plug_in(worth)
        files = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl", "--output", "out.txt"]
        result = CliRunner().invoke(main, ["rerank", "--model", model, *files])
        assert result.exit_code == 0, result.output
        found.append((result.stderr.splitlines()[-1], dict(read_run("out.txt"))["q1"][0].score))
    told = ["0 scores came from runs/scores.sqlite, 24 were", "24 scores came from runs/scores.sqlite, 0 were"]
    assert [line.partition(" computed")[0] for line, _ in found] == [told[0], told[1], told[0]]
    longest, shortest = len("grey stone"), len("grey cat")
    assert [score for _, score in found] == [longest, longest, -shortest]
