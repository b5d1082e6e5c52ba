"""What is wrong with a run, each kind once with the lines where it stands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rerankkit.collection.self_hits import REMEDY as SELF_HITS

ERROR, WARNING, NOTE = "error", "warning", "note"
"""Refused or mismeasured by some evaluator; measured otherwise than the file seems to say; good to know."""

KINDS = {
    "columns": (ERROR, "Expected: qid Q0 docid rank score tag"),
    "mixed-columns": (ERROR, "Write six columns in every line"),
    "encoding": (ERROR, "Convert the file: iconv -t UTF-8"),
    "duplicate": (ERROR, "Keep each document once a query"),
    "score": (ERROR, "Write a plain decimal number"),
    "nan": (ERROR, "Look for an overflow or an empty input in the model that scored it"),
    "infinite": (ERROR, "Look for an overflow in the model that scored it"),
    "overflow": (ERROR, "Evaluators read 32-bit floats: scale the scores"),
    "rank": (ERROR, "Write whole numbers from 1"),
    "no-ranks": (ERROR, "Expected three columns: qid docid rank"),
    "unknown-document": (ERROR, "See that run and collection belong together"),
    "odd-space": (WARNING, "C programs do not split there, Python programs do: use plain spaces"),
    "bom": (WARNING, "It becomes part of the first qid: save without a byte order mark"),
    "ties": (WARNING, "Evaluators order them by docid; rerankkit submit keeps the order of the file"),
    "saturated": (WARNING, "Write raw scores with nine digits, no probabilities"),
    "unsorted": (WARNING, "Evaluators sort by score: sort the lines, or mend the scores"),
    "rank-order": (WARNING, "Evaluators go by the score and ignore the rank"),
    "same-rank": (WARNING, "Number the documents of each query from 1"),
    "long-word": (WARNING, "Some readers cut or refuse it: look for a missing space"),
    "scattered": (WARNING, "Some readers take the later lines for another query: sort by query"),
    "tags": (WARNING, "A run has one tag"),
    "unknown-query": (WARNING, "See that run and topics belong together"),
    "missing-query": (WARNING, "Evaluators count them as 0, or leave them out"),
    "self-hit": (WARNING, SELF_HITS),
    "too-deep": (WARNING, "Cut the lists"),
    "zero-rank": (NOTE, "Ranks begin at 1"),
    "rank-gaps": (NOTE, "Number the documents of each query from 1"),
    "q0": (NOTE, "The second column is Q0"),
    "no-tag": (NOTE, "MS MARCO's three columns have neither score nor tag; the score is then 1 / rank"),
    "tag-form": (NOTE, "Tracks take 15 or 25 letters, digits, - and _"),
    "probabilities": (NOTE, "Probabilities saturate: write the raw scores"),
    "shallow": (NOTE, "Fewer documents than for the other queries"),
    "blank": (NOTE, "Leave no line blank"),
    "line-ends": (NOTE, "Windows' line ends (CR LF): some scripts read the CR as part of the tag"),
}
"""Each kind's severity and remedy."""
SHOWN = 4
"""How many further lines of a kind are named."""


@dataclass
class Finding:
    """One kind of fault of one run: the first place, how often, and the next few lines."""

    kind: str
    path: Path
    line: int | None
    message: str
    count: int = 1
    more: list[int] = field(default_factory=list)

    @property
    def severity(self) -> str:
        """error, warning or note."""
        return KINDS[self.kind][0]

    @property
    def remedy(self) -> str:
        """What to do."""
        return KINDS[self.kind][1]

    def told(self) -> str:
        """The finding in a line: `file:line: severity: message. Remedy [kind]`."""
        place = f"{self.path}" if self.line is None else f"{self.path}:{self.line}"
        lines = ", ".join(map(str, self.more)) + (", …" if self.count > len(self.more) + 1 else "")
        others = f" ({self.count - 1:,} more: {'line' if self.count == 2 else 'lines'} {lines})" if self.more else ""
        return f"{place}: {self.severity}: {self.message}{others}. {self.remedy} [{self.kind}]"


class Findings:
    """What was found in a run so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._found: dict[str, Finding] = {}

    def add(self, kind: str, line: int | None, message: str, count: int = 1) -> None:
        """Takes a finding down; of its kind the first is kept in words, some more by their lines."""
        known = self._found.get(kind)
        if known is None:
            self._found[kind] = Finding(kind, self.path, line, message, count)
            return
        known.count += count
        if line is not None and len(known.more) < SHOWN:
            known.more.append(line)

    def __iter__(self) -> Iterator[Finding]:
        order = (ERROR, WARNING, NOTE)
        return iter(sorted(self._found.values(), key=lambda one: (order.index(one.severity), one.line or 0)))

    def __contains__(self, kind: object) -> bool:
        return kind in self._found


def shown(word: bytes | str, most: int = 40) -> str:
    """A word of a run for a message: what is no text is told by its bytes, what is long is cut."""
    text = word.decode("utf-8", "backslashreplace") if isinstance(word, bytes) else word
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= most else f"{text[:most]}…"
