"""The house: scripts, documents and metadata say what is so."""

import ast
import importlib
import json
import os
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

import rerankkit
from rerankkit import Candidate, Document, Group, Query
from rerankkit.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
METADATA = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

SCRIPTS = [*sorted((ROOT / "scripts").glob("*.sh")), ROOT / ".ci/run"]
MACHINE = re.compile(r"(?<![\w.~-])/" + r"(?:work|root|tmp/venv|opt/wheels)/|/tmp" + r"/venv\b")
EXAMPLE = re.compile(r"^`(rerankkit/\w+/\w+\.py)`.*?```python\n(.*?)```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)\)")


def project_files() -> list[Path]:
    """What git has, and what it would take."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    result = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        pytest.skip("not a git checkout: which files belong to the project is unknown")
    return [path for name in result.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_path_of_a_machine():
    assert MACHINE.search("see /" + "work/main")
    assert not MACHINE.search("runs/work/x ../work/ https://a.b/work/")
    found = []
    for path in project_files():
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            if MACHINE.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_executable_and_parses(path):
    assert os.access(path, os.X_OK) or path.name == "install.sh", "chmod +x"
    result = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_changelog_tells_of_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## \[([^\]]+)\]", changelog, re.MULTILINE)
    assert versions[0] == "Unreleased"
    assert versions[1] == rerankkit.__version__


def test_the_extras_are_known_and_none_forces_a_faiss_on_the_others():
    extras = METADATA["optional-dependencies"]
    assert set(extras) == {"gpu", "dense", "openvino", "onnx", "int8", "demo", "dev"}
    naming = {name for name, needs in {"core": METADATA["dependencies"], **extras}.items() if "faiss" in str(needs)}
    assert naming == {"gpu", "dense"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("[!.]*/README.md")), ids=lambda p: p.name)
def test_links_lead_to_files(path):
    gone = [link for link in LINK.findall(path.read_text("utf-8")) if not (path.parent / link).exists()]
    assert gone == []


def calls(text: str) -> Iterator[list[str]]:
    """The words after `rerankkit` of each line of code that calls it."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True) if "rerankkit" in line else []
        at = next((i for i, word in enumerate(words) if word.rpartition("/")[2] == "rerankkit"), None)
        if at is not None and any(word in COMMANDS for word in words[at + 1 :]):
            yield words[at + 1 :]


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the words call, and what they tell it."""
    at = next(i for i, word in enumerate(words) if word in COMMANDS)
    known = {option for parameter in main.params for option in parameter.opts}
    assert set(words[:at]) <= known, f"unknown before {words[at]}: {words[:at]}"
    found = main.get_command(click.Context(main), words[at])
    assert found is not None
    rest = words[at + 1 :]
    if isinstance(found, click.Group) and rest and rest[0] in found.commands:
        return found.commands[rest[0]], rest[1:]
    return found, rest


def examples_of(name: str) -> str:
    """The examples that a command's help ends in."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    return (command.help or "").partition("Examples:")[2]


