"""Near-duplicate queries: what is trained on must not be what is tested on.

Two queries are near-duplicates where, letter case, accents, punctuation and white space aside,
- they are the same, or
- of their words (of text without spaces between words, as Chinese or Thai: the pairs of neighbouring characters) at
  least four fifths are common, whatever the order, or
- they differ by one letter in ten, three at the most, but in no number: `iphone 14` is not `iphone 15`. For text with
  spaces only: one character of ten is another word in Chinese.

Each of the three is looked up in an index, so that the time grows with the number of queries and not with its square.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from rerankkit.types import Query

ACCENTS = re.compile("[\u0300-\u036f]")
APOSTROPHES = "'’ʼ`´"
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
PIECE = re.compile(f"[{UNSPACED}]+|[^\\s{UNSPACED}]+")
WITHOUT_SPACES = re.compile(f"[{UNSPACED}]")
NUMBER = re.compile(r"\d+")


class Overlap(NamedTuple):
    """A query with the held-out one that it repeats; `how`: same, words or letters."""

    query: Query
    held_out: Query
    how: str


def near_duplicates(queries: Iterable[Query], held_out: Iterable[Query]) -> Iterator[Overlap]:
    """The queries that are near-duplicates of a held-out one, each with the one that is nearest, in their order."""
    others = list(held_out)
    folded = [fold(other.text) for other in others]
    same = {text: place for place, text in reversed(list(enumerate(folded)))}
    words, letters = _Words([tokens(text) for text in folded]), _Letters(folded)
    for query in queries:
        text = fold(query.text)
        if text in same:
            yield Overlap(query, others[same[text]], "same")
        elif (place := words.nearest(tokens(text))) is not None:
            yield Overlap(query, others[place], "words")
        elif (place := letters.nearest(text)) is not None:
            yield Overlap(query, others[place], "letters")


def fold(text: str) -> str:
    """The text without case, accents and punctuation, single spaces between words; of mere punctuation, itself."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = unicodedata.normalize("NFC", ACCENTS.sub("", plain))
    return " ".join("".join(map(_plain, plain)).split()) or " ".join(text.casefold().split())


@cache
def _plain(character: str) -> str:
    """A space for punctuation, nothing for an apostrophe; `c#` and `c++` stay apart from `c`."""
    if character in APOSTROPHES:
        return ""
    return " " if unicodedata.category(character)[0] in "PZC" and character != "#" else character


def tokens(folded: str) -> frozenset[str]:
    """The words of a folded text; of what is written without spaces, the pairs of neighbouring characters."""
    found: set[str] = set()
    for piece in PIECE.findall(folded):
        if len(piece) > 1 and WITHOUT_SPACES.match(piece):
            found.update(piece[i : i + 2] for i in range(len(piece) - 1))
        else:
            found.add(piece)
    return frozenset(found)


class _Words:
    """Sets of words by their rarest ones (prefix filtering, Chaudhuri et al. 2006).

    Two sets of which four fifths are common share one of the first n - ceil(4 n / 5) + 1 words of each, in any order
    that is the same for both; that of rarity makes the lists short.
    """

    def __init__(self, sets: Sequence[frozenset[str]]) -> None:
        self.sets = sets
        self.frequency = Counter(word for one in sets for word in one)
        self.index: defaultdict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(sets):
            for word in self._rarest(one):
                self.index[word].append(place)

    def _rarest(self, words: frozenset[str]) -> list[str]:
        ordered = sorted(words, key=lambda word: (self.frequency[word], word))
        return ordered[: len(words) + (-4 * len(words) // 5) + 1]

    def nearest(self, words: frozenset[str]) -> int | None:
        """The place of the set with the largest share in common, the first of equals; None where it is below 4/5."""
        best, nearest = 0.0, None
        for place in sorted({place for word in self._rarest(words) for place in self.index.get(word, ())}):
            common = len(words & self.sets[place])
            either = len(words) + len(self.sets[place]) - common
            if 5 * common >= 4 * either and common / either > best:
                best, nearest = common / either, place
        return nearest


def _edits(length: int) -> int:
    """How many letters may differ."""
    return min(length // 10, 3)


@cache
def _cuts(length: int) -> tuple[tuple[int, int], ...]:
    """Where a text is cut in one part more than letters may differ: one part at least stays whole."""
    parts = _edits(length) + 1
    return tuple((length * part // parts, length * (part + 1) // parts) for part in range(parts))


class _Letters:
    """Texts by their parts, spaces left out (PassJoin, Li et al. 2011)."""

    def __init__(self, folded: Sequence[str]) -> None:
        self.texts = [_joined(text) for text in folded]
        self.pairs = [_pairs(text) for text in self.texts]
        self.index: defaultdict[tuple[int, int, str], list[int]] = defaultdict(list)
        for place, text in enumerate(self.texts):
            for part, (start, end) in enumerate(_cuts(len(text)) if text else ()):
                self.index[len(text), part, text[start:end]].append(place)

    def nearest(self, folded: str) -> int | None:
        """The place of the text with the fewest letters changed, the first of equals; None where it has too many."""
        text = _joined(folded)
        pairs, numbers, best, nearest = _pairs(text), NUMBER.findall(text), 4, None
        for place in sorted(self._sharing(text)):
            other = self.texts[place]
            most = min(_edits(min(len(text), len(other))), best - 1)
            # A letter changes four pairs of neighbours at the most; counting them is quicker than comparing texts.
            if (pairs ^ self.pairs[place]).bit_count() <= 4 * most and numbers == NUMBER.findall(other):
                changes = distance(text, other, most)
                if changes <= most:
                    best, nearest = changes, place
        return nearest

    def _sharing(self, text: str) -> set[int]:
        """The places of the texts that have a part in common with this one, about where it stands there."""
        found: set[int] = set()
        for length in range(max(len(text) - _edits(len(text)), 1), len(text) + 4):
            most = _edits(min(len(text), length))
            if abs(length - len(text)) > most:
                continue
            for part, (start, end) in enumerate(_cuts(length)):
                for shift in range(-min(most, start), most + 1):
                    found.update(self.index.get((length, part, text[start + shift : end + shift]), ()))
        return found


def _joined(folded: str) -> str:
    return "" if WITHOUT_SPACES.search(folded) else folded.replace(" ", "")


def _pairs(text: str) -> int:
    """The pairs of neighbouring characters as bits of a number."""
    bits = 0
    for one, two in pairwise(text):
        bits |= 1 << (31 * ord(one) + ord(two)) % 256
    return bits


def distance(one: str, two: str, most: int) -> int:
    """How many letters to insert, delete or replace (Levenshtein), or `most` + 1 where that is more."""
    start = 0
    while start < min(len(one), len(two)) and one[start] == two[start]:
        start += 1
    one, two = one[start:], two[start:]
    row = list(range(len(two) + 1))
    for i, letter in enumerate(one, 1):
        last, row = row, [i]
        for j, other in enumerate(two, 1):
            row.append(min(last[j] + 1, row[-1] + 1, last[j - 1] + (letter != other)))
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
