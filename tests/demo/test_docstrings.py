import subprocess
import sys
from importlib import import_module

from rerankkit.demo.docstrings import pages


def test_one_page_for_each_documented_object_under_its_own_name(orchard: str) -> None:
    found = {page.path: page.aliases for page in pages([orchard])}
    assert found == {
        "orchard.Bush": [],
        "orchard.Tree": [],
        "orchard.Tree.age": ["orchard.Bush.age"],
        "orchard.Tree.height": ["orchard.Bush.height"],
        "orchard.graft.cut": [],
        "orchard.graft.join": [],
        "orchard.grow": [],
        "orchard.prune": ["orchard.trim"],
        "orchard.water": ["orchard.graft.water"],
    }


def test_what_does_not_import_or_warns_when_asked_for_is_passed_over(orchard: str) -> None:
    paths = {path for page in pages([orchard, "no_such_package"]) for path in [page.path, *page.aliases]}
    assert "orchard.felled" not in paths
    assert not [path for path in paths if path.startswith(("orchard.broken", "orchard.tests", "no_such_package"))]


def test_the_shortest_path_is_the_page_s(orchard: str) -> None:
    package = import_module("orchard")
    package.join = import_module("orchard.graft").join  # type: ignore[attr-defined]
    package.__all__.append("join")
    found = {page.path: page.aliases for page in pages([orchard])}
    assert found["orchard.join"] == ["orchard.graft.join"]


def test_the_signature_that_c_functions_begin_with_is_no_documentation(orchard: str) -> None:
    docstrings = {page.path: page.docstring for page in pages([orchard])}
    assert docstrings["orchard.grow"].startswith("Make trees taller.\n")


def test_objects_of_one_name_and_docstring_are_one_page(orchard: str) -> None:
    package = import_module("orchard")

    def grow() -> None: ...

    grow.__module__, grow.__doc__ = "orchard.graft", package.grow.__doc__
    import_module("orchard.graft").grow = grow  # type: ignore[attr-defined]
    found = {page.path: page.aliases for page in pages([orchard])}
    assert found["orchard.grow"] == ["orchard.graft.grow"]


def test_what_docstrings_print_at_import_is_the_same_in_every_process(orchard: str) -> None:
    package = import_module("orchard")
    package.water.__doc__ = "Pour <can object at 0x7f03ab> with {'rose', 'hose', 'can'}."
    docstrings = {page.path: page.docstring for page in pages([orchard])}
    assert docstrings["orchard.water"] == "Pour <can object> with {'can', 'hose', 'rose'}."


def test_numpy_s_public_names() -> None:
    found = {page.path: page for page in pages(["numpy"])}
    assert {"numpy.linalg.norm", "numpy.ndarray.sort", "numpy.add", "numpy.random.Generator.normal"} <= set(found)
    assert found["numpy.add"].docstring.startswith("Add arguments element-wise.")
    assert not [path for path in found if "._" in path or ".tests" in path or ".core." in path]


def test_importing_the_module_imports_no_library() -> None:
    code = "import sys, rerankkit.demo.collection as _; print(sorted({'numpy', 'scipy', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
