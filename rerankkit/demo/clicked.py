"""From anchors to queries with clicks: what is usable, what is dropped and why, and the splits."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rerankkit.demo.docstrings import Page
from rerankkit.demo.numpydoc import summary
from rerankkit.demo.see_also import Anchor, Names

Clicks = dict[str, dict[str, int]]
"""query -> docid -> number of pages that say so."""

SPLITS = {"train": 60, "dev": 10, "test": 30}
"""Each split's share of the clicked documents, in percent."""

LONGEST = 200
"""A query's longest text, in characters: what is longer explains, where a query asks."""

MOST = 5
"""The most documents that one text may mean: what is said of more says nothing of each."""

_POINTING = re.compile(
    r"^(an? |the )?((more|faster|recommended) )?(\w+ )?"
    r"(equivalent|alias|same|similar|related|corresponding|counterpart|analog\w*)\b"
    r"|^(see|which|for (an? |the |more |further )?(explanation|description|detail|information|discussion)s?)\b"
    r"|\b(equivalent|counterpart)$"
    r"|\b(this|the (above|below)) (attribute|class|function|method|object|operation|property|routine)\b"
)
_KINDS = {"attribute", "class", "detail", "function", "method", "object", "operation", "property", "version"}
_STOP = {
    *("a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "into", "is", "it", "its", "more"),
    *("of", "on", "or", "over", "that", "the", "this", "to", "with"),
}


@dataclass
class Harvest:
    """Queries with clicks, the copies of summaries among the anchors, and the anchors dropped by reason."""

    queries: Clicks = field(default_factory=dict)
    copies: Clicks = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)


def words(text: str) -> list[str]:
    """The words of a text for comparison: lower case, without their plural or verb's s."""
    found = re.findall(r"[a-z0-9]+", text.lower())
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in found]


def content(text: str) -> frozenset[str]:
    """The words that say what a text is about."""
    return frozenset(words(text)) - _STOP


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two texts share four fifths of their content words."""
    return len(one & other) >= 0.8 * len(one | other) > 0


def repeats(text: str, of: str) -> bool:
    """Whether a text repeats another: equal, contained in it or containing it, or nearly so."""
    one, other = f" {' '.join(words(text))} ", f" {' '.join(words(of))} "
    if len(other.split()) < 2:
        return one == other
    return one in other or other in one or alike(content(text), content(of))


def harvest(anchors: Iterable[Anchor], pages: Mapping[str, Page]) -> Harvest:
    """Every anchor's fate; texts that differ only in case, blanks and punctuation are one query."""
    names = Names(pages.values())
    summaries = {path: summary(page.docstring) for path, page in pages.items()}
    texts: dict[tuple[str, ...], str] = {}
    said: dict[str, dict[str, set[str]]] = {}
    result = Harvest()
    for anchor in anchors:
        reason = flaw(anchor.text)
        if reason:
            result.dropped[reason] += 1
            continue
        targets = {names.resolve(name, anchor.page) for name in anchor.names} - {None}
        if not targets - {anchor.page}:
            result.dropped["points to its own page" if targets else "points to no page"] += 1
            continue
        text = texts.setdefault(tuple(words(anchor.text)), anchor.text)
        for target in sorted(str(target) for target in targets - {anchor.page}):
            said.setdefault(text, {}).setdefault(target, set()).add(anchor.page)
    for text, chosen in said.items():
        clicks = {target: len(by) for target, by in sorted(chosen.items())}
        if len(clicks) > MOST:
            result.dropped["means too many documents"] += sum(clicks.values())
        elif any(repeats(text, summaries[target]) for target in clicks):
            result.copies[text] = clicks
            result.dropped["repeats its target's summary"] += sum(clicks.values())
        else:
            result.queries[text] = clicks
    return result


def flaw(text: str) -> str:
    """Why a text is no query, empty where it may be one."""
    if not text.strip("."):
        return "says nothing"
    if _POINTING.search(text.lower().rstrip(" .:")):
        return "says nothing of its own"
    if len(text) > LONGEST:
        return "too long"
    return "too short" if len(content(text) - _KINDS) < 2 else ""


def split_of(docid: str, seed: int) -> str:
    """The split a clicked document belongs to, by the last part of its name.

    So that a function and the method that wraps it, described in the same words, stay together.
    """
    number = int(digest(f"{seed} {docid.rpartition('.')[2].lower()}")[:8], 16) % 100
    for split, share in SPLITS.items():
        if number < share:
            return split
        number -= share
    raise AssertionError(f"{SPLITS} do not sum to 100")


def digest(text: str) -> str:
    """Sixteen hexadecimal digits that depend on the text alone."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def splits(queries: Clicks, seed: int) -> dict[str, Clicks]:
    """The queries of each split; one whose documents fall into several is in none.

    A query nearly worded like one of a later split stays out of the earlier: test goes before dev, dev before train.
    """
    parts: dict[str, Clicks] = {split: {} for split in SPLITS}
    for text, chosen in queries.items():
        belongs = {split_of(docid, seed) for docid in chosen}
        if len(belongs) == 1:
            parts[belongs.pop()][text] = chosen
    kept = Wordings(parts["test"])
    for split in ("dev", "train"):
        parts[split] = {text: chosen for text, chosen in parts[split].items() if not kept.near(text)}
        kept.add(parts[split])
    return parts


class Wordings:
    """Texts in which to look for one that is worded nearly the same."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._by_word: dict[str, list[frozenset[str]]] = {}
        self.add(texts)

    def add(self, texts: Iterable[str]) -> None:
        """Takes in more texts."""
        for text in texts:
            found = content(text)
            for word in found:
                self._by_word.setdefault(word, []).append(found)

    def near(self, text: str) -> bool:
        """Whether a text taken in is worded nearly like this one."""
        found = content(text)
        rarest = sorted(found, key=lambda word: len(self._by_word.get(word, ())))
        # a text alike lacks at most a fifth of these words, so that it has one of any more than a fifth
        return any(
            alike(found, other) for word in rarest[: len(found) // 5 + 1] for other in self._by_word.get(word, ())
        )
