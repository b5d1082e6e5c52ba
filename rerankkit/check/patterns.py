"""Regular expressions of strangers, matched in linear time as RE2 does: no text makes a pattern take long.

Python's own engine tries one way after the other, and `(a+)+b` has exponentially many. Here all ways are followed at
once, and each set of states that was seen is kept with where its characters lead.
"""

import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from rerankkit.errors import InputError

_parser: Any = re._parser  # type: ignore[attr-defined]
_codes: Any = re._constants  # type: ignore[attr-defined]

LONGEST_PATTERN = 1000
"""Characters of a pattern."""
LONGEST_TEXT = 1000
"""Characters of a text that may match."""
MOST_STATES = 500
"""States of a pattern, its counted repetitions written out."""
MOST_SETS = 2000
"""Sets of states with a character that are kept."""
CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
UNTAKEN = {
    "ASSERT": "look-around",
    "ASSERT_NOT": "look-around",
    "AT": "word boundaries",
    "ATOMIC_GROUP": "atomic groups",
    "GROUPREF": "back-references",
    "GROUPREF_EXISTS": "back-references",
    "POSSESSIVE_REPEAT": "possessive repetitions",
}
REMEDY = "Write it of literals, classes, groups, | and the repetitions * + ? {m,n}"

Takes = Callable[[str], bool]


class _Step(NamedTuple):
    """A state that takes one character, and the state after it."""

    takes: Takes
    after: int


class _Set(dict[str, "_Set"]):
    """A set of states, and where each character that was seen leads from it."""

    def __init__(self, pattern: "Pattern", states: frozenset[int], ends: bool) -> None:
        super().__init__()
        self.pattern, self.states, self.ends = pattern, states, ends

    def __missing__(self, character: str) -> "_Set":
        return self.pattern.after(self, character)


