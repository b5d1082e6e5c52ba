"""No command overwrites what it reads, and every option that names a place says which kind it is."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from rerankkit.cli import COMMANDS, main
from rerankkit.cli.places import InPlace, LookedIn, NameOrPath, Output

TEXTS = {
    *("language", "tag", "method", "fields", "more", "prefix", "dtype", "device", "backend", "measures", "measure"),
    *("lr_scheduler_type", "target_modules", "report_to", "loss", "metric_for_best_model", "negatives", "sampling"),
    *("loss_option", "keep_layers", "weights", "then_dtype", "then_backend", "budget", "depths", "backends", "dtypes"),
    *("older_than", "identity", "team"),
}
"""Parameters of free text that name no file."""
FILTERS = {("store prune", "model"), ("store export", "model")}
"""Parameters that name a model only as a text."""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its name, subcommands too."""
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", one) for sub, one in command.commands.items())
        elif command is not None:
            yield name, command


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=[name for name, _ in commands()])
def test_every_option_is_an_output_an_input_or_no_place(name, command):
    unknown = [
        param.name
        for param in command.params
        if not isinstance(param.type, click.Path | NameOrPath)
        and isinstance(param.type, click.types.StringParamType)
        and param.name not in TEXTS
        and (name, param.name) not in FILTERS
    ]
    assert unknown == [], "give each a type of rerankkit.cli.places, or add it to TEXTS"
    assert getattr(command.callback, "places_are_checked", False)


def test_the_outputs_of_all_commands():
    found = {
        name: {str(param.name): param.type.kind for param in command.params if isinstance(param.type, Output)}
        for name, command in commands()
    }
    assert {name: outputs for name, outputs in found.items() if outputs} == {
        "index": {"index": "folder"},
        "retrieve": {"output": "file"},
        "queries": {"output": "file"},
        **{name: {"output": "folder"} for name in ("cpt", "sft", "distill", "average", "export", "submit")},
        **{name: {"output": "file"} for name in ("rerank", "store export", "fuse")},
        "tune": {"plots": "into"},
        "diagnose": {"plots": "into"},
        "compare": {"report": "file", "plots": "into"},
        "reproduce": {"keep": "either"},
        "demo": {"folder": "into"},
    }


def test_stores_and_the_folder_of_models_are_neither():
    kinds = {(name, param.name): type(param.type) for name, command in commands() for param in command.params}
    assert {one for one, kind in kinds.items() if kind is InPlace} == {
        *(("rerank", "store"), ("tune", "store")),
        *((f"store {name}", "store") for name in ("stats", "prune", "export")),
    }
    assert {param for (_, param), kind in kinds.items() if kind is LookedIn} <= {"models", "root"}


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["-q", *words])


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


RERANK = "rerank --model bm25 --run run.txt --topics topics.tsv --collection docs.jsonl --output"
SFT = "sft --run run.txt --topics topics.tsv --collection docs.jsonl --qrels qrels.txt --output"
REFUSED = [
    ("compare run.txt teacher.txt --qrels qrels.txt --report qrels.txt", "--report would overwrite --qrels qrels.txt"),
    ("compare run.txt teacher.txt --qrels qrels.txt --report run.txt", "--report would overwrite BASELINE run.txt"),
    ("compare run.txt teacher.txt --qrels qrels.txt --report ./x/../teacher.txt", "would overwrite SYSTEMS teacher"),
    ("compare run.txt teacher.txt --qrels qrels.txt --report link.txt", "would overwrite --qrels"),
    ("compare run.txt teacher.txt --qrels qrels.txt --report hard.txt", "would overwrite --qrels"),
    ("compare run.txt teacher.txt --qrels link.txt --report qrels.txt", "would overwrite --qrels"),
    ("compare run.txt teacher.txt --qrels qrels.txt --report here/qrels.txt", "would overwrite --qrels"),
    ("store export --store scores.sqlite --output scores.sqlite", "--output would overwrite --store scores.sqlite"),
    ("fuse run.txt teacher.txt --method rrf --output run.txt", "--output would overwrite RUNS run.txt"),
    (f"{RERANK} run.txt", "--output would overwrite --run"),
    (f"{RERANK} topics.tsv", "--output would overwrite --topics"),
    (f"{RERANK} docs.jsonl", "--output would overwrite --collection"),
    (f"{RERANK} scores.sqlite --store scores.sqlite", "--output would overwrite --store"),
    (f"{RERANK} runs/scores.sqlite", "--output would overwrite --store"),
    (f"{RERANK} out.txt --store run.txt", "--store and --run name the same file"),
    (f"{RERANK} folder/out.txt --collection folder", "lies in the folder that is read: --collection folder"),
    (f"{RERANK} folder/deep/out.txt --collection folder", "lies in the folder that is read: --collection folder"),
    (f"{RERANK} {{model}}.txt --model ./run", "--output would overwrite --run run.txt"),
    (f"{RERANK} side --topics side.meta.json", "the side file side.meta.json would overwrite --topics"),
    ("index --input docs.jsonl --index docs.jsonl", "--index would overwrite --input"),
    ("index --input folder --index folder", "--index would overwrite --input folder"),
    ("index --input folder/docs.jsonl --index folder", "--index would replace the folder that holds --input"),
    ("index --input folder --index folder/index", "--index lies in the folder that is read: --input folder"),
    ("index --input folder --index linked/index", "--index lies in the folder that is read: --input folder"),
    (f"{SFT} models/base --model base --models models", "--output would overwrite --model models/base"),
    (f"{SFT} models/mpnet-base --model mpnet-base --models models", "--output would overwrite --model"),
    (f"{SFT} models/base --model x --config models/base/sft.toml", "would replace the folder that holds --config"),
    ("average base other --models models --output models/other", "--output would overwrite CHECKPOINTS models/other"),
    (
        "submit run.txt --track folder/track.toml --output folder",
        "would replace the folder that holds --track",
    ),
    ("submit folder/run.txt --track generic --output folder", "--output would replace the folder that holds RUN"),
    ("queries --from-log queries.txt --output queries.txt", "--output would overwrite --from-log"),
    ("retrieve --index folder --topics topics.tsv --output folder/run.txt", "lies in the folder that is read: --index"),
    ("reproduce out.txt.meta.json --keep out.txt.meta.json", "--keep would overwrite"),
]


