"""JSON and TOML that others wrote: the only place that parses either, and checks the types of their fields."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from rerankkit.errors import InputError

T = TypeVar("T")

LARGEST_FILE = 64 << 20
"""Bytes of a JSON or TOML file that is read as a whole; a configuration is far smaller."""
MOST_DIGITS = 400
"""Digits of a JSON number; Python needs quadratic time for longer ones."""
DEEPEST = 200
"""How deep JSON may be nested: programs that write the value again recurse too."""
LARGE, MOST_BRACKETS = 1 << 20, 2_000_000
"""Lists and objects that a text of more than LARGE characters may open: they take 20 times the room of their text."""
_MISSING: Any = object()


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    Half of a surrogate pair, as a cut emoji leaves, becomes U+FFFD, which UTF-8 can hold. Raises ValueError with the
    reason for what is not JSON, a key that stands twice in one object, NaN and Infinity, nesting deeper than DEEPEST,
    numbers of more than MOST_DIGITS digits, and more than MOST_BRACKETS lists and objects in a large text.
    """
    if len(text) > LARGE and text.count("[") + text.count("{") > MOST_BRACKETS:
        raise ValueError(f"more than {MOST_BRACKETS:,} lists and objects")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_int=_short_number(int),
            parse_float=_short_number(float),
        )
        if _depth(value) > DEEPEST:
            raise ValueError(f"nested more than {DEEPEST} deep")
    except RecursionError:
        raise ValueError(f"nested more than {DEEPEST} deep") from None
    if "\\ud" not in text and "\\uD" not in text:
        return value
    written = json.dumps(value, ensure_ascii=False)
    return json.loads(written.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)[:80]!r} stands twice")
    return record


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _short_number(kind: Callable[[str], T]) -> Callable[[str], T]:
    def number(digits: str) -> T:
        if len(digits) > MOST_DIGITS:
            raise ValueError(f"a number of {len(digits)} digits")
        return kind(digits)

    return number


def _depth(value: Any) -> int:
    """The deepest nesting of a value, 0 for one that is no list or object."""
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, list | dict)]:
        depth += 1
        level = [item for one in level for item in (one.values() if isinstance(one, dict) else one)]
    return depth


def read_json(path: str | Path, what: str) -> Any:
    """The value of a JSON file, with or without a byte order mark.

    `what` names the file's content in the message, as in "not a checkpoint's configuration". Raises InputError where
    the file is missing, larger than LARGEST_FILE, not UTF-8, or not JSON by `parse_json`.
    """
    text = _small_text(Path(path), what)
    try:
        return parse_json(text)
    except ValueError as error:
        raise InputError(f"not {what}: {reason_of(error)}", "Restore the file, or write it again", path) from error


def read_toml(path: str | Path, what: str) -> dict[str, Any]:
    """The table of a TOML file; raises InputError as `read_json` does."""
    text = _small_text(Path(path), what)
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise InputError(f"not {what}: nested too deep", "Write it flat", path) from error
    except ValueError as error:
        raise InputError(f"not {what}: {reason_of(error)}", "Expected a TOML file", path) from error


def reason_of(error: ValueError, in_line: bool = False) -> str:
    """The parser's message with its place, a column alone where the text is one line; a cut text says so."""
    if isinstance(error, json.JSONDecodeError):
        place = f"column {error.colno}" if in_line else f"line {error.lineno}, column {error.colno}"
        if error.pos >= len(error.doc.rstrip()):
            return f"the {'line' if in_line else 'file'} ends too early, at {place}"
        return f"{error.msg} at {place}"
    return str(error)


def _small_text(path: Path, what: str) -> str:
    if path.is_dir():
        raise InputError("is a folder, where a file is expected", path=path)
    if not path.exists():
        raise InputError("no such file", "Check the path", path)
    if not path.is_file():
        raise InputError(f"not {what}: not a regular file", "Give a file on disk", path)
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise InputError(f"not {what}: {size:,} bytes", f"Expected at most {LARGEST_FILE:,}", path)
    content = path.read_bytes()
    if content.startswith(b"version https://git-lfs"):
        raise InputError("is a Git LFS pointer, not the file itself", "Fetch the file: git lfs pull", path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = content[error.start]
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"not UTF-8 (byte 0x{byte:02x})", "Convert the file: iconv -t UTF-8", path, line) from error


class Fields:
    """The fields of a foreign record by name; a field of another type is an InputError that names the field."""

    def __init__(self, record: Any, what: str, path: str | Path | None = None, line: int | None = None) -> None:
        self._what, self._path, self._line = what, path, line
        if not isinstance(record, dict):
            raise InputError(f"not {what}: {shown(record)}", "Expected a JSON object", path, line)
        self._record = record

    def __contains__(self, name: str) -> bool:
        return name in self._record

    def text(self, name: str, default: Any = _MISSING) -> str:
        """A field that holds a text."""
        return self._checked(name, default, lambda value: isinstance(value, str), "a text")

    def whole(self, name: str, default: Any = _MISSING) -> int:
        """A field that holds a whole number."""
        return self._checked(
            name, default, lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"
        )

    def number(self, name: str, default: Any = _MISSING) -> float:
        """A field that holds a finite number."""
        return self._checked(name, default, _is_number, "a number")

    def flag(self, name: str, default: Any = _MISSING) -> bool:
        """A field that holds true or false."""
        return self._checked(name, default, lambda value: isinstance(value, bool), "true or false")

    def texts(self, name: str, default: Any = _MISSING) -> list[str]:
        """A field that holds a list of texts."""
        return self._checked(name, default, lambda value: _all(value, str), "a list of texts")

    def wholes(self, name: str, default: Any = _MISSING) -> list[int]:
        """A field that holds a list of whole numbers."""
        return self._checked(
            name, default, lambda value: _all(value, int) and not _some(value, bool), "a list of whole numbers"
        )

    def records(self, name: str, default: Any = _MISSING) -> list[dict[str, Any]]:
        """A field that holds a list of objects."""
        return self._checked(name, default, lambda value: _all(value, dict), "a list of objects")

    def table(self, name: str, default: Any = _MISSING) -> dict[str, Any]:
        """A field that holds an object."""
        return self._checked(name, default, lambda value: isinstance(value, dict), "an object")

    def _checked(self, name: str, default: Any, fits: Callable[[Any], bool], expected: str) -> Any:
        value = self._record.get(name, default)
        if value is _MISSING:
            raise InputError(
                f"not {self._what}: the field {name!r} is missing", f"Expected {expected}", self._path, self._line
            )
        if name in self._record and not fits(value):
            problem = f"not {self._what}: the field {name!r} is {shown(value)}"
            raise InputError(problem, f"Expected {expected}", self._path, self._line)
        return value


def _all(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) for one in value)


def _some(value: list[Any], kind: type) -> bool:
    return any(isinstance(one, kind) for one in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def shown(value: Any) -> str:
    """The value, short."""
    try:
        text = repr(value)
    except ValueError:  # a hexadecimal number of TOML may have more digits than Python writes
        return "a number of many digits"
    return text if len(text) <= 80 else text[:80] + "…"
