"""The one door for models: foreign files never run, never ask, and never leave it as anything but an InputError."""

import io
import json
import pickle
import re
import shutil
import sys
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank.loading import loading
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scoring import Scoring
from rerankkit.train.weights import with_language_head, with_score_head

PACKAGE = Path(__file__).parents[2] / "rerankkit"


@pytest.fixture
def copy(bert_reranker, tmp_path):
    """A checkpoint to spoil."""
    return Path(shutil.copytree(bert_reranker, tmp_path / "copy"))


def refusal(folder: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        load_reranker(str(folder), Scoring("cpu"))
    assert caught.value.remedy
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


def change(folder: Path, **values) -> None:
    """Sets fields of a configuration; None deletes one."""
    path = folder / "config.json"
    record = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({name: value for name, value in record.items() if value is not None}))


def own_code(folder: Path, marker: Path) -> None:
    """Code beside the weights that leaves a mark when it is imported."""
    text = f"import pathlib\npathlib.Path({str(marker)!r}).touch()\nclass Mine: pass\n"
    (folder / "modeling_mine.py").write_text(text)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["mine", "bert"])
@pytest.mark.parametrize("command", ["rerank", "sft", "cpt", "tokenizer"])
def test_code_of_a_checkpoint_never_runs_and_nobody_is_asked(copy, tmp_path, monkeypatch, kind, command):
    marker = tmp_path / "it-ran"
    own_code(copy, marker)
    mapped = dict.fromkeys(("AutoConfig", "AutoModelForSequenceClassification"), "modeling_mine.Mine")
    change(copy, auto_map={**mapped, "AutoModelForCausalLM": "modeling_mine.Mine"}, model_type=kind)
    if command == "tokenizer":
        settings = copy / "tokenizer_config.json"
        mapped = {"auto_map": {"AutoTokenizer": ["modeling_mine.Mine", None]}, "tokenizer_class": "Mine"}
        settings.write_text(json.dumps({**json.loads(settings.read_text()), **mapped}))
    stdin = io.StringIO("y\ny\ny\n")
    monkeypatch.setattr(sys, "stdin", stdin)
    load = {
        "rerank": lambda: load_reranker(str(copy), Scoring("cpu")),
        "tokenizer": lambda: load_reranker(str(copy), Scoring("cpu")),
        "sft": lambda: with_score_head(str(copy), 0),
        "cpt": lambda: with_language_head(str(copy), "Give an LLM"),
    }[command]
    if kind == "mine" or command == "cpt":
        with pytest.raises(InputError):
            load()
    else:
        load()  # the library's own class, which config.json names too
    assert not marker.exists()
    assert stdin.tell() == 0


def test_code_of_its_own_is_named_as_the_reason(copy):
    change(copy, model_type="mine", auto_map={"AutoConfig": "modeling_mine.Mine"})
    assert "needs code of its own (auto_map in its configuration), which rerankkit does not run" in str(refusal(copy))