def documented() -> Iterator[tuple[str, list[str]]]:
    fenced = re.findall(r"^```(?:bash|sh|console)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    yield from (("README.md", words) for block in fenced for words in calls(block))
    yield from ((f"{name} --help", words) for name in COMMANDS for words in calls(examples_of(name)))


def test_the_readme_shows_every_command_and_each_help_an_example():
    places = {place for place, _ in documented()}
    assert places == {"README.md", *(f"{name} --help" for name in COMMANDS)}
    shown = {word for place, words in documented() if place == "README.md" for word in words if word in COMMANDS}
    assert shown == set(COMMANDS)


def test_every_command_shown_is_one_that_parses():
    wrong = []
    for place, words in documented():
        command, rest = command_of(words)
        try:
            command.make_context(str(command.name), list(rest))
        except click.exceptions.Exit:
            pass
        except click.ClickException as error:
            wrong.append(f"{place}: rerankkit {' '.join(words)}: {error.format_message()}")
    assert wrong == []


def test_flags_named_in_running_text_exist():
    texts = {"README.md": README, "CONTRIBUTING.md": CONTRIBUTING}
    texts |= {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in ROOT.glob("[!.]*/README.md")}
    wrong, seen = [], 0
    for name, text in texts.items():
        for code in re.findall(r"`rerankkit ([^`]+)`", text):
            words = shlex.split(code)
            if words[0] not in COMMANDS:
                continue
            command, rest = command_of(words)
            known = {flag for one in command.params for flag in (*one.opts, *one.secondary_opts)} | {"--help"}
            seen += 1
            wrong += [f"{name}: {code}" for word in rest if word.startswith("--") and word.split("=")[0] not in known]
    assert wrong == []
    assert seen >= 5


@pytest.fixture(scope="module")
def examples() -> dict[str, ModuleType]:
    """The modules that CONTRIBUTING.md shows, by path."""
    modules = {}
    for path, code in EXAMPLE.findall(CONTRIBUTING):
        modules[path] = ModuleType(path)
        exec(compile(code, path, "exec"), modules[path].__dict__)
        assert ast.get_docstring(ast.parse(code))
    return modules


def test_the_example_of_a_loss(examples):
    import torch

    loss = examples["rerankkit/losses/list_net.py"].loss
    labels = torch.tensor([[0.0, torch.log(torch.tensor(3.0)), 9.0]])
    mask = torch.tensor([[True, True, False]])
    # the labels' softmax is 1/4, 3/4; that of scores 0, ln 4 is 1/5, 4/5
    value = loss(torch.tensor([[0.0, torch.log(torch.tensor(4.0)), float("nan")]]), labels, mask)
    assert value.item() == pytest.approx(0.25 * 1.6094379 + 0.75 * 0.2231436)


def test_the_example_of_a_reranker(examples, tmp_path):
    titles = ["Blue sky", "Red fox", "a red red hat"]
    candidates = tuple(Candidate(Document(f"d{i}", title, ""), -i) for i, title in enumerate(titles))
    from rerankkit.rerank.checkpoint import read_note
    from rerankkit.rerank.scorer import Scoring

    reranker = examples["rerankkit/rerank/overlap.py"].load("overlap", Scoring())
    assert list(reranker.score([Group(Query("1", "red fox"), candidates)])) == [[0.0, 2.0, 1.0]]
    note = re.search(r"```json\n(.*?)```", CONTRIBUTING, re.DOTALL)
    assert note
    (tmp_path / "rerankkit.json").write_text(note[1])
    assert read_note(tmp_path).architecture == "overlap"


def test_the_example_of_a_first_stage(examples, tmp_path):
    texts = {"d1": "a red fox", "d2": "blue", "d3": "red"}
    lines = [json.dumps({"id": docid, "contents": text}) for docid, text in texts.items()]
    (tmp_path / "docs.jsonl").write_text("\n".join(lines))
    stage = examples["rerankkit/retrieve/words.py"]
    run = stage.retriever(tmp_path / "docs.jsonl", stage.Settings()).retrieve(
        [Query("1", "Red fox"), Query("2", "tea")], 10
    )
    assert {qid: run[qid] for qid in run} == {"1": (("d1", 2.0), ("d3", 1.0))}


def test_the_example_of_a_command(examples, tmp_path):
    (tmp_path / "run.txt").write_text("1 Q0 a 1 3 x\n1 Q0 b 2 2 x\n1 Q0 c 3 1 x\n")
    arguments = ["--run", f"{tmp_path / 'run.txt'}", "--depth", "2", "--output", f"{tmp_path / 'cut.txt'}"]
    result = CliRunner().invoke(examples["rerankkit/cli/cut.py"].command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert (tmp_path / "cut.txt").read_text() == "1 Q0 a 1 3 x\n1 Q0 b 2 2 x\n"


def test_the_readme_shows_files_that_are_read(tmp_path):
    from rerankkit.collection.clicks import read_clicks
    from rerankkit.collection.documents import read_documents
    from rerankkit.train.settings import RankTraining, settings_from

    documents, clicks = re.findall(r"^```json\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    for name, text in (("docs.jsonl", documents), ("clicks.jsonl", clicks)):
        (tmp_path / name).write_text(text)
    assert [document.docid for _, _, document in read_documents(tmp_path / "docs.jsonl")] == ["d1", "d2"]
    assert [(click.docid, click.clicks) for click in read_clicks(tmp_path / "clicks.jsonl")] == [("d1", 3), ("", 1)]
    (settings,) = re.findall(r"^```toml\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    (tmp_path / "sft.toml").write_text(settings)
    read = settings_from(RankTraining, {"group_size": 4}, tmp_path / "sft.toml")
    assert (read.loss, read.lora.r, read.group_size, read.loss_options) == ("lce", 16, 4, {"temperature": 1.0})


def test_the_readme_imports_what_there_is():
    blocks = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 3
    for block in blocks:
        for node in ast.parse(block).body:
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("rerankkit"):
                module = importlib.import_module(str(node.module))
                assert [name.name for name in node.names if not hasattr(module, name.name)] == []
