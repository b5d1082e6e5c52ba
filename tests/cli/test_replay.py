"""A side file's command, written anew."""

from pathlib import Path
from typing import Any

import click
import pytest

from rerankkit.check.rerun import Bounds
from rerankkit.check.tree import Tree
from rerankkit.cli import COMMANDS, main
from rerankkit.cli.places import InPlace, LookedIn, NameOrPath, Output
from rerankkit.cli.replay import REPEATED, Rewriting
from rerankkit.errors import InputError

WRITING = {"output", "report", "plots", "figures", "store", "timings_output", "keep", "log", "models", "folder"}
"""Names of options that write, as far as any command has them."""


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("run.txt", "topics.tsv", "docs.jsonl", "settings.toml"):
        Path(name).touch()
    for name in ("runs/models/bert", "bm25", "index"):
        Path(name).mkdir(parents=True)
    return tmp_path


def replayed(here: Path, words: str, parameters: dict[str, Any] | None = None, hub: bool = False, **output: str) -> Any:
    """The replay of words, `/` standing for the folder."""
    command = ["rerankkit", *words.split()]
    record = {
        "verb": command[1],
        "command": command,
        "output": {"option": "--output", "path": "out", **output},
        "parameters": parameters or {},
    }
    inputs = [here / name for name in ("run.txt", "topics.tsv", "docs.jsonl", "settings.toml", "index")]
    inputs += [here / "runs/models/bert", here / "bm25"]
    return Rewriting(record, Bounds(here, Tree(here)), inputs, Path("/made"), hub=hub).replay()


TEXTS = "--run run.txt --topics topics.tsv --collection docs.jsonl"


def test_a_model_s_name_becomes_its_folder_and_nothing_is_stored(here):
    words = replayed(here, f"rerank --models runs/models --model bert {TEXTS} --store s --no-tail --output=o").words
    assert words == [
        *("rerank", f"--model={here}/runs/models/bert", f"--run={here}/run.txt", f"--topics={here}/topics.tsv"),
        *(f"--collection={here}/docs.jsonl", "--no-tail", "--output=/made/out", "--no-store"),
    ]


def test_a_folder_stands_before_a_plug_in_of_its_name(here):
    assert f"--model={here}/bm25" in replayed(here, f"rerank --model bm25 {TEXTS} --output o").words
    Path("bm25").rmdir()
    assert "--model=bm25" in replayed(here, f"rerank --model bm25 {TEXTS} --output o").words


def test_one_of_several_models_is_run(here):
    words = f"rerank --model bert --model x/other --then bert --then-depth 3 {TEXTS} --output /abs/{{model}}.txt"
    found = replayed(here, words, path="bert.txt").words
    assert found[1] == f"--model={here}/runs/models/bert"
    assert sum(word.startswith("--model=") for word in found) == 1
    assert found[2:4] == [f"--then={here}/runs/models/bert", "--then-depth=3"]
    assert "--output=/made/bert.txt" in found
    with pytest.raises(InputError, match=r"no --model of the command has the output none.txt"):
        replayed(here, words, path="none.txt")
    with pytest.raises(InputError, match="several models of the command have the output name out"):
        replayed(here, words.replace("{model}.txt", "{model}/out"))


def test_a_training_sends_nothing(here):
    words = f"distill {TEXTS} --model bert --config settings.toml --report-to wandb --output o"
    found = replayed(here, words).words
    assert "--report-to=none" in found
    assert not any("wandb" in word for word in found)
    assert f"--config={here}/settings.toml" in found
    with pytest.raises(InputError, match=r"--config .*none.toml is not among the inputs"):
        replayed(here, words.replace("settings", "none"))


def test_a_default_model_counts_as_given(here):
    assert "--model=minilm-l6" in replayed(here, f"distill {TEXTS} --output o").words
    Path("runs/models/minilm-l6").mkdir()
    with pytest.raises(InputError, match=r"--model .*minilm-l6 is not among the inputs"):
        replayed(here, f"distill {TEXTS} --output o")


def test_what_a_variable_said_is_written_out(here):
    words = f"rerank --model bert {TEXTS} --output o"
    assert "--backend=onnx" in replayed(here, words, {"backend": "onnx"}).words
    assert not any("--backend" in word for word in replayed(here, words, {"backend": "auto"}).words)
    assert "--backend=torch" in replayed(here, f"{words} --backend torch", {"backend": "onnx"}).words


@pytest.mark.parametrize(
    ("words", "hub", "taken"),
    [
        ("retrieve --index msmarco-v1-passage --topics dl19-passage --output o", False, True),
        ("retrieve --index index --topics topics.tsv --output o", False, True),
        ("retrieve --index a/b --topics topics.tsv --output o", False, False),
        ("retrieve --index index --topics ../topics.tsv --output o", False, False),
        ("retrieve --index index --topics .hidden --output o", False, False),
        (f"rerank --model org/name {TEXTS} --output o", False, False),
        (f"rerank --model org/name {TEXTS} --output o", True, True),
        (f"rerank --model a/b/c {TEXTS} --output o", True, False),
        (f"rerank --model ../name {TEXTS} --output o", True, False),
        (f"rerank --model /abs {TEXTS} --output o", True, False),
        (f"rerank --model ~/name {TEXTS} --output o", True, False),
        ("average runs/models/bert bm25 --output o", False, True),
        ("average runs/models/bert none/there/is --output o", False, False),
    ],
)
def test_names_that_installed_software_knows_need_no_hash(here, words, hub, taken):
    if taken:
        assert replayed(here, words, hub=hub).words[0] == words.split()[0]
    else:
        with pytest.raises(InputError, match="has no hash"):
            replayed(here, words, hub=hub)


def test_arguments_that_look_like_options_stay_arguments(here):
    Path("--method=rrf").touch()
    with pytest.raises(InputError, match=r"--method=rrf is not among the inputs"):
        replayed(here, "fuse --output o -- run.txt --method=rrf")
    assert replayed(here, "fuse --output o -- run.txt").words[-2:] == ["--", f"{here}/run.txt"]


def test_a_password_was_not_kept(here):
    with pytest.raises(InputError, match="the command held a password or key"):
        replayed(here, "rerank --model https://***@x --output o")


def _leaves(command: click.Command) -> list[click.Command]:
    if isinstance(command, click.Group):
        return [leaf for one in command.commands.values() for leaf in _leaves(one)]
    return [command]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_that_writes_has_the_type_of_an_output(name):
    """By this the new command's outputs are told from its inputs."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    for leaf in _leaves(command):
        for param in leaf.params:
            if param.name in WRITING and not isinstance(param.type, click.Choice | click.IntRange):
                assert isinstance(param.type, Output | InPlace | LookedIn), f"{name} --{param.name}"
            assert not isinstance(param.type, click.File), f"{name} --{param.name}"


@pytest.mark.parametrize("name", REPEATED)
def test_every_option_can_be_written_anew(name):
    """A flag is one of yes and no, an option has one value, and exactly one output has a side file."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert sum(isinstance(param.type, Output) and param.type.side for param in command.params) == 1
    for param in command.params:
        if isinstance(param, click.Option):
            assert not param.count
            assert param.nargs == 1
            assert param.opts[0].startswith("--")
            if param.is_flag:
                assert param.is_bool_flag
        else:
            assert param.nargs == -1, "an argument of the command takes one value"
        if isinstance(param.default, str) and not isinstance(param.type, LookedIn):
            assert isinstance(param.type, NameOrPath) or not isinstance(param.type, click.Path)
