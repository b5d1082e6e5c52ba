"""The docstrings of installed packages: one page per public function, class and method."""

import importlib
import inspect
import pkgutil
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType

SKIPPED = frozenset({"backends", "compat", "conftest", "core", "distutils", "externals", "setup", "tests"})
"""Names of modules that no package means for its users."""

_SIGNATURE = re.compile(r"[A-Za-z_][\w.]*\([^\n]*(\n(?!\n)[^\n]*)*?[)\]](\s*->[^\n]*)?\s*(\n|$)")

# what some docstrings print at import differs from process to process
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_PRINTED_SET = re.compile(r"\{('[^'{}]*'(?:,\s*'[^'{}]*')+)\}")

_Path = tuple[bool, bool, int, int, str]


@dataclass(slots=True)
class Page:
    """What is written about one object: its shortest public path by its own name, its other paths, its docstring."""

    path: str
    docstring: str
    aliases: list[str] = field(default_factory=list)


def pages(packages: Iterable[str]) -> list[Page]:
    """The pages of the packages' public API, by path; an object with several paths is one page.

    So are objects of one name and one docstring. Packages that are not installed are passed over.
    """
    found: dict[int, tuple[object, list[_Path]]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for package in packages:
            for module in _modules(package):
                for path, thing, passing in _public(module, package):
                    found.setdefault(id(thing), (thing, []))[1].append(_preference(path, thing, passing))
    written: dict[tuple[str, str], list[_Path]] = {}
    for thing, paths in found.values():
        docstring = _docstring(thing)
        if docstring:
            last = min(paths)[-1].rpartition(".")[2]
            written.setdefault((last, docstring), []).extend(paths)
    return sorted((_page(docstring, paths) for (_, docstring), paths in written.items()), key=lambda page: page.path)


def _page(docstring: str, paths: list[_Path]) -> Page:
    names = list(dict.fromkeys(path for *_, path in sorted(paths)))
    return Page(names[0], docstring, names[1:])


def _preference(path: str, thing: object, passing: bool) -> _Path:
    """The path with what puts it behind others: passing by, not the object's own name, its depth, its length."""
    last = path.rpartition(".")[2]
    return passing, getattr(thing, "__name__", last) != last, path.count("."), len(path), path


def _modules(package: str) -> Iterator[ModuleType]:
    """The package and its public submodules, as far as they can be imported."""
    module = _imported(package)
    if module is None:
        return
    yield module
    if package.endswith(".testing"):
        return
    for found in sorted(pkgutil.iter_modules(getattr(module, "__path__", [])), key=lambda found: found.name):
        if not found.name.startswith("_") and found.name not in SKIPPED:
            yield from _modules(f"{package}.{found.name}")


def _imported(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit):  # optional parts miss their own requirements in many ways
        return None


def _public(module: ModuleType, package: str) -> Iterator[tuple[str, object, bool]]:
    """Every public path under a module, with its object and whether it only passes by there, imported or inherited."""
    listed = getattr(module, "__all__", None)
    for name in sorted(set(listed if listed is not None else vars(module))):
        if name.startswith("_"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a deprecated name warns when asked for: it is not public
            try:
                thing = getattr(module, name)
            except Exception:
                continue
        if _belongs(thing, package, listed is not None):
            path = f"{module.__name__}.{name}"
            passing = listed is None and not _at_home(thing, module.__name__)
            yield path, thing, passing
            if inspect.isclass(thing):
                for member, held, inherited in _members(thing, path, package):
                    yield member, held, inherited or passing


def _belongs(thing: object, package: str, listed: bool) -> bool:
    if inspect.ismodule(thing) or not callable(thing):
        return False
    home = getattr(thing, "__module__", None)
    if isinstance(home, str):
        return _root(home) == package or (listed and home == "builtins")
    return listed


def _at_home(thing: object, module: str) -> bool:
    home = getattr(thing, "__module__", None) or ""
    return home == module or home.startswith(f"{module}._")


def _root(name: str) -> str:
    return name.partition(".")[0]


def _members(cls: type, path: str, package: str, depth: int = 0) -> Iterator[tuple[str, object, bool]]:
    for name in sorted(dir(cls)):
        definer = next((base for base in cls.__mro__ if name in vars(base)), None)
        if name.startswith("_") or definer is None or _root(definer.__module__) != package:
            continue
        thing = vars(definer)[name]
        if isinstance(thing, classmethod | staticmethod):
            thing = thing.__func__
        elif not (inspect.isroutine(thing) or isinstance(thing, property) or inspect.isdatadescriptor(thing)):
            thing = getattr(thing, "_accessor", thing)  # pandas keeps groups of methods behind a descriptor
            if not inspect.isclass(thing) or _root(thing.__module__) != package:
                continue
        yield f"{path}.{name}", thing, definer is not cls and not definer.__name__.startswith("_")
        if inspect.isclass(thing) and depth == 0:
            yield from _members(thing, f"{path}.{name}", package, depth + 1)


def _docstring(thing: object) -> str:
    """The object's own docstring without the signature that C functions begin with; empty where it has none."""
    docstring = getattr(thing, "__doc__", None)
    if not isinstance(docstring, str) or (not inspect.isclass(thing) and docstring == type(thing).__doc__):
        return ""
    text = inspect.cleandoc(docstring)
    while signature := _SIGNATURE.match(text):
        text = inspect.cleandoc(text[signature.end() :])
    return _PRINTED_SET.sub(_in_order, _ADDRESS.sub("", text))


def _in_order(match: re.Match[str]) -> str:
    return "{" + ", ".join(sorted(re.split(r",\s*", match[1]))) + "}"
