"""Every way in which a run misleads, in one reading, a query at a time."""

import re
from collections import Counter
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rerankkit.check.finding import ERROR, WARNING, Finding, Findings, shown
from rerankkit.check.lines import RawList, raw_lists, scattered
from rerankkit.check.lists import Scored, examined
from rerankkit.check.ties import Interval, Mean
from rerankkit.collection.self_hits import FIRST, SelfHits
from rerankkit.errors import InputError
from rerankkit.io.streams import replayed
from rerankkit.progress import progress
from rerankkit.types import Qrels

TAG = re.compile(r"[A-Za-z0-9_-]{1,25}")
"""What the widest of the tracks' scripts takes."""
NAMED = 5


@dataclass(frozen=True)
class Against:
    """The data that a run is checked against, where given; `same_text` says whether a document repeats a query."""

    qrels: Qrels = field(default_factory=dict)
    topics: frozenset[str] | None = None
    documents: Container[str] | None = None
    depth: int | None = None
    same_text: Callable[[str, str], bool] | None = None


@dataclass(frozen=True)
class Report:
    """What was found in a run, its size, and where ties leave the measures."""

    path: Path
    findings: list[Finding]
    queries: int
    lines: int
    measures: Mapping[str, Interval]

    @property
    def misleads(self) -> bool:
        """Whether there is more than notes."""
        return any(finding.severity in (ERROR, WARNING) for finding in self.findings)


class Tally:
    """What is counted over the whole run."""

    def __init__(self, self_hits: SelfHits) -> None:
        self.self_hits = self_hits
        self.tags: dict[bytes, int] = {}
        self.depths: dict[bytes, int] = {}
        self.first: dict[bytes, int] = {}
        self.tied = False
        self.low, self.high = float("inf"), float("-inf")

    def take(self, raw: RawList, listed: Scored) -> None:
        """Counts a query's list in."""
        for tag in set(raw.tags).difference(self.tags):
            self.tags[tag] = raw.numbers[raw.tags.index(tag)]
        self.depths[raw.qid] = len(raw.docids)
        first = [docid.decode("utf-8", "replace") for docid in raw.docids[:FIRST]]
        self.self_hits.add(raw.qid.decode("utf-8", "replace"), first)
        self.first[raw.qid] = raw.numbers[0]
        self.low, self.high = min(self.low, *listed.scores, self.low), max(self.high, *listed.scores, self.high)


def lint(path: Path, against: Against) -> Report:
    """What is wrong with a run file; InputError where there is nothing to read."""
    with replayed():  # it is read twice
        return _linted(path, against)


def _linted(path: Path, against: Against) -> Report:
    findings, mean = Findings(path), Mean(against.qrels)
    tally = Tally(SelfHits(against.same_text))
    for raw in progress(raw_lists(path, findings, scattered(path)), f"reading {path.name}"):
        listed = examined(raw, findings)
        tally.take(raw, listed)
        mean.add(listed)
        _tell_unknown(raw, against, findings)
    _tell_tags(tally, findings)
    _tell_topics(tally, against, findings)
    _tell_depths(tally, against, findings)
    if told := tally.self_hits.told():
        findings.add("self-hit", None, told, tally.self_hits.found)
    if "ties" in findings and tally.low >= 0 and tally.high <= 1 and tally.tags:
        findings.add("probabilities", None, f"all scores lie between {tally.low:g} and {tally.high:g}, some are equal")
    if against.qrels and not mean.judged:
        raise InputError("no query in common with the qrels", "Check that both are for the same topics", path)
    measures = mean.result() if against.qrels else {}
    return Report(path, list(findings), len(tally.depths), sum(tally.depths.values()), measures)


def _tell_unknown(raw: RawList, against: Against, findings: Findings) -> None:
    qid = raw.qid.decode("utf-8", "replace")
    if against.topics is not None and qid not in against.topics:
        findings.add("unknown-query", raw.numbers[0], f"query {shown(qid)} is none of the topics")
    if against.documents is not None:
        for docid, number in zip(raw.docids, raw.numbers, strict=True):
            if docid.decode("utf-8", "replace") not in against.documents:
                findings.add("unknown-document", number, f"document {shown(docid)} is not in the collection")


def _tell_tags(tally: Tally, findings: Findings) -> None:
    tags = sorted(tally.tags, key=tally.tags.__getitem__)
    if len(tags) > 1:
        named = ", ".join(map(shown, tags[:NAMED])) + (", …" if len(tags) > NAMED else "")
        findings.add("tags", tally.tags[tags[1]], f"{len(tags)} tags: {named}")
    odd = next((tag for tag in tags if not TAG.fullmatch(tag.decode("utf-8", "replace"))), None)
    if odd is not None:
        findings.add("tag-form", tally.tags[odd], f"the tag {shown(odd)} has {len(odd)} characters")


def _tell_topics(tally: Tally, against: Against, findings: Findings) -> None:
    known = {qid.decode("utf-8", "replace") for qid in tally.depths}
    missing = [] if against.topics is None else sorted(against.topics - known)
    if missing:
        named = ", ".join(map(shown, missing[:NAMED])) + (", …" if len(missing) > NAMED else "")
        findings.add("missing-query", None, f"{len(missing)} of {len(against.topics or ())} topics lack: {named}")


def _tell_depths(tally: Tally, against: Against, findings: Findings) -> None:
    """Tells of lists that are deeper than asked for, or shallower than most are."""
    if not tally.depths:
        return
    usual = against.depth or Counter(tally.depths.values()).most_common(1)[0][0]
    for qid, depth in tally.depths.items():
        told = f"query {shown(qid)} has {depth} document{'s' * (depth != 1)}, not {against.depth or usual}"
        if against.depth and depth > against.depth:
            findings.add("too-deep", tally.first[qid], told)
        elif depth < usual:
            findings.add("shallow", tally.first[qid], told)