class Pattern:
    """A pattern that a whole text matches or not, in time linear in the text.

    Groups, classes, alternatives, repetitions, `^` and `$` are taken. Raises InputError for what is no pattern, for
    back-references, look-around, flags and word boundaries, for more than LONGEST_PATTERN characters, and for more than
    MOST_STATES states.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._steps: list[_Step | None] = []
        self._free: list[list[int]] = []
        """State -> the states that are reached from it without a character."""
        self._only_at_start: set[int] = set()
        self._only_at_end: set[int] = set()
        self._start, self._end = self._state(), self._state()
        try:
            self._join(self._build(parsed(text), self._start), self._end)
        except RecursionError as error:
            raise _refused(text, "too deep groups") from error
        self._sets: dict[frozenset[int], _Set] = {}
        self._kept = 0
        """How many characters all sets together lead on."""
        self._first = self._set_of({self._start}, start=True)

    def matches(self, text: str) -> bool:
        """Whether the whole text matches; none of more than LONGEST_TEXT characters does."""
        if len(text) > LONGEST_TEXT:
            return False
        at = self._first
        for character in text:
            at = at[character]
        return at.ends

    def after(self, at: _Set, character: str) -> _Set:
        """The set that a character leads to, which is kept."""
        if self._kept >= MOST_SETS:
            self._kept = 0
            self._sets.clear()
            self._first.clear()
        steps = (self._steps[state] for state in at.states)
        after = self._set_of({step.after for step in steps if step is not None and step.takes(character)})
        at[character] = after
        self._kept += 1
        return after

    def _set_of(self, states: set[int], start: bool = False) -> _Set:
        found = self._reached(states, start)
        if start or found not in self._sets:
            made = _Set(self, found, self._end in self._reached(found, start, end=True))
            if start:
                return made
            self._sets[found] = made
        return self._sets[found]

    def _reached(self, states: set[int] | frozenset[int], start: bool = False, end: bool = False) -> frozenset[int]:
        """The states, and all that are reached from them without a character."""
        found = set(states)
        open_states = list(states)
        while open_states:
            state = open_states.pop()
            if (state in self._only_at_start and not start) or (state in self._only_at_end and not end):
                continue
            new = [other for other in self._free[state] if other not in found]
            found.update(new)
            open_states += new
        return frozenset(found)

    def _state(self) -> int:
        if len(self._steps) >= MOST_STATES:
            raise InputError(f"the pattern {self.text[:80]!r} has more than {MOST_STATES:,} states", "Repeat less")
        self._steps.append(None)
        self._free.append([])
        return len(self._steps) - 1

    def _join(self, state: int, other: int) -> None:
        self._free[state].append(other)

    def _build(self, tree: Any, state: int) -> int:
        """Adds the states of a parsed sequence after a state; returns the last one."""
        for code, value in tree:
            state = self._add(code, value, state)
        return state

    def _add(self, code: Any, value: Any, state: int) -> int:
        after = self._state()
        if (takes := _takes(code, value)) is not None:
            self._steps[state] = _Step(takes, after)
        elif code is _codes.SUBPATTERN:
            _, add, remove, tree = value
            if add or remove:
                raise _refused(self.text, "flags")
            self._join(self._build(tree, self._before(state)), after)
        elif code is _codes.BRANCH:
            for tree in value[1]:
                self._join(self._build(tree, self._before(state)), after)
        elif code in (_codes.MAX_REPEAT, _codes.MIN_REPEAT):
            least, most, tree = value
            self._join(self._repeated(least, most, tree, state), after)
        elif code is _codes.AT and value in (_codes.AT_BEGINNING, _codes.AT_BEGINNING_STRING):
            self._only_at_start.add(state)
            self._join(state, after)
        elif code is _codes.AT and value in (_codes.AT_END, _codes.AT_END_STRING):
            self._only_at_end.add(state)
            self._join(state, after)
        else:
            raise _refused(self.text, UNTAKEN.get(str(code), "a construct that takes no linear time"))
        return after

    def _repeated(self, least: int, most: Any, tree: Any, state: int) -> int:
        """Adds a sequence that often after a state; returns the last state."""
        last = self._before(state)
        for _ in range(least):
            last = self._before(self._build(tree, last))
        after = self._before(last)
        if most is _codes.MAXREPEAT:
            self._join(self._build(tree, self._before(last)), last)
            return after
        for _ in range(most - least):
            last = self._before(self._build(tree, self._before(last)))
            self._join(last, after)
        return after

    def _before(self, state: int) -> int:
        """A new state that is reached from a state without a character."""
        new = self._state()
        self._join(state, new)
        return new


def parsed(text: str) -> Any:
    """The parse tree of a pattern; InputError for what is no pattern, or has flags."""
    if len(text) > LONGEST_PATTERN:
        raise InputError(f"a pattern of {len(text):,} characters", f"Write it in {LONGEST_PATTERN:,} at most")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = _parser.parse(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(f"no pattern: {error}", "Expected a regular expression") from error
    if tree.state.flags & ~re.UNICODE.value:
        raise _refused(text, "flags")
    return tree


def character_class(text: str) -> Takes:
    """What a class such as `A-Za-z0-9_-` takes; InputError for what is no class."""
    tree = list(parsed(f"[{text}]"))
    takes = _takes(*tree[0]) if len(tree) == 1 else None
    if takes is None:
        raise InputError(f"no pattern: [{text[:80]}] is no class of characters", "Such as: A-Za-z0-9_-")
    return takes


def _refused(text: str, what: str) -> InputError:
    return InputError(f"the pattern {text[:80]!r} has {what}", REMEDY)


def _takes(code: Any, value: Any) -> Takes | None:
    """Which characters a code takes; None for one that is no character."""
    if code is _codes.LITERAL:
        return lambda character: ord(character) == value
    if code is _codes.NOT_LITERAL:
        return lambda character: ord(character) != value
    if code is _codes.ANY:
        return lambda character: character != "\n"
    if code is _codes.RANGE:
        return lambda character: value[0] <= ord(character) <= value[1]
    if code is _codes.CATEGORY:
        category = re.compile(CATEGORIES[str(value)])
        return lambda character: category.match(character) is not None
    if code is _codes.IN:
        negated = value[0][0] is _codes.NEGATE
        parts = [_takes(*one) for one in value[negated:]]
        return lambda character: any(takes(character) for takes in parts if takes is not None) is not negated
    return None