@pytest.fixture
def places(toy) -> Path:
    """The toy collection with folders, links, models and stores that lie where outputs are asked for."""
    for folder in ("folder/deep", "models/base", "models/other", "run", "x", "runs"):
        Path(folder).mkdir(parents=True)
    Path("link.txt").symlink_to("qrels.txt")
    os.link("qrels.txt", "hard.txt")
    Path("here").symlink_to(".")
    Path("linked").symlink_to("folder")
    for name in ("docs.jsonl", "run.txt"):
        (Path("folder") / name).write_text(Path(name).read_text())
    for name in ("scores.sqlite", "runs/scores.sqlite", "side.meta.json", "queries.txt", "folder/track.toml"):
        Path(name).write_text("1\n")
    Path("out.txt.meta.json").write_text("{}")
    Path("models/base/sft.toml").write_text("seed = 1\n")
    return toy


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=[words for words, _ in REFUSED])
def test_an_output_that_is_an_input_is_refused_before_the_work(places, words, message):
    before = content(places)
    result = run(*words.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert content(places) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--report a --plots a", "--plots and --report would overwrite each other"),
        ("--report a/b --plots a", None),
        ("--report run", "run: is a folder, where a file is to be written"),
        ("--report qrels.txt/x", "is a file, not a folder"),
        ("--plots qrels.txt", "--plots qrels.txt: is a file|is a file, where a folder"),
        ("--report new/", "names a folder"),
        ("--report run.txt.meta.json", "is the name of a side file"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_before_the_work(places, words, message):
    result = run(*f"compare run.txt teacher.txt --qrels none.txt {words}".split())
    assert result.exit_code == 2
    assert "none.txt: no such file" in result.stderr if message is None else True
    assert message is None or any(one in result.stderr for one in message.split("|"))
    assert not Path("a").exists()
    assert not Path("new").exists()


@pytest.mark.parametrize("words", ["--output a --report a", "--output ./a --report a"])
def test_two_outputs_that_are_one_file_are_refused(places, monkeypatch, words):
    @click.command()
    @click.option("--output", type=Output("file", side=True))
    @click.option("--report", type=Output("file"))
    def command(output: Path, report: Path) -> None:
        raise AssertionError

    from rerankkit.cli.checking import checked

    monkeypatch.setattr(main, "get_command", lambda ctx, name: checked(command))
    result = run("x", *words.split())
    assert (result.exit_code, "--report and --output would overwrite each other" in result.stderr) == (2, True)


def test_outputs_beside_inputs_and_in_new_folders_are_fine(places):
    result = run(*RERANK.split(), "new/deep/out.txt", "--no-store")
    assert (result.exit_code, result.stdout) == (0, "new/deep/out.txt\n")
    report = "compare run.txt new/deep/out.txt --qrels qrels.txt --plots . --report new/report.html"
    assert run(*report.split()).exit_code == 0


@pytest.mark.parametrize("option", ["--model", "--topics", "--index"])
def test_an_empty_text_names_nothing(places, option):
    result = run(*f"{RERANK} out.txt".split(), option, "")
    assert result.exit_code == 2
    assert f"Invalid value for '{option}': the text is empty" in result.stderr


def test_a_name_that_is_no_model_yet_is_no_input(places):
    for _ in range(2):
        assert run(*RERANK.split(), "bm25", "--no-store").exit_code == 0
        assert Path("bm25").is_file()


def test_standard_output_that_is_appended_to_an_input_is_refused(places):
    words = ["evaluate", "run.txt", "--qrels", "qrels.txt"]
    before = Path("run.txt").read_text()
    with Path("run.txt").open("a") as out:
        result = subprocess.run([sys.executable, "-m", "rerankkit", *words], stdout=out, stderr=subprocess.PIPE)
    assert result.returncode == 2
    assert b"run.txt: standard output goes to this input" in result.stderr
    assert Path("run.txt").read_text() == before
