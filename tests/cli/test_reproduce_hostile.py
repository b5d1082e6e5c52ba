"""`rerankkit reproduce` of side files that were written to do harm."""

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rerankkit.cli import main


def rerankkit(*arguments: str) -> Result:
    """What a command did."""
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def stranger(toy) -> Path:
    """A folder with a fused run, its side file and inputs; it is the current one."""
    fuse = ["fuse", "run.txt", "teacher.txt", "--method", "rrf", "--output", "out.txt"]
    assert rerankkit(*fuse).exit_code == 0
    return toy


def changed(**fields: Any) -> None:
    """Changes the side file."""
    side = Path("out.txt.meta.json")
    record = json.loads(side.read_text())
    for name, value in fields.items():
        record[name] = {**record[name], **value} if isinstance(value, dict) else value
    side.write_text(json.dumps(record))


def input_of(path: str, content: bytes) -> dict[str, Any]:
    """An input's record with its true hash."""
    return {"parameter": "runs", "path": path, "sha256": hashlib.sha256(content).hexdigest(), "whole": True}


def refused(*arguments: str) -> str:
    """What reproduce says as it refuses before anything is run."""
    result = rerankkit("reproduce", "out.txt.meta.json", *arguments)
    assert result.exit_code == 2, result.output
    assert "Runs:" not in result.output
    return result.stderr


FUSE = ["rerankkit", "fuse", "run.txt", "teacher.txt", "--method", "rrf"]
EVIL = "open({marker!r}, 'w').close()\n"


def test_no_code_beside_the_side_file_is_run(stranger, monkeypatch):
    """`python -m` puts the current folder first; PYTHONPATH and PYTHONSTARTUP name it too."""
    code = EVIL.format(marker=str(stranger / "owned"))
    for name in ("click.py", "json.py", "sitecustomize.py", "usercustomize.py", "numpy.py", "rerankkit/__init__.py"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(code)
    Path("rerankkit/cli").mkdir()
    Path("rerankkit/cli/__init__.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(stranger))
    monkeypatch.setenv("PYTHONSTARTUP", str(stranger / "click.py"))
    result = rerankkit("reproduce", "out.txt.meta.json")
    assert (result.exit_code, result.stdout) == (0, "output: identical\n")
    assert not Path("owned").exists()


def test_python_with_m_runs_no_module_of_the_current_folder(stranger):
    """Against a folder that bears the name rerankkit only an installed command helps: Python itself looks there."""
    for name in ("click.py", "yaml.py", "rich.py"):
        Path(name).write_text(EVIL.format(marker=str(stranger / "owned")))
    command = [sys.executable, "-m", "rerankkit", "reproduce", "out.txt.meta.json"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stdout) == (0, "output: identical\n"), result.stderr
    assert not Path("owned").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--output", "victim.txt"],
        ["--output=victim.txt"],
        ["--output", "out.txt", "--output", "victim.txt"],
        ["--output=victim.txt", "--output", "../victim.txt"],
        ["--output", "{absolute}"],
        ["--output={absolute}", "--tag", "fuse"],
    ],
)
def test_every_output_goes_into_a_fresh_folder(stranger, words):
    for victim in (Path("victim.txt"), Path("../victim.txt")):
        victim.write_text("precious")
    words = [word.format(absolute=stranger / "victim.txt") for word in words]
    changed(command=[*FUSE, *words])
    before = sorted(Path().iterdir())
    result = rerankkit("reproduce", "out.txt.meta.json")
    assert Path("victim.txt").read_text() == Path("../victim.txt").read_text() == "precious"
    assert sorted(Path().iterdir()) == before
    assert "becomes /" in result.stderr
    Path("../victim.txt").unlink()


