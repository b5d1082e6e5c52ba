"""A run made ready for a track: what is safe to mend is mended, never the order; the rest is refused."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rerankkit.check.finding import Finding, Findings, shown
from rerankkit.check.lines import RawList, raw_lists, scattered
from rerankkit.check.lint import Against, lint
from rerankkit.check.lists import WHOLE
from rerankkit.check.track import Track
from rerankkit.progress import progress
from rerankkit.run import Run

REFUSED = {
    "columns": "Write six columns: qid Q0 docid rank score tag",
    "mixed-columns": "Write six columns in every line",
    "encoding": "Convert the file: iconv -t UTF-8",
    "odd-space": "Separate the columns by plain spaces",
    "duplicate": "Keep each document once a query: which of two scores counts is yours to say",
    "score": "Write a plain decimal number",
    "nan": "Mend the model that scored it",
    "infinite": "Mend the model that scored it",
    "rank": "Write whole numbers from 1",
    "no-ranks": "Give a run: qid Q0 docid rank score tag",
    "rank-order": "Say which is meant: number the ranks by score, or score by rank",
    "unknown-query": "Leave out what is none of the track's topics",
    "missing-query": "The track wants every topic: retrieve for these too, or give them one document of no worth",
}
"""What is not for a program to mend, and what the user can do."""
MENDED = {
    "bom": "byte order mark left out",
    "ties": "equal scores lowered by least steps, in the file's order",
    "saturated": "scores that 32-bit floats cannot tell apart were put apart",
    "overflow": "scores beyond 32-bit floats brought within",
    "unsorted": "lines sorted by score",
    "same-rank": "ranks numbered from 1",
    "zero-rank": "ranks numbered from 1",
    "rank-gaps": "ranks numbered from 1",
    "scattered": "lines of a query brought together",
    "q0": "second column set to Q0",
    "no-tag": "scores and tag written: MS MARCO's columns have none",
    "blank": "blank lines left out",
    "line-ends": "line ends made plain",
}
"""What is safe to mend, and how that is told."""


@dataclass(frozen=True)
class Checked:
    """A run under a track's rules: what stands against it, what was mended, and the run where nothing stands."""

    refusals: list[str]
    mended: list[str]
    run: Run | None


def checked(path: Path, track: Track, topics: frozenset[str] | None, tag: str | None) -> Checked:
    """The run of a file as the track takes it, or why it does not; InputError where the file cannot be read."""
    report = lint(path, Against(topics=topics))
    refusals = [_refusal(finding) for finding in report.findings if _stands(finding, track)]
    mended = [MENDED[finding.kind] for finding in report.findings if finding.kind in MENDED]
    if track.all_topics and 0 < report.queries < track.topics:
        refusals.append(f"{path}: {report.queries} of {track.topics} topics. {REFUSED['missing-query']}")
    own: set[str] = set()
    lists: dict[str, list[tuple[str, float]]] = {}
    cut, odd = 0, ""
    for raw in progress(raw_lists(path, Findings(path), scattered(path)), f"checking {path.name}"):
        own.update(word.decode("utf-8", "replace") for word in set(raw.tags))
        odd = odd or _odd_docid(raw, path, track)
        if not refusals and not odd:
            ranked = _ranked(raw)
            cut += max(0, len(ranked) - track.depth)
            lists[raw.qid.decode()] = ranked[: track.depth]
    refusals += [*([odd] if odd else []), *_tag_refusals(own, tag, path, track)]
    if cut:
        mended.append(f"{cut:,} document{'s' * (cut != 1)} below depth {track.depth:,} left out")
    run = None if refusals else Run.ranked(lists, tag or next(iter(own)))
    return Checked(refusals, list(dict.fromkeys(mended)), run)


def _stands(finding: Finding, track: Track) -> bool:
    return finding.kind in REFUSED and (track.all_topics or finding.kind != "missing-query")


def _refusal(finding: Finding) -> str:
    place = f"{finding.path}" if finding.line is None else f"{finding.path}:{finding.line}"
    more = f" ({finding.count - 1:,} more)" if finding.count > 1 else ""
    return f"{place}: {finding.message}{more}. {REFUSED[finding.kind]}"


def _odd_docid(raw: RawList, path: Path, track: Track) -> str:
    """What is to be said of the first id of a list that is none of the track's collection."""
    for docid, number in zip(raw.docids, raw.numbers, strict=True):
        if not track.takes_docid(docid.decode("utf-8", "replace")):
            told = f"{path}:{number}: document {shown(docid)} is none of {track.collection or 'the collection'}"
            return f"{told}. Expected ids that match {track.docid}"
    return ""


def _tag_refusals(own: Iterable[str], tag: str | None, path: Path, track: Track) -> list[str]:
    tags = [tag] if tag is not None else sorted(own)
    if len(tags) != 1:
        return [f"{path}: {len(tags)} tags, where a run has one. Give it: --tag"]
    if track.takes_tag(tags[0]):
        return []
    allowed = f"1 to {track.tag_length} characters of {track.tag_characters}"
    return [f"{path}: the tag {shown(tags[0])} ({len(tags[0])} characters) is not taken. Give one of {allowed}: --tag"]


def _ranked(raw: RawList) -> list[tuple[str, float]]:
    """The list in the order of its scores, equal ones by rank, then as they stand; beyond float32, doubles decide."""
    ranks = [int(word) if WHOLE.fullmatch(word) else 0 for word in raw.ranks]
    values = [float(word) for word in raw.scores] if raw.scores else [-float(rank) for rank in ranks]
    docids = [docid.decode() for docid in raw.docids]
    order = sorted(range(len(docids)), key=lambda place: (-values[place], ranks[place], place))
    largest = 1.7e308
    return [
        (docids[place], values[place] if math.isfinite(values[place]) else math.copysign(largest, values[place]))
        for place in order
    ]