def test_only_the_door_loads():
    """Every other module goes through `rerankkit/rerank/loading.py`, where code of a checkpoint's own is refused."""
    loads = re.compile(
        r"(?<!Peft)(?<!\")\b(?!PeftModel)\w+\.(from_pretrained|from_config)\(|\bpipeline\(|trust_remote_code=True"
    )
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if loads.search(line) and "PeftModel" not in line and "trust_remote_code=False" not in line
    }
    assert found == {"rerank/model_card.py"}  # a snippet for users


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file ends too early"),
        ("\t" * 400 + 'rt", "hidden_size": 32}', "Expecting value at line 1"),
        ("[]", "not a model's configuration: []"),
        ('{"model_type": "bert"', "the file ends too early"),
        ("[" * 10_000, "nested more than 200 deep"),
        ('{"hidden_size": 32}', "the field 'model_type' is missing"),
        ('{"model_type": 5}', "the field 'model_type' is 5"),
        ('{"model_type": "bert", "architectures": "\\u0000"}', "the field 'architectures' is '\\x00'"),
        ('\ufeff{"model_type": "bert"}', "begins with a byte order mark"),
        ("version https://git-lfs.github.com/spec/v1", "is a Git LFS pointer"),
    ],
)
def test_a_broken_configuration_is_named(copy, text, problem):
    (copy / "config.json").write_text(text)
    error = refusal(copy)
    assert problem in str(error)
    assert error.path == copy / "config.json"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("hidden_size", 32_000_000, "Expected at most 100, the largest size in the weights"),
        ("vocab_size", 10**12, "Expected at most 100, the largest size in the weights"),
        ("max_position_embeddings", 10**10, "Expected at most 100, the largest size in the weights"),
        ("num_hidden_layers", 10**9, "Expected at most 256"),
        ("num_attention_heads", 10**9, "Expected at most 4,096"),
        ("num_hidden_layers", -1, "num_hidden_layers is -1"),
        ("num_labels", 10**9, "Expected 1 to 65,536"),
        ("attn_implementation", "somebody/kernel", "code from a hub is not run"),
        ("hidden_act", "os.system", "config.json"),
        ("layer_norm_eps", "x", "config.json"),
        ("num_attention_heads", 0, "modulo by zero"),
        ("id2label", [1], "the field 'id2label' is [1]"),
        ("model_type", "no-such-type", "does not know the model_type in config.json"),
    ],
)
def test_a_configuration_at_odds_with_the_weights_is_refused(copy, field, value, problem):
    if field == "hidden_act":
        problem = "'os.system' is missing or unknown"
    change(copy, **{field: value})
    assert problem in str(refusal(copy))


def test_sizes_are_bound_where_the_weights_are_a_pickle(copy):
    import torch

    (copy / "model.safetensors").unlink()
    torch.save({}, copy / "pytorch_model.bin")
    change(copy, hidden_size=100_000, intermediate_size=100_000)
    assert "it describes 60,010,000,000 parameters or more, the weights have" in str(refusal(copy))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "pytorch_model.bin"])
def test_a_pointer_of_git_lfs_is_told(copy, name):
    (copy / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 130\n")
    error = refusal(copy)
    assert error.path == copy / name
    assert "git lfs pull" in error.remedy


@pytest.mark.parametrize(
    "head", [b"", b"\xff" * 60, (2).to_bytes(8, "little") + b"[]", (9).to_bytes(8, "little") + b'{"a": {}}']
)
def test_weights_that_are_no_safetensors_are_told(copy, head):
    (copy / "model.safetensors").write_bytes(head)
    error = refusal(copy)
    assert error.path == copy / "model.safetensors"
    assert "not a safetensors file" in error.problem


def test_pickled_objects_are_not_run(copy, tmp_path):
    import torch

    marker = tmp_path / "it-ran"

    class Evil:
        def __reduce__(self):
            return Path.touch, (marker,)

    (copy / "model.safetensors").unlink()
    for write in (lambda path: torch.save({"a": Evil()}, path), lambda path: path.write_bytes(pickle.dumps(Evil()))):
        write(copy / "pytorch_model.bin")
        assert "pickled objects, which torch refuses" in str(refusal(copy))
        assert not marker.exists()


def test_tensors_in_a_pickle_are_read(copy):
    import torch
    from safetensors.torch import load_file

    weights = load_file(copy / "model.safetensors")
    (copy / "model.safetensors").unlink()
    torch.save(weights, copy / "pytorch_model.bin")
    found = load_reranker(str(copy), Scoring("cpu")).model.bert.pooler.dense.weight
    assert torch.equal(found, weights["bert.pooler.dense.weight"])


def test_a_lack_of_memory_stays_one(copy):
    for error in (MemoryError("no room"), RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")):
        with pytest.raises(type(error), match=str(error)[:10]), loading(str(copy), "Give another"):
            raise error
    with pytest.raises(KeyboardInterrupt), loading(str(copy), "Give another"):
        raise KeyboardInterrupt


def test_a_tokenizer_of_another_model_is_refused(copy, tiny_llama):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tiny_llama / name, copy / name)
    assert refusal(copy).problem == "the tokenizer has ids up to 311, the model has 100 embeddings"