@pytest.mark.parametrize("name", ["../victim.txt", "/victim.txt", "..", ".", "a/b"])
def test_the_output_s_name_is_no_path(stranger, name):
    changed(output={"path": name})
    assert "the output's path is" in refused()


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("store", ["store", "prune", "--keep", "0"]),
        ("store export", ["store", "export", "--output", "x"]),
        ("submit", ["submit", "run.txt", "--track", "generic", "--output", "x"]),
        ("demo", ["demo"]),
        ("compare", ["compare", "run.txt", "teacher.txt", "--qrels", "qrels.txt", "--report", "x.html"]),
        ("reproduce", ["reproduce", "out.txt"]),
        ("doctor", ["doctor"]),
        ("", []),
        ("nonsense", ["nonsense"]),
    ],
)
def test_other_commands_are_not_run(stranger, verb, words):
    changed(verb=verb, command=["rerankkit", *words])
    assert "Error: " in refused()


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (["rerankkit", "demo"], "verb and command differ: 'fuse', 'rerankkit demo'"),
        (["sh", "fuse", "run.txt", "--output", "out.txt"], "verb and command differ"),
        (["rerankkit", "-v", "--version"], "no command of this version|verb and command differ"),
        ([*FUSE, "--output", "out.txt", "--help"], "no command that writes an output: "),
        ([*FUSE, "--output", "out.txt", "--exec", "x"], "no command of this version: No such option"),
        ([*FUSE, "--outp", "out.txt"], "no command of this version: No such option"),
        ([*FUSE, "--", "--output", "out.txt"], "the command has no --output"),
        ([*FUSE, "--output"], "no command of this version"),
        ([*FUSE, "@run.txt", "--output", "out.txt"], "@run.txt is not among the inputs"),
        ([*FUSE, "qrels.txt", "--output", "out.txt"], "qrels.txt is not among the inputs"),
        ([*FUSE, "/etc/passwd", "--output", "out.txt"], "/etc/passwd is not among the inputs"),
    ],
)
def test_words_that_this_version_does_not_know_are_refused(stranger, command, problem):
    changed(command=command)
    assert any(one in refused() for one in problem.split("|"))


@pytest.mark.parametrize("sha256", ["", "0", "x" * 64, "A" * 64])
def test_an_input_without_a_hash_is_refused(stranger, sha256):
    record = json.loads(Path("out.txt.meta.json").read_text())
    record["inputs"][1]["sha256"] = sha256
    changed(inputs=record["inputs"])
    assert "an input has no hash: teacher.txt (runs)" in refused()


@pytest.mark.parametrize("path", ["../secret.txt", "{outside}/secret.txt", "link.txt", "folder"])
def test_inputs_outside_need_leave(stranger, tmp_path_factory, path):
    outside = tmp_path_factory.mktemp("outside")
    for place in (outside / "secret.txt", Path("../secret.txt")):
        shutil.copy("run.txt", place)
    Path("link.txt").symlink_to(outside / "secret.txt")
    Path("folder").mkdir()
    Path("folder/link.txt").symlink_to(outside / "secret.txt")
    path = path.format(outside=outside)
    record = json.loads(Path("out.txt.meta.json").read_text())
    changed(inputs=[*record["inputs"], input_of(path, Path("run.txt").read_bytes())])
    told = refused()
    assert f"outside {stranger}" in told
    assert "--allow-outside" in told
    assert rerankkit("reproduce", "out.txt", "--allow-outside").exit_code == (1 if path == "folder" else 0)
    root = rerankkit("reproduce", "out.txt", "--root", os.path.commonpath([stranger, outside]))
    assert root.exit_code == (1 if path == "folder" else 0), root.output
    Path("../secret.txt").unlink()


def test_the_command_ran_in_the_side_file_s_tree(stranger, monkeypatch):
    """The root is where the command ran, as far as that lies in the current folder."""
    Path("runs").mkdir()
    assert rerankkit(*FUSE[1:], "--output", "runs/out.txt").exit_code == 0
    assert rerankkit("reproduce", "runs/out.txt").exit_code == 0
    monkeypatch.chdir("runs")
    result = rerankkit("reproduce", "out.txt")
    assert result.exit_code == 2
    assert f"the command ran outside {stranger / 'runs'}: {stranger}" in result.stderr
    assert rerankkit("reproduce", "out.txt", "--root", "..").exit_code == 0
    assert rerankkit("reproduce", "out.txt", "--allow-outside").exit_code == 0
    assert "the side file lies outside --root" in rerankkit("reproduce", "out.txt", "--root", "/etc").stderr


@pytest.mark.parametrize("folder", ["..", "../..", "/", "../elsewhere"])
def test_a_side_file_cannot_move_the_tree_above_the_current_folder(stranger, folder):
    changed(folder=folder)
    assert "the command ran outside" in refused()


@pytest.mark.timeout(30)
def test_an_endless_input_is_refused(stranger):
    os.mkfifo("pipe")
    record = json.loads(Path("out.txt.meta.json").read_text())
    changed(inputs=[*record["inputs"], input_of("pipe", b"")])
    assert "neither a file nor a folder" in refused()
    changed(inputs=[*record["inputs"], input_of("/dev/zero", b"")])
    assert "neither a file nor a folder" in refused("--allow-outside")


def test_the_whole_command_is_printed_first_and_steers_no_terminal(stranger):
    tag = "\x1b]0;owned\x07\x9b31m;$(touch owned)\u202e" + "x" * 5000
    changed(command=[*FUSE, "--tag", tag, "--output", "out.txt"])
    result = rerankkit("reproduce", "out.txt")
    lines = result.stderr.splitlines()
    start = r"--tag '\x1b]0;owned\x07\x9b31m;$(touch owned)\u202e" + "x" * 5000
    assert lines[0].startswith("The side file's command: rerankkit fuse run.txt teacher.txt --method rrf")
    assert start in lines[0]
    assert lines[1].startswith("--output out.txt becomes /")
    assert lines[2].startswith("Runs: rerankkit fuse --method=rrf ")
    assert not {"\x1b", "\x07", "\x9b", "\u202e"}.intersection(result.output)
    assert not Path("owned").exists()


def test_no_message_steers_the_terminal(stranger):
    changed(packages={"torch": "\x1b[2J"})
    assert r"other package: torch \x1b[2J then" in rerankkit("reproduce", "out.txt").stdout
    changed(output={"option": "\x1b[2J"})
    assert r"the command has no \x1b[2J" in refused()
    changed(folder="\x1b[2J/..")
    assert "\x1b" not in rerankkit("reproduce", "out.txt").output


def test_weights_that_are_pickled_code_are_not_run(toy, bert_reranker):
    """The store and the models folder of the side file's command are not used either."""
    shutil.copytree(bert_reranker, "theirs/evil")

    class Evil:
        def __reduce__(self) -> Any:
            return open, (str(toy / "owned"), "w")

    rerank = ["rerank", "--model", "evil", "--models", "theirs", "--run", "run.txt", "--topics", "topics.tsv"]
    texts = ["--collection", "docs.jsonl", "--store", "theirs.sqlite"]
    assert rerankkit(*rerank, *texts, "--output", "out.txt").exit_code == 0
    store = Path("theirs.sqlite").read_bytes()
    shutil.rmtree("theirs")
    shutil.copytree(bert_reranker, "theirs/evil")
    Path("theirs/evil/model.safetensors").unlink()
    Path("theirs/evil/pytorch_model.bin").write_bytes(pickle.dumps(Evil()))
    result = rerankkit("reproduce", "out.txt", "--anyway")
    assert result.exit_code == 2
    assert "--models theirs is left out" in result.stderr
    assert "--store theirs.sqlite is left out" in result.stderr
    assert not Path("owned").exists()
    assert Path("theirs.sqlite").read_bytes() == store
    assert sorted(path.name for path in Path("theirs").iterdir()) == ["evil"]
